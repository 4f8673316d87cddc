"""The plain host over gRPC, with networks that are plain functions."""

import asyncio
import io
import logging
import os
import subprocess
import sys
import threading

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from PIL import Image

import facegrid
from facegrid.v1 import detect_pb2 as pb
from facegrid.v1 import face_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.api.face_service import FaceService
from orchestrator.api.grpc_host import CannotListen, GrpcHost
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.paths import REPOSITORY
from tests.support.pictures import claiming, png
from tests.support.plain_pnet import pnet

SETTINGS = Settings(max_image_bytes=2_000_000, max_image_px=1_000_000, max_candidates=50, stream_window=2)


def failing(crops, signature):
    raise ZeroDivisionError("/secret/path")


@pytest.fixture(scope="module")
def target():
    with running_host(SETTINGS, FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})) as address:
        yield address


@pytest.fixture(scope="module")
def stub(target):
    with grpc.insecure_channel(target) as channel:
        yield FaceServiceStub(channel)


def test_an_answer_has_the_pictures_size_its_faces_and_what_was_dropped(stub):
    answer = stub.Detect(pb.DetectRequest(image=png(), options=face_pb2.DetectOptions(pnet_threshold=0.0)))
    assert (answer.image_width_px, answer.image_height_px) == (96, 80)
    assert answer.dropped_candidates > 0
    scores = [face.score for face in answer.faces]
    assert scores
    assert scores == sorted(scores, reverse=True)
    for face in answer.faces:
        assert 0 <= face.box.x_min <= face.box.x_max <= 95
        assert 0 <= face.box.y_min <= face.box.y_max <= 79
        assert face.landmarks.left_eye.x < face.landmarks.nose.x < face.landmarks.right_eye.x


def test_a_jpeg_without_its_end_mark_is_answered_with_a_warning(stub):
    stream = io.BytesIO()
    Image.open(io.BytesIO(png())).save(stream, "JPEG")
    whole, lacking = (stub.Detect(pb.DetectRequest(image=data)) for data in (stream.getvalue(), stream.getvalue()[:-2]))
    assert list(whole.warnings) == []
    assert list(lacking.warnings) == ["the JPEG file lacks its end mark; all pixels are there"]
    assert list(lacking.faces) == list(whole.faces)


def test_options_reach_the_cascade(stub):
    def detect(**options):
        given = face_pb2.DetectOptions(**{"pnet_threshold": 0.0, **options})
        return stub.Detect(pb.DetectRequest(image=png(), options=given))

    assert detect().faces
    for name, value in {"pnet_threshold": 1, "rnet_threshold": 1, "onet_threshold": 1, "min_face_px": 81}.items():
        assert not detect(**{name: value}).faces
    assert detect(pyramid_factor=0.9).dropped_candidates > detect(pyramid_factor=0.1).dropped_candidates


def test_a_dark_picture_has_no_faces_and_that_is_no_error(stub):
    assert not stub.Detect(pb.DetectRequest(image=png(level=1))).faces


def asking(**options):
    return pb.DetectRequest(image=png(), options=face_pb2.DetectOptions(**options))


BAD_REQUESTS = [
    (pb.DetectRequest(), "INVALID_ARGUMENT", "INVALID_IMAGE: the picture is empty: 0 bytes"),
    (pb.DetectRequest(image=b"GIF89a" + bytes(9)), "INVALID_ARGUMENT", "INVALID_IMAGE: not a JPEG"),
    (pb.DetectRequest(image=png()[:300]), "INVALID_ARGUMENT", "INVALID_IMAGE: the PNG file is cut off (truncated)"),
    (pb.DetectRequest(image=png(11, 11)), "INVALID_ARGUMENT", "11 x 11 pixels, at least 12 x 12"),
    (pb.DetectRequest(image=claiming(60_000, 60_000)), "RESOURCE_EXHAUSTED", "3,600,000,000 pixels, at most 1,000,000"),
    (pb.DetectRequest(image=bytes(2_000_001)), "RESOURCE_EXHAUSTED", "2,000,001 bytes, at most 2,000,000"),
    (asking(min_face_px=0), "INVALID_ARGUMENT", "min_face_px is 0, allowed are 12 to 10000"),
    (asking(pyramid_factor=1), "INVALID_ARGUMENT", "pyramid_factor is 1, allowed are 0.1 to 0.95"),
    (asking(pnet_threshold=float("nan")), "INVALID_ARGUMENT", "pnet_threshold is nan, allowed are 0 to 1"),
    (asking(onet_threshold=float("inf")), "INVALID_ARGUMENT", "onet_threshold is inf, allowed are 0 to 1"),
    (asking(rnet_threshold=-0.1), "INVALID_ARGUMENT", "rnet_threshold is -0.1, allowed are 0 to 1"),
]


@pytest.mark.parametrize(("request_", "code", "words"), BAD_REQUESTS)
def test_bad_requests_get_their_code_with_number_and_limit(stub, request_, code, words):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Detect(request_)
    assert caught.value.code().name == code
    assert words in caught.value.details()
    assert "Traceback" not in caught.value.details()


def test_a_bad_item_leaves_its_stream_going(target):
    pictures = [png(), b"no picture", png(11, 11), png(64, 64)]
    with facegrid.connect(target) as client:
        answers = {item.index: item for item in client.detect_many(pictures, pnet_threshold=0)}
    refused = [isinstance(answers[index].error, facegrid.InvalidImage) for index in range(4)]
    assert refused == [False, True, True, False]
    assert answers[0].faces
    assert answers[3].faces


def test_a_time_that_is_too_short_is_a_deadline(stub):
    request = pb.DetectRequest(image=png(700, 700), timeout_ms=1)
    with pytest.raises(grpc.RpcError) as caught:
        stub.Detect(request)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "DEADLINE_EXCEEDED: " in caught.value.details()


@pytest.mark.parametrize("model", ["pnet", "rnet", "onet"])
def test_a_slow_network_is_a_deadline_that_names_it(model, monkeypatch):
    networks = {"pnet": pnet, "rnet": rnet, "onet": onet}
    asked, released = threading.Event(), threading.Event()

    def slow(array, signature):
        asked.set()
        released.wait(60)
        return networks[model](array, signature)

    monkeypatch.setattr("facegrid.client.calls.TIMEOUT_GRACE_S", 60.0)  # the service's own words always come
    predictor = FunctionPredictor({**networks, model: slow})
    with running_host(SETTINGS, predictor) as address, facegrid.connect(address) as client:
        for timeout_s in (1, 5, 20):  # a busy machine may use up the first before it comes to the network
            with pytest.raises(facegrid.DeadlineExceeded) as caught:
                client.detect(png(), pnet_threshold=0, timeout_s=timeout_s)
            if asked.is_set():
                break
        released.set()
    assert f"model {model}" in caught.value.message


def test_a_fault_of_ours_shows_an_id_and_nothing_else(caplog):
    predictor = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": failing})
    with running_host(SETTINGS, predictor) as address, facegrid.connect(address) as client:
        with caplog.at_level(logging.ERROR), pytest.raises(facegrid.InternalError) as caught:
            client.detect(png(), pnet_threshold=0)
        assert "secret" not in str(caught.value)
        incident = caught.value.message.split()[-1]
        assert any(incident in record.getMessage() for record in caplog.records)
        (item,) = client.detect_many([png()], pnet_threshold=0)
        assert isinstance(item.error, facegrid.InternalError)


def test_health_and_reflection_answer(target):
    with facegrid.connect(target) as client:
        client.wait_until_ready(timeout_s=10)
    with grpc.insecure_channel(target) as channel:
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))
    names = {service.name for service in answer.list_services_response.service}
    assert {"facegrid.v1.FaceService", "facegrid.v1.GeneratorService", "grpc.health.v1.Health"} <= names


def test_a_taken_port_is_refused(target):
    host = GrpcHost(FaceService(SETTINGS, FunctionPredictor({}), None), target)
    with pytest.raises(CannotListen):
        asyncio.run(host.start())


@pytest.mark.parametrize(
    ("servers", "code", "words"),
    [("127.0.0.1:8500", 1, "choose another with --address"), ("ray", 2, "FACEGRID_MODEL_SERVERS is 'ray'")],
)
def test_the_command_says_in_a_sentence_what_it_cannot_start_with(target, servers, code, words):
    command = [sys.executable, "-m", "orchestrator", "--address", target]
    env = {**os.environ, "FACEGRID_MODEL_SERVERS": servers}
    done = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_call_that_waited_long_for_the_event_loop_is_not_begun():
    """Whoever comes to the calls of a full second ago comes to all calls too late."""
    asked, release = threading.Event(), threading.Event()

    class Blocking(FunctionPredictor):
        async def predict(self, model, inputs, **options):
            begun.append(model)
            asked.set()
            assert release.wait(30)  # on the loop, as if the process had no processor
            return await super().predict(model, inputs, **options)

    def wait_and_release():
        # Step by step: while the machine holds up this process, the calls do not come to the host either.
        for _ in range(250):
            release.wait(0.01)
        release.set()

    begun = []
    with (
        running_host(SETTINGS, Blocking({"pnet": pnet, "rnet": rnet, "onet": onet})) as address,
        grpc.insecure_channel(address, options=[("grpc.enable_retries", 0)]) as channel,
    ):
        detect = FaceServiceStub(channel).Detect
        options = face_pb2.DetectOptions(pnet_threshold=1.0)
        first = detect.future(pb.DetectRequest(image=png(), options=options), timeout=30)
        assert asked.wait(30)
        later = [detect.future(pb.DetectRequest(image=png(), options=options), timeout=30) for _ in range(6)]
        threading.Thread(target=wait_and_release).start()
        codes = [call.code().name for call in later]
        assert first.code() is grpc.StatusCode.OK
    # gRPC had given one of them to the host already, which is then answered.
    assert sorted(codes)[:5] == ["CANCELLED"] * 5
    assert len(begun) <= 2
