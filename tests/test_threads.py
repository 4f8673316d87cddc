import asyncio
import threading

import pytest

from orchestrator.threads import in_thread


def test_it_gives_what_the_work_gives():
    assert asyncio.run(in_thread(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(divmod, 7, 0))


def test_the_work_has_the_callers_context():
    from orchestrator.priority import PRIORITY, Priority

    async def main():
        PRIORITY.set(Priority.BULK)
        return await in_thread(PRIORITY.get)

    assert asyncio.run(main()) is Priority.BULK


def test_a_cancellation_waits_for_work_that_has_begun():
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        assert go_on.wait(20)
        ended.append(True)

    async def main():
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait, 20)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended

    asyncio.run(main())
