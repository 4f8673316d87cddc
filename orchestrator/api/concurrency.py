"""Runs several coroutines at a time; when one fails, the others are cancelled."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

Result = TypeVar("Result")


async def gather_or_cancel(work: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Returns the results in their order.

    Raises:
        Exception: The first that any of them raises; the others are cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def in_order(work: Iterable[Coroutine[Any, Any, Result]], *, ahead: int) -> AsyncGenerator[Result, None]:
    """Yields the results in their order. Closing the generator cancels what is under way.

    Args:
        work: Coroutines, each taken and started when there is room for it.
        ahead: Most coroutines that run, or are done and not yet read; at least 1.

    Raises:
        Exception: What a coroutine raised, after the results before it.
    """
    begun: deque[asyncio.Task[Result]] = deque()
    waiting = iter(work)
    try:
        while True:
            begun.extend(asyncio.create_task(one) for one in islice(waiting, ahead - len(begun)))
            if not begun:
                return
            yield await begun[0]
            begun.popleft()
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
