"""Work in threads whose caller waits until it is done, even when the caller is cancelled."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")


async def in_thread(work: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs) -> _Result:
    """Returns what the work returns, done in a thread, as `asyncio.to_thread` does.

    A thread cannot be stopped. When this is cancelled, work that has not begun is dropped. For work that has begun, the
    cancellation waits until it is done, so that the caller keeps its place as long as the work uses a core.
    """
    loop = asyncio.get_running_loop()
    begun, done = False, asyncio.Event()

    def run() -> _Result:
        nonlocal begun
        begun = True
        try:
            return work(*args, **kwargs)
        finally:
            loop.call_soon_threadsafe(done.set)

    try:
        return await loop.run_in_executor(None, partial(copy_context().run, run))
    except asyncio.CancelledError:
        if begun:
            await done.wait()
        raise
