"""Two processes of the service, of which one is killed under the calls of our client."""

import threading
from contextlib import ExitStack, contextmanager

import numpy as np

import facegrid
from benchmarks.common.stand_ins import stand_in
from benchmarks.reliability.overload import orchestrator
from tests.support.polling import eventually


@contextmanager
def callers(client, count):
    """Threads that ask without a pause; gives what became of their calls."""
    became, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                became.append(client.detect(np.zeros((64, 64, 3), np.uint8), timeout_s=60))
            except Exception as err:  # noqa: BLE001
                became.append(err)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield became
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_no_call_fails_when_the_process_that_answers_is_killed():
    with ExitStack() as stack:
        server, _ = stack.enter_context(stand_in("--ms=20", "--threads=8"))
        hosts = [stack.enter_context(orchestrator([server])) for _ in range(2)]
        target = "ipv4:" + ",".join(address for address, _ in hosts)
        client = stack.enter_context(facegrid.connect(target))
        with callers(client, 4) as became:
            eventually(lambda: len(became) >= 20, "answers")
            busiest = max((process for _, process in hosts), key=lambda process: sum(process.cpu_times()[:2]))
            busiest.kill()
            enough = len(became) + 40
            eventually(lambda: len(became) >= enough, "answers of the other")
    assert [one for one in became if one != []] == []
