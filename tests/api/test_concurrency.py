import asyncio
from contextlib import aclosing

import pytest

from orchestrator.api.concurrency import in_order


class Work:
    """Numbers that are done when they are let go."""

    def __init__(self, count) -> None:
        self.begun, self.cancelled = [], []
        self.gates = [asyncio.Event() for _ in range(count)]

    def __iter__(self):
        for number in range(len(self.gates)):
            self.begun.append(number)
            yield self._do(number)

    async def _do(self, number):
        try:
            await self.gates[number].wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        if number == 9:
            raise ValueError(number)
        return number


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


def test_results_come_in_order_whoever_is_done_first():
    async def main():
        work = Work(5)
        for gate in reversed(work.gates):
            gate.set()
        return [number async for number in in_order(work, ahead=3)]

    assert asyncio.run(main()) == [0, 1, 2, 3, 4]


def test_no_more_is_begun_than_the_reader_is_ahead_of():
    async def main():
        work = Work(9)
        for gate in work.gates:
            gate.set()
        async with aclosing(in_order(work, ahead=2)) as results:
            await anext(results)
            await settled()
            first = list(work.begun)
            await anext(results)
            await settled()
            return first, list(work.begun)

    assert asyncio.run(main()) == ([0, 1], [0, 1, 2])


def test_what_is_under_way_is_cancelled_when_the_reader_leaves():
    async def main():
        work = Work(9)
        work.gates[0].set()
        async with aclosing(in_order(work, ahead=3)) as results:
            await anext(results)
            await settled()
        return work.begun, work.cancelled

    assert asyncio.run(main()) == ([0, 1, 2], [1, 2])


def test_an_error_comes_after_the_results_before_it_and_ends_the_rest():
    async def main():
        work = Work(12)
        for gate in work.gates[:10]:
            gate.set()
        results = in_order(work, ahead=3)
        seen = [await anext(results) for _ in range(9)]
        with pytest.raises(ValueError, match="9"):
            await anext(results)
        return seen, work.cancelled

    assert asyncio.run(main()) == (list(range(9)), [10, 11])


def test_no_work_is_no_result():
    async def main():
        return [number async for number in in_order([], ahead=2)]

    assert asyncio.run(main()) == []
