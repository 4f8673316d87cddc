"""Calls per second from many threads."""

import threading
import time
from collections.abc import Callable


def calls_per_s(call: Callable[[], object], callers: int, duration_s: float) -> float:
    """Returns the calls per second of that many threads."""
    counts = [0] * callers
    stop = threading.Event()

    def work(index: int) -> None:
        while not stop.is_set():
            call()
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(callers)]
    started_s = time.perf_counter()
    for thread in threads:
        thread.start()
    stop.wait(duration_s)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started_s)
