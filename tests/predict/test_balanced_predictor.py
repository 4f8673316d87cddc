"""The balancing client and stand-in servers: processes that speak the API and take a set time."""

import asyncio
import signal
from contextlib import ExitStack

import grpc
import numpy as np
import pytest

from benchmarks.common.stand_ins import crops, stand_in
from benchmarks.reliability.helpers.network_namespace import NAMESPACE_ADDRESS, in_namespace, inside, namespaces_allowed
from facegrid.errors import DeadlineExceeded, Overloaded, Unavailable
from orchestrator.deadline import Deadline
from orchestrator.observer import NO_OBSERVER, observed_by
from orchestrator.priority import PRIORITY, Priority
from tests.predict.traffic import MovingEndpoints, Traffic, balanced
from tests.support.polling import eventually_async as until
from tests.support.ports import held_port


class HedgeRecorder(type(NO_OBSERVER)):
    """Records the models whose calls were sent to a second server."""

    def __init__(self) -> None:
        self.hedges: list[str] = []

    def hedged(self, model):
        self.hedges.append(model)


@pytest.fixture
def start():
    """Starts a stand-in with these flags; gives its address and its process."""
    with ExitStack() as stack:

        def start(*flags, **options):
            address, process = stack.enter_context(stand_in(*flags, **options))
            with grpc.insecure_channel(address) as channel:  # it listens before it answers
                grpc.channel_ready_future(channel).result(60)
            return address, process

        yield start


def rnet(predictor, rows=1, timeout_s=10.0, **options):
    return predictor.predict("rnet", crops(rows), deadline=Deadline(timeout_s), **options)


async def connect(predictor):
    """Asks until there is an answer: a server that stands still for more than a second cannot be connected to."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await rnet(predictor)
            except Unavailable:
                await asyncio.sleep(0.1)


def calls_under_way(predictor, address):
    return sum(server.load.calls for server in predictor._balancer.all_servers() if server.address == address)


def answered(traffic, more):
    enough = len(traffic.took_s) + more
    return lambda: len(traffic.took_s) >= enough


def test_a_server_that_joins_gets_calls_and_one_that_leaves_ends_its_own(start):
    (old, _), (new, _) = start("--ms=200"), start("--ms=200")

    async def main():
        source = MovingEndpoints(old)
        async with balanced(source) as predictor:
            await connect(predictor)
            traffic = Traffic(lambda: rnet(predictor))
            async with traffic.by(2):
                await until(answered(traffic, 2), "answers of the first")
                source.addresses = {old, new}
                await until(lambda: calls_under_way(predictor, new), "calls of the server that joined")
                await until(lambda: calls_under_way(predictor, old), "a call of the server that leaves")
                source.addresses = {new}
                await until(
                    lambda: not predictor._registry._leaving and old not in predictor._registry._connections, "it left"
                )
                await until(answered(traffic, 4), "answers of the other")
        return traffic.failures

    assert asyncio.run(main()) == []


def test_a_killed_server_costs_no_call_and_is_used_again_when_it_is_back(start):
    holder = held_port()
    port = holder.getsockname()[1]
    (other, _), (_, process) = start("--ms=5"), start("--ms=5", port=port)

    async def main():
        async with balanced([other, f"127.0.0.1:{port}"]) as predictor:
            traffic = Traffic(lambda: rnet(predictor))
            async with traffic.by(8):
                await until(answered(traffic, 50), "answers")
                process.kill()
                await until(answered(traffic, 200), "answers of the other")
                # A call that is late at the other may try the one that is gone, for a moment.
                await until(
                    lambda: not calls_under_way(predictor, f"127.0.0.1:{port}"), "no call of the one that is gone"
                )
                await asyncio.to_thread(start, "--ms=5", port=port)
                await until(lambda: calls_under_way(predictor, f"127.0.0.1:{port}"), "calls of the one that is back")
        return traffic.failures

    with holder:
        assert asyncio.run(main()) == []


def test_a_frozen_server_costs_no_call_and_is_used_again_when_it_thaws(start):
    (other, _), (frozen, process) = start("--ms=5"), start("--ms=5")

    async def main():
        async with balanced([other, frozen]) as predictor:
            traffic = Traffic(lambda: rnet(predictor))
            async with traffic.by(4):
                await until(answered(traffic, 200), "answers")
                process.send_signal(signal.SIGSTOP)
                await until(lambda: calls_under_way(predictor, frozen) >= 1, "calls that hang")
                await until(lambda: not calls_under_way(predictor, frozen), "they are elsewhere")
                await until(answered(traffic, 200), "answers of the other")
                process.send_signal(signal.SIGCONT)
                await until(lambda: calls_under_way(predictor, frozen), "calls of the one that thawed")
        return traffic.failures

    assert asyncio.run(main()) == []


def test_a_server_whose_network_is_cut_costs_no_call_and_is_used_again_when_it_is_mended(start):
    if not namespaces_allowed():
        pytest.skip("no right to make network namespaces")
    other, _ = start("--ms=5")
    with in_namespace() as far, stand_in("--ms=5", host=NAMESPACE_ADDRESS, within=inside(far.name)) as (cut, _):

        async def main():
            async with balanced([other, cut]) as predictor:
                traffic = Traffic(lambda: rnet(predictor))
                async with traffic.by(4):
                    await until(answered(traffic, 200), "answers")
                    far.cut()
                    await until(lambda: not calls_under_way(predictor, cut), "calls are elsewhere")
                    await until(answered(traffic, 200), "answers of the other")
                    far.mend()
                    await until(lambda: calls_under_way(predictor, cut), "calls of the one that is back")
            return traffic.failures

        assert asyncio.run(main()) == []


def test_a_frozen_server_alone_is_a_deadline_and_not_a_hang(start):
    address, process = start()

    async def main():
        async with balanced([address]) as predictor:
            await connect(predictor)
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(DeadlineExceeded, match="rnet"):
                await rnet(predictor, timeout_s=0.3)

    asyncio.run(main())


def test_a_version_is_asked_for_where_it_is(start):
    (without, _), (having, _) = start("--version=2"), start("--version=1")

    async def main():
        async with balanced([without, having]) as predictor:
            chips = {"chips": np.zeros((1, 150, 150, 3), np.uint8)}
            for _ in range(100):  # more than repeats are allowed for: what a server lacks is remembered
                await predictor.predict("embedder", chips, deadline=Deadline(10), version=1)
        async with balanced([without]) as predictor:
            await connect(predictor)
            with pytest.raises(Unavailable, match="embedder version 1 does not have it"):
                await predictor.predict("embedder", chips, deadline=Deadline(10), version=1)

    asyncio.run(main())


def test_what_a_full_server_refuses_another_answers(start):
    (full, _), (free, _) = start("--ms=50", "--max-calls=1"), start("--ms=50", "--threads=8")
    alone, _ = start("--ms=3000", "--max-calls=1")  # so long that all of the calls come during the first

    async def main():
        async with balanced([full, free]) as predictor:
            await asyncio.gather(*(rnet(predictor) for _ in range(8)))
        async with balanced([alone]) as predictor:
            answers = await asyncio.gather(*(rnet(predictor) for _ in range(4)), return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["Overloaded"] * 3 + ["dict"]

    asyncio.run(main())


def test_calls_beyond_the_bounds_are_refused_at_once_with_a_time_to_come_back(start):
    address, process = start("--threads=8")

    async def main():
        async with balanced([address], max_calls=2, max_calls_queued=1) as predictor:
            await connect(predictor)
            process.send_signal(signal.SIGSTOP)  # no call is over before it may be
            calls = [asyncio.create_task(rnet(predictor, timeout_s=60)) for _ in range(3)]
            await until(lambda: calls_under_way(predictor, address) == 2, "two calls")
            with pytest.raises(Overloaded, match=r"queue for model rnet is full; try again in \d") as caught:
                rnet(predictor, timeout_s=60).send(None)  # its first step: it does not wait even once
            assert caught.value.retry_after_s > 0
            assert calls_under_way(predictor, address) == 2
            process.send_signal(signal.SIGCONT)
            await asyncio.gather(*calls)

    asyncio.run(main())


def test_a_call_whose_time_is_over_before_it_is_sent_names_its_model(start):
    address, _ = start()

    async def main():
        async with balanced([address]) as predictor:
            with pytest.raises(DeadlineExceeded, match="it waited for model rnet"):
                await rnet(predictor, timeout_s=1e-9)

    asyncio.run(main())


def test_an_interactive_call_goes_before_one_of_many(start):
    address, process = start("--ms=50")

    async def main():
        order = []

        async def call(priority):
            PRIORITY.set(priority)
            await rnet(predictor, timeout_s=60)
            order.append(priority)

        async with balanced([address], max_calls=1) as predictor:
            await connect(predictor)
            process.send_signal(signal.SIGSTOP)  # the first is not over before the others wait
            first = asyncio.create_task(rnet(predictor, timeout_s=60))
            await until(lambda: calls_under_way(predictor, address), "a call")
            others = (Priority.BULK, Priority.BULK, Priority.INTERACTIVE)
            calls = [asyncio.create_task(call(priority)) for priority in others]
            await asyncio.sleep(0)  # each has asked now
            process.send_signal(signal.SIGCONT)
            await asyncio.gather(first, *calls)
        return order

    assert asyncio.run(main()) == [Priority.INTERACTIVE, Priority.BULK, Priority.BULK]


def test_a_call_that_is_given_up_counts_no_longer(start):
    address, process = start()

    async def main():
        async with balanced([address]) as predictor:
            await connect(predictor)
            process.send_signal(signal.SIGSTOP)  # the call is not over before it is given up
            call = asyncio.create_task(rnet(predictor))
            await until(lambda: calls_under_way(predictor, address), "a call")
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await until(lambda: not calls_under_way(predictor, address), "none")

    asyncio.run(main())


def test_a_call_whose_server_hangs_is_sent_to_another_and_that_is_reported(start):
    (other, _), (frozen, process) = start("--ms=5"), start("--ms=5")
    recorder = HedgeRecorder()

    async def main():
        async with balanced([other, frozen], hedged_percent=10) as predictor:
            for _ in range(60):  # so that it is known how long calls take
                await rnet(predictor)
            process.send_signal(signal.SIGSTOP)
            recorder.hedges.clear()
            while not recorder.hedges:  # until the choice falls on the frozen one
                await rnet(predictor)

    with observed_by(recorder):
        asyncio.run(asyncio.wait_for(main(), 60))
    assert set(recorder.hedges) == {"rnet"}
