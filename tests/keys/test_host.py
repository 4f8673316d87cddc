"""Keys over gRPC, on the plain host, with networks that are plain functions."""

import re
import threading
from dataclasses import replace
from functools import partial

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from facegrid.v1 import detect_pb2 as pb
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.keys.rate_limit import TokenBucket
from orchestrator.keys.ring import KeyRing
from orchestrator.pipeline.decode import decode
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.keyfile import PAST, bearer, make_key, write_keys
from tests.support.pictures import png
from tests.support.plain_pnet import pnet

TIMEOUT_S = 60
NETWORKS = {"pnet": pnet, "rnet": rnet, "onet": onet}


@pytest.fixture
def keys_file(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def serve(keys_file):
    """Starts the host with these keys and gives a stub."""
    opened = []

    def start(*entries):
        write_keys(keys_file, *entries)
        host = running_host(Settings(api_keys_file=str(keys_file)), FunctionPredictor(NETWORKS))
        channel = grpc.insecure_channel(host.__enter__())
        opened.append((host, channel))
        return channel

    yield start
    for host, channel in opened:
        channel.close()
        host.__exit__(None, None, None)


def refusal(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def detect(channel, metadata, image=None):
    return FaceServiceStub(channel).Detect(pb.DetectRequest(image=image or png()), metadata=metadata, timeout=TIMEOUT_S)


def item(name):
    return pb.DetectStreamRequest(item=pb.DetectStreamRequest.Item(id=name, request=pb.DetectRequest(image=png())))


END = pb.DetectStreamRequest(end=pb.DetectStreamRequest.End())


def test_the_right_key_is_answered_and_others_have_their_codes(serve):
    key, entry = make_key("detect")
    manager, manager_entry = make_key("manage")
    channel = serve(entry, manager_entry)
    assert detect(channel, bearer(key)).image_width_px == 96
    for metadata, code in (
        (None, grpc.StatusCode.UNAUTHENTICATED),
        (bearer(make_key()[0]), grpc.StatusCode.UNAUTHENTICATED),
        (bearer(manager), grpc.StatusCode.PERMISSION_DENIED),
    ):
        error = refusal(lambda metadata=metadata: detect(channel, metadata))
        assert error.code() is code
        assert error.details().startswith(f"{code.name}: ")
        stream = FaceServiceStub(channel).DetectStream(iter([item("a")]), metadata=metadata, timeout=TIMEOUT_S)
        assert refusal(lambda stream=stream: list(stream)).code() is code


def test_health_and_reflection_need_no_key(serve):
    channel = serve(make_key()[1])
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    ask = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    assert next(reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(ask, timeout=TIMEOUT_S))


def test_a_wrong_key_costs_no_decode(serve, monkeypatch):
    """No picture is looked at."""
    decoded = []

    def counted(encoded, limits):
        decoded.append(len(encoded))
        return decode(encoded, limits)

    monkeypatch.setattr("orchestrator.pipeline.recognize.decode", counted)
    key, entry = make_key("detect")
    channel = serve(entry)
    stub = FaceServiceStub(channel)
    for _ in range(50):
        wrong = bearer(make_key()[0])
        refusal(lambda wrong=wrong: detect(channel, wrong))
        refusal(lambda wrong=wrong: list(stub.DetectStream(iter([item("a")]), metadata=wrong, timeout=TIMEOUT_S)))
    assert decoded == []
    detect(channel, bearer(key))
    assert decoded == [len(png())]


def test_a_wrong_key_is_refused_before_its_message_is_parsed(serve):
    key, entry = make_key("detect")
    call = serve(entry).unary_unary("/facegrid.v1.FaceService/Detect")  # bytes as they are
    broken = b"\xff" * 20
    wrong = refusal(lambda: call(broken, metadata=bearer(make_key()[0]), timeout=TIMEOUT_S))
    assert wrong.code() is grpc.StatusCode.UNAUTHENTICATED
    right = refusal(lambda: call(broken, metadata=bearer(key), timeout=TIMEOUT_S))
    assert "Error parsing message" in right.details()


def test_too_many_requests_are_told_when_to_come_back(serve):
    key, entry = make_key("detect", rps=0.001, burst=2)
    channel = serve(entry)
    for _ in range(2):
        detect(channel, bearer(key))
    error = refusal(lambda: detect(channel, bearer(key)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details().startswith("RATE_LIMITED: ")
    pushback = dict(error.trailing_metadata())["grpc-retry-pushback-ms"]
    assert 900_000 < int(pushback) <= 1_000_000


def test_the_items_of_a_stream_come_at_the_rate_of_its_key(serve, monkeypatch):
    """That an item is not answered before its wait is over is seen where the wait has no end, below."""
    waits_s = []

    class Recorded(TokenBucket):
        def reserve(self):
            waits_s.append(super().reserve())
            return waits_s[-1]

    monkeypatch.setattr("orchestrator.keys.ring.TokenBucket", Recorded)
    monkeypatch.setattr("orchestrator.keys.guard.KeyRing", partial(KeyRing, clock=lambda: 0.0))  # it stands still
    key, entry = make_key("detect", rps=100, burst=2)
    stub = FaceServiceStub(serve(entry))
    answers = list(stub.DetectStream(iter([*map(item, "abcdef"), END]), metadata=bearer(key), timeout=TIMEOUT_S))
    assert answers[-1].end.items == 6
    # The call itself has paid for the first; then one more is free, and each other is a hundredth of a second later.
    assert waits_s == pytest.approx([0, 0.01, 0.02, 0.03, 0.04])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "UNAUTHENTICATED: the API key .* has been revoked"),
        ({"expires_at": PAST}, "UNAUTHENTICATED: the API key .* expired at"),
        ({"scopes": frozenset({"manage"})}, "PERMISSION_DENIED: .* needs detect"),
    ],
)
@pytest.mark.parametrize("idle", [True, False])
def test_an_open_stream_ends_when_its_key_does(serve, keys_file, change, words, idle):
    key, entry = make_key("detect")
    stub = FaceServiceStub(serve(entry))
    ended = threading.Event()

    def requests():
        yield item("first")
        for number in range(10_000):
            if ended.wait(300 if idle else 0.05):
                return
            yield item(str(number))

    answers = stub.DetectStream(requests(), metadata=bearer(key), timeout=TIMEOUT_S)
    assert next(answers).HasField("response")  # whichever was done first
    write_keys(keys_file, *([replace(entry, **change)] if change else []))
    error = refusal(lambda: list(answers))  # long before the time of the call is over, which has another code
    ended.set()
    assert re.match(f"{error.code().name}: ", error.details())
    assert re.match(words, error.details())


def test_a_stream_that_waits_for_its_rate_ends_when_its_key_does(serve, keys_file):
    key, entry = make_key("detect", rps=0.01, burst=1)
    stub = FaceServiceStub(serve(entry))
    answers = stub.DetectStream(iter([*map(item, "ab"), END]), metadata=bearer(key), timeout=TIMEOUT_S)
    assert next(answers).id == "a"
    write_keys(keys_file)
    assert "has been revoked" in refusal(lambda: list(answers)).details()
