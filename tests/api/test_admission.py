"""Pictures wait for their turn, or are refused, and the caller is told when to come back."""

import json
import threading
import time

import grpc
import numpy as np
import pytest

import facegrid
from exporters.signatures import CONTRACTS
from facegrid.v1 import detect_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.pictures import png
from tests.support.polling import eventually

REPEATS = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 3,
    "retryableStatusCodes": ["CANCELLED"],
}
"""Of what the service refuses nothing is repeated; but a call that waits for the event loop of a busy machine for a
second ends as CANCELLED before it is looked at, and our client repeats that."""
ONLY_UNSEEN = ("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": REPEATS}]}))


class Gate:
    """A pnet that sees nothing, and whose calls wait until they are let through."""

    def __init__(self) -> None:
        self.waiting, self.most = 0, 0
        self._open, self._lock = threading.Event(), threading.Lock()

    def open(self):
        self._open.set()

    def __call__(self, tiles, signature):
        with self._lock:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
        assert self._open.wait(30)
        with self._lock:
            self.waiting -= 1
        outputs = CONTRACTS["pnet"].signatures[signature].outputs
        return {name: np.zeros((len(tiles), *spec.shape[1:]), spec.dtype) for name, spec in outputs.items()}


class Calls:
    """Calls under way in the background."""

    def __init__(self, stub) -> None:
        self._stub, self._futures = stub, []

    def detect(self, image, *, priority="interactive", timeout_ms=20_000):
        request = detect_pb2.DetectRequest(image=image, timeout_ms=timeout_ms)
        future = self._stub.Detect.future(request, timeout=30, metadata=(("facegrid-priority", priority),))
        self._futures.append(future)
        return future

    def codes(self):
        return [future.code().name for future in self._futures]


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def host(gate):
    """Starts a host with these settings; gives its address."""
    running = []

    def start(**settings):
        predictor = FunctionPredictor({"pnet": gate, "rnet": rnet, "onet": onet})
        running.append(running_host(Settings(**settings), predictor))
        return running[-1].__enter__()

    yield start
    gate.open()
    for one in running:
        one.__exit__(None, None, None)


@pytest.fixture
def calls(host):
    channels = []

    def start(**settings):
        channels.append(grpc.insecure_channel(host(**settings), options=[ONLY_UNSEEN]))
        return Calls(FaceServiceStub(channels[-1]))

    yield start
    for channel in channels:
        channel.close()


def test_pixels_are_counted_and_not_only_pictures(calls, gate):
    started = calls(max_px_at_once=3 * 96 * 80, max_images_at_once=100)
    for _ in range(5):
        started.detect(png(96, 80))
    eventually(lambda: gate.waiting == 3, "three pictures")
    gate.open()
    assert started.codes() == ["OK"] * 5
    assert gate.most == 3


def test_pictures_are_counted_too(calls, gate):
    started = calls(max_images_at_once=2)
    for _ in range(4):
        started.detect(png())
    eventually(lambda: gate.waiting == 2, "two pictures")
    gate.open()
    assert started.codes() == ["OK"] * 4
    assert gate.most == 2


def test_a_picture_larger_than_what_is_worked_on_at_once_is_worked_on_alone(calls, gate):
    gate.open()
    assert calls(max_px_at_once=144).detect(png()).code() is grpc.StatusCode.OK


def test_beyond_the_queue_the_answer_is_overloaded_at_once_with_a_time_to_come_back(calls, gate):
    started = calls(max_images_at_once=1, max_images_queued=1)
    started.detect(png())
    eventually(lambda: gate.waiting == 1, "a picture")
    two = [started.detect(png()) for _ in range(2)]
    eventually(lambda: any(call.done() for call in two), "one of two refused")
    (refused,) = (call for call in two if call.done())
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.details().startswith("OVERLOADED: the queue for pictures is full; try again in 0.")
    pushback = dict(refused.trailing_metadata())["grpc-retry-pushback-ms"]
    assert 10 <= int(pushback) <= 10_000
    gate.open()
    assert sorted(started.codes()) == ["OK", "OK", "RESOURCE_EXHAUSTED"]


def test_an_interactive_picture_takes_the_place_of_a_bulk_one(calls, gate):
    started = calls(max_images_at_once=1, max_images_queued=1)
    started.detect(png())
    eventually(lambda: gate.waiting == 1, "a picture")
    bulk = started.detect(png(), priority="bulk")
    eventually(lambda: started.detect(png()) and bulk.done(), "it gave way", timeout_s=10)
    assert bulk.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_deadline_is_kept_however_long_a_thread_takes_and_its_place_is_held(calls, gate):
    started = calls(max_images_at_once=1)
    began_s = time.monotonic()
    late = started.detect(png(), timeout_ms=200)
    assert late.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began_s < 10
    gate.open()
    assert started.detect(png()).code() is grpc.StatusCode.OK


def test_our_client_comes_back_when_it_was_told_to(host, gate, monkeypatch):
    monkeypatch.setattr("orchestrator.predict.rules.admission._LEAST_HINT_S", 1.0)
    target = host(max_images_at_once=1, max_images_queued=0)
    noise = np.zeros((40, 40, 3), np.uint8)
    with facegrid.connect(target) as client, facegrid.connect(target) as other:
        thread = threading.Thread(target=lambda: client.detect(noise))
        thread.start()
        eventually(lambda: gate.waiting == 1, "a picture")
        opener = threading.Timer(0.2, gate.open)
        opener.start()
        assert other.detect(noise) == []  # refused at first
        opener.join()
        thread.join()


def test_without_room_our_client_says_when_there_may_be_some(host, gate):
    target = host(max_images_at_once=1, max_images_queued=0)
    noise = np.zeros((40, 40, 3), np.uint8)
    with facegrid.connect(target) as client, facegrid.connect(target) as other:
        thread = threading.Thread(target=lambda: client.detect(noise))
        thread.start()
        eventually(lambda: gate.waiting == 1, "a picture")
        with pytest.raises(facegrid.Overloaded, match="try again in") as caught:
            other.detect(noise)
        assert caught.value.retry_after_s > 0
        gate.open()
        thread.join()


def test_what_is_too_large_is_never_sent_again(host, gate):
    """It has the code of an overload; gRPC is told not to repeat it."""
    with grpc.insecure_channel(host(max_image_bytes=100)) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            FaceServiceStub(channel).Detect(detect_pb2.DetectRequest(image=png()), timeout=10)
        assert caught.value.details().startswith("LIMIT_EXCEEDED")
        assert dict(caught.value.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"
