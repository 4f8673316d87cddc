"""Waits for what another thread, process or task does: asks again and again, up to a deadline."""

import asyncio
import threading
import time
from collections.abc import Callable

TIMEOUT_S = 120.0
"""So late that only what never happens is reported, on a machine that does other things too."""


def eventually(is_true: Callable[[], object], what: str = "the condition", timeout_s: float = TIMEOUT_S) -> None:
    """Returns once `is_true()` holds; fails and names `what` if it does not within `timeout_s`."""
    give_up_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_true():
        assert time.monotonic() < give_up_s, f"not within {timeout_s} s: {what}"
        pause.wait(0.02)


async def eventually_async(is_true: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """As `eventually`, while the event loop goes on."""
    give_up_s = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < give_up_s, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(0.01)
