"""The client: for threads in `sync.py`, for asyncio in `aio.py`."""
