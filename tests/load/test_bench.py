"""The load tool against services whose times are known."""

import asyncio
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import numpy as np
import pytest
from PIL import Image

from facegrid.errors import InvalidOption
from facegrid.load.calls import OK, Calls, percentiles
from facegrid.load.load import LoadPlan, run
from facegrid.load.mix import build_templates, parse_shares
from facegrid.load.plot import draw_run
from facegrid.load.schedule import arrivals_s
from facegrid.v1 import detect_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer, add_FaceServiceServicer_to_server


class Timed(FaceServiceServicer):
    """Answers Detect after the seconds that `delay_s` gives for the time since the first call; notes what it took."""

    def __init__(self, delay_s) -> None:
        self._delay_s = delay_s
        self._first_s = None
        self.took_s = []
        self.sizes = []

    async def Detect(self, request, context):  # noqa: N802
        begin_s = time.perf_counter()
        self._first_s = self._first_s or begin_s
        delay_s = self._delay_s(begin_s - self._first_s)
        if delay_s is None:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED: 8 calls under way, 8 are accepted")
        await asyncio.sleep(delay_s)
        self.sizes.append(len(request.image))
        self.took_s.append(time.perf_counter() - begin_s)
        return detect_pb2.DetectResponse()


@contextmanager
def serving(servicer):
    started, ready, stop = [], threading.Event(), threading.Event()

    async def serve():
        server = grpc.aio.server()
        add_FaceServiceServicer_to_server(servicer, server)
        started.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        ready.set()
        await asyncio.to_thread(stop.wait)
        await server.stop(1)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield f"127.0.0.1:{started[0]}"
    finally:
        stop.set()
        thread.join(20)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)).save(path)
    return path


def measure(servicer, picture, **plan):
    templates = build_templates([picture], {"detect": 1.0}, None, timeout_s=20)
    with serving(servicer) as target:
        return asyncio.run(run(LoadPlan(target=target, templates=templates, **plan)))


def measure_both(picture, servicer, plan, other_servicer, other_plan):
    """Two runs at the same time, each on a service of its own."""
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(measure, one, picture, **of) for one, of in ((servicer, plan), (other_servicer, other_plan))
        ]
        return [future.result() for future in asked]


@contextmanager
def delays():
    """Gives a list of the milliseconds by which the waits of a thread of this process were too long in the block.

    As long as the machine holds up the process, it holds up the calls that are timed here.
    """
    noted, over = [], threading.Event()

    def watch():
        before_s = time.perf_counter()
        while not over.wait(0.02):
            now_s = time.perf_counter()
            noted.append(1000 * (now_s - before_s - 0.02))
            before_s = now_s

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield noted
    finally:
        over.set()
        thread.join()


def test_percentiles_are_those_of_nearest_rank():
    for count in (1, 2, 3, 99, 100, 101, 1000, 1001, 5000):
        times = np.sort(np.random.default_rng(count).lognormal(size=count))
        found = percentiles(times.tolist())
        for percent, value in found.ms.items():
            (share,) = {round(percent / 100, 6)}
            reference = next(t for rank, t in enumerate(times, 1) if round(rank - share * count, 6) >= 0)
            assert value == reference, (count, percent)
        assert (found.count, found.max_ms) == (count, times[-1])
        assert found.mean_ms == pytest.approx(times.mean())
    assert percentiles([]) is None


def test_arrivals_are_independent_of_each_other_or_even():
    times = np.array(list(arrivals_s("poisson", 200.0, 100.0, seed=5)))
    gaps = np.diff(times)
    assert len(times) == pytest.approx(20_000, abs=5 * 20_000**0.5)
    assert gaps.mean() == pytest.approx(0.005, rel=0.05)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)  # as of an exponential distribution
    assert np.corrcoef(gaps[:-1], gaps[1:])[0, 1] == pytest.approx(0, abs=0.05)
    assert list(arrivals_s("constant", 4.0, 1.0)) == [0, 0.25, 0.5, 0.75]
    assert list(arrivals_s("poisson", 9.0, 2.0, seed=1)) == list(arrivals_s("poisson", 9.0, 2.0, seed=1))


def test_percentiles_agree_with_what_the_service_took(picture):
    turns = itertools.count()
    servicer = Timed(lambda _: 2.0 if next(turns) % 15 == 14 else 0.1)
    with delays() as delays_ms:
        calls = measure(servicer, picture, duration_s=3.0, rps=20.0, arrivals="constant")
    delay_ms = sum(delays_ms)
    assert calls.count_outcomes() == {OK: 60}
    seen, truth = percentiles(calls.latencies_ms()), percentiles(sorted(1000 * took for took in servicer.took_s))
    for percent in (50.0, 90.0, 99.0):
        road_ms = seen.ms[percent] - truth.ms[percent]
        assert 0 <= road_ms < 900 + delay_ms, percent  # on a busy machine
    assert seen.ms[50.0] < 1000 + delay_ms
    assert seen.ms[99.0] >= 2000


def stall(at_s):
    """Answers at once, but for the second second, in which all wait for its end."""
    return 2.0 - at_s if 1.0 < at_s < 2.0 else 0.002


def slow_share(calls):
    return sum(ms > 500 for ms in calls.latencies_ms()) / len(calls)


def test_an_open_loop_shows_the_stall_that_a_closed_loop_hides(picture):
    one_caller = {"duration_s": 4.0, "concurrency": 1}
    at_a_rate = {"duration_s": 4.0, "rps": 20.0, "arrivals": "constant"}
    closed, opened = measure_both(picture, Timed(stall), one_caller, Timed(stall), at_a_rate)
    # One caller waits once, among all the calls before and after: for a second, or, if the machine holds up the process
    # just before, once meanwhile and once for the rest of it.
    assert slow_share(closed) > 0
    # 20 callers a second are due meanwhile and wait from 0 to 1 s: an eighth of all calls for more than 0.5 s.
    assert len(opened) == 80
    assert slow_share(opened) >= 8 / 80
    assert slow_share(opened) > 2 * slow_share(closed)


def test_a_call_that_is_sent_late_counts_from_when_it_was_due():
    calls = Calls(["detect"])
    calls.add(0, OK, due_s=1.0, sent_s=1.5, done_s=1.75)
    assert calls.latencies_ms() == [750.0]
    assert calls.late_ms() == [500.0]


def test_errors_are_counted_by_code_and_reason_and_their_times_apart(picture):
    turns = itertools.count()
    servicer = Timed(lambda _: None if next(turns) % 4 == 0 else 0.02)
    calls = measure(servicer, picture, duration_s=1.0, concurrency=2, retries=False)
    outcomes = calls.count_outcomes()
    assert outcomes.keys() == {OK, "RESOURCE_EXHAUSTED OVERLOADED"}
    assert len(calls.latencies_ms(ok=False)) == outcomes["RESOURCE_EXHAUSTED OVERLOADED"]
    assert min(calls.latencies_ms()) >= 20
    assert len(calls.latencies_ms()) + len(calls.latencies_ms(ok=False)) == len(calls)


def test_shares_of_methods_and_sizes_are_kept(picture, tmp_path):
    templates = build_templates(
        [picture], parse_shares("detect=3,identify"), parse_shares("small=0.7,medium=0.3"), timeout_s=1
    )
    shares = {template.name: template.share for template in templates}
    assert shares == pytest.approx(
        {
            "detect a.png small": 0.525, "detect a.png medium": 0.225,
            "identify a.png small": 0.175, "identify a.png medium": 0.075,
        }
    )  # fmt: skip
    servicer = Timed(lambda _: 0)
    with serving(servicer) as target:
        templates = build_templates([picture], {"detect": 1.0}, {"small": 0.75, "medium": 0.25}, timeout_s=20)
        plan = LoadPlan(target=target, templates=templates, duration_s=2.0, rps=100.0)
        calls = asyncio.run(run(plan))
    small = calls.kind.count(0) / len(calls)
    assert small == pytest.approx(0.75, abs=5 * (0.75 * 0.25 / len(calls)) ** 0.5)
    assert len(set(servicer.sizes)) == 2


@pytest.mark.parametrize(
    ("text", "words"), [("small=0", "'small' is '0'"), ("a=x", "'a' is 'x'"), ("", "no share"), ("a=nan", "'nan'")]
)
def test_a_share_that_is_none_is_refused(text, words):
    with pytest.raises(InvalidOption, match=words):
        parse_shares(text)


def test_a_method_or_size_that_is_none_is_refused(picture):
    with pytest.raises(InvalidOption, match="no method 'paint'"):
        build_templates([picture], {"paint": 1.0}, None, timeout_s=1)
    with pytest.raises(InvalidOption, match="'huge' is neither a size"):
        build_templates([picture], {"detect": 1.0}, {"huge": 1.0}, timeout_s=1)
    with pytest.raises(InvalidOption, match="no picture to send as 'small'"):
        build_templates([], {"detect": 1.0}, {"small": 1.0}, timeout_s=1)


def test_the_plot_has_a_mark_where_a_call_was(tmp_path):
    calls = Calls(["detect"])
    for index in range(100):
        calls.add(0, OK if index else "UNAVAILABLE UNAVAILABLE", index / 10, index / 10, index / 10 + 0.01)
    draw_run(tmp_path / "run.png", calls, "a run")
    with Image.open(tmp_path / "run.png") as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(int)
    blue = (np.abs(pixels - [0x2C, 0x5F, 0xA8]).sum(axis=2) < 30)[40:400, 70:620]
    red = (np.abs(pixels - [0xC0, 0x39, 0x2B]).sum(axis=2) < 30)[40:400, 70:620]
    assert np.ptp(np.nonzero(blue)[0]) <= 3, "all calls took the same time"
    assert np.ptp(np.nonzero(blue)[1]) > 500, "over the whole run"
    assert red.any()
