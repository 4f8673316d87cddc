"""The whole service on one machine, through each ingress of Ray Serve, as a user starts and calls it."""

import os
import signal
import sys
import time
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from exporters.signatures import CONTRACTS
from facegrid.v1.detect_pb2 import DetectRequest, DetectStreamRequest
from facegrid.v1.discriminate_pb2 import DiscriminateRequest
from facegrid.v1.enroll_pb2 import EnrollRequest
from facegrid.v1.face_pb2 import DetectOptions, Portrait
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from facegrid.v1.generate_pb2 import GenerateRequest
from facegrid.v1.generator_service_pb2_grpc import GeneratorServiceStub
from facegrid.v1.identify_pb2 import IdentifyRequest, IdentifyStreamRequest
from facegrid.v1.label_pb2 import LabelWeight
from facegrid.v1.subject_pb2 import DeleteSubjectRequest, GetSubjectRequest, ListSubjectsRequest
from facegrid.v1.verify_pb2 import VerifyRequest
from facegrid.v1.video_pb2 import IdentifyVideoOptions, IdentifyVideoRequest
from tests.cluster.stack import commands
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(400)

TIMEOUT_S = 30
LARGEST_REPLICA_MB = 400
"""50 of them for the gallery's engine, which a replica loads at the first call that needs it."""


def item(name: str, image: bytes) -> DetectStreamRequest:
    return DetectStreamRequest(item=DetectStreamRequest.Item(id=name, request=DetectRequest(image=image)))


END = DetectStreamRequest(end=DetectStreamRequest.End())


def failure(service: FaceServiceStub, request: DetectRequest) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        service.Detect(request, timeout=TIMEOUT_S)
    return caught.value


def test_a_face_is_found(service: FaceServiceStub, picture: bytes) -> None:
    response = service.Detect(DetectRequest(image=picture), timeout=TIMEOUT_S)
    assert response.faces
    assert response.faces[0].score > 0.9
    assert 0 <= response.faces[0].box.x_min < response.faces[0].box.x_max < response.image_width_px


def test_a_stream_answers_every_item_and_ends(service: FaceServiceStub, picture: bytes) -> None:
    requests = [item("a", picture), item("broken", b"not a picture"), item("b", picture), END]
    answers = {one.id: one for one in service.DetectStream(iter(requests), timeout=TIMEOUT_S)}
    assert set(answers) == {"a", "b", "broken", ""}
    assert answers["a"].response.faces
    assert answers["b"].response.faces == answers["a"].response.faces
    assert answers["broken"].error.reason == "INVALID_IMAGE"
    assert answers[""].end.items == 3


def test_a_stream_that_breaks_the_protocol_fails_with_its_reason(service: FaceServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(service.DetectStream(iter([DetectStreamRequest()]), timeout=TIMEOUT_S))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("INVALID_REQUEST: ")


@pytest.mark.parametrize(
    ("request_", "details"),
    [
        (DetectRequest(image=b"not a picture"), "INVALID_IMAGE: "),
        (DetectRequest(image=b""), "INVALID_IMAGE: "),
        (DetectRequest(image=b"x", options=DetectOptions(min_face_px=0)), "INVALID_OPTION: "),
    ],
)
def test_a_bad_request_gets_the_reason_and_nothing_else(
    service: FaceServiceStub, request_: DetectRequest, details: str
) -> None:
    error = failure(service, request_)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().startswith(details)
    assert "Traceback" not in error.details()
    assert "/" not in error.details()  # no paths


def test_a_picture_beyond_the_limit_is_refused_as_too_large(service: FaceServiceStub) -> None:
    error = failure(service, DetectRequest(image=bytes(33 * 2**20)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details().startswith("LIMIT_EXCEEDED: ")


def test_a_person_is_enrolled_named_compared_and_forgotten(service: FaceServiceStub, picture: bytes) -> None:
    enrolled = service.Enroll(EnrollRequest(subject="Somebody", images=[Portrait(image=picture)]), timeout=TIMEOUT_S)
    assert enrolled.results[0].WhichOneof("result") == "enrolled", enrolled
    again = service.Enroll(EnrollRequest(subject="Somebody", images=[Portrait(image=picture)]), timeout=TIMEOUT_S)
    assert again.results[0].error.reason == "ALREADY_ENROLLED"
    requests = [
        IdentifyStreamRequest(item=IdentifyStreamRequest.Item(id="a", request=IdentifyRequest(image=picture))),
        IdentifyStreamRequest(end=IdentifyStreamRequest.End()),
    ]
    named, end = service.IdentifyStream(iter(requests), timeout=TIMEOUT_S)
    assert named.response.identifications[0].subject == "Somebody"
    assert end.end.items == 1
    both = service.Verify(
        VerifyRequest(first=Portrait(image=picture), second=Portrait(image=picture)), timeout=TIMEOUT_S
    )
    assert (both.same, both.distance) == (True, pytest.approx(0, abs=1e-3))
    assert [one.name for one in service.ListSubjects(ListSubjectsRequest(), timeout=TIMEOUT_S).subjects] == ["Somebody"]
    erased = service.DeleteSubject(DeleteSubjectRequest(subject="Somebody"), timeout=TIMEOUT_S)
    assert (erased.erased_vectors, erased.erased_chips) == (1, 1)
    with pytest.raises(grpc.RpcError) as caught:
        service.GetSubject(GetSubjectRequest(subject="Somebody"), timeout=TIMEOUT_S)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details().startswith("SUBJECT_NOT_FOUND: ")


def test_a_video_is_answered_frame_by_frame_and_ends(service: FaceServiceStub, picture: bytes) -> None:
    frame = IdentifyVideoRequest.Frame
    requests = [
        IdentifyVideoRequest(options=IdentifyVideoOptions()),
        *(IdentifyVideoRequest(frame=frame(index=n, timestamp_ms=40 * n, image=picture)) for n in range(4)),
        IdentifyVideoRequest(end=IdentifyVideoRequest.End()),
    ]
    *frames, end = service.IdentifyVideo(iter(requests), timeout=TIMEOUT_S)
    assert [one.frame.index for one in frames] == [0, 1, 2, 3]
    assert [len(one.frame.faces) for one in frames[1:]] == [len(frames[0].frame.faces)] * 3
    assert (end.end.frames, end.end.failed_frames) == (4, 0)
    assert {one.first_frame for one in end.end.decisions} == {0}


def test_digits_are_drawn_and_judged(channel: grpc.Channel) -> None:
    service = GeneratorServiceStub(channel)
    both = [LabelWeight(label=2), LabelWeight(label=3)]
    responses = service.Generate(GenerateRequest(labels=both, count=300, seed=7), timeout=TIMEOUT_S)
    images = [image for response in responses for image in response.images]
    assert [image.index for image in images] == list(range(300))
    request = DiscriminateRequest(images=[image.image for image in images], labels=both)
    assert len(service.Discriminate(request, timeout=TIMEOUT_S).discriminations) == 300
    with pytest.raises(grpc.RpcError) as caught:
        list(service.Generate(GenerateRequest(labels=[LabelWeight(label=10)], count=1), timeout=TIMEOUT_S))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "INVALID_LABELS: a label is 10, allowed are 0 to 9"


def test_a_stream_of_digits_may_be_left_early(channel: grpc.Channel) -> None:
    service = GeneratorServiceStub(channel)
    request = GenerateRequest(labels=[LabelWeight(label=1)], count=10_000)
    for _ in range(3):
        call = service.Generate(request, timeout=TIMEOUT_S)
        assert next(call).images[0].index == 0
        call.cancel()
    assert len(next(service.Generate(GenerateRequest(labels=request.labels, count=1), timeout=TIMEOUT_S)).images) == 1


@pytest.mark.parametrize("name", ["", "facegrid.v1.FaceService", "facegrid.v1.GeneratorService"])
def test_health_answers(channel: grpc.Channel, name: str) -> None:
    health = HealthStub(channel)
    assert health.Check(HealthCheckRequest(service=name), timeout=TIMEOUT_S).status == HealthCheckResponse.SERVING
    watch = health.Watch(HealthCheckRequest(service=name), timeout=TIMEOUT_S)
    assert next(watch).status == HealthCheckResponse.SERVING
    watch.cancel()


def test_health_of_an_unknown_service_is_not_found(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        HealthStub(channel).Check(HealthCheckRequest(service="nobody"), timeout=TIMEOUT_S)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_services(channel: grpc.Channel) -> None:
    requests = iter([ServerReflectionRequest(list_services="")])
    answer = next(iter(ServerReflectionStub(channel).ServerReflectionInfo(requests, timeout=TIMEOUT_S)))
    names = {one.name for one in answer.list_services_response.service}
    assert {"facegrid.v1.FaceService", "facegrid.v1.GeneratorService", "grpc.health.v1.Health"} <= names


def test_a_slow_model_server_ends_as_a_deadline(stack, service: FaceServiceStub, picture: bytes) -> None:
    model_server = stack.model_server_pid()
    os.kill(model_server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        error = failure(service, DetectRequest(image=picture, timeout_ms=500))
        assert time.monotonic() - began < TIMEOUT_S / 2
    finally:
        os.kill(model_server, signal.SIGCONT)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error.details().startswith("DEADLINE_EXCEEDED: ")
    assert service.Detect(DetectRequest(image=picture), timeout=TIMEOUT_S).faces


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_replica_is_small_and_has_no_tensorflow(stack, service: FaceServiceStub, picture: bytes) -> None:
    service.Detect(DetectRequest(image=picture), timeout=TIMEOUT_S)
    (replica,) = stack.replicas()
    assert replica.memory_info().rss / 2**20 < LARGEST_REPLICA_MB
    loaded = Path(f"/proc/{replica.pid}/maps").read_text()
    assert "cv2" in loaded  # the right process, and maps name its modules
    assert "tensorflow" not in loaded


def test_the_operators_parts_of_ray_do_not_run(stack) -> None:
    running = commands(stack.processes()).values()
    assert any("gcs_server" in command for command in running)
    for part in ("monitor.py", "dashboard.py", "ray_client_server"):
        assert not any(part in command for command in running), part


def test_status_shows_every_part(stack) -> None:
    code, status = stack.status()
    assert code == 0
    assert status["serving"]
    assert status["health"] == "serving"
    assert {one["model"] for one in status["models"]} == set(CONTRACTS)
    assert status["ray_serve"]["deployments"]["FaceService"]["replicas"] == {"RUNNING": 1}
    assert {one["name"] for one in status["processes"]} == {"supervisor", "serve_host"}
    assert all(one["memory_mb"] > 10 and one["state"] in {"STARTING", "RUNNING"} for one in status["processes"]), (
        status["processes"]
    )


def test_up_again_changes_nothing(stack) -> None:
    before = stack.state
    again = stack.up()
    assert again.returncode == 0
    assert "already up" in again.stderr
    assert stack.state == before


def test_a_second_stack_on_the_same_port_is_refused_with_its_holder(stack, command, tmp_path: Path) -> None:
    where = ("--port", stack.port, "--state-dir", tmp_path, "--models-dir", stack.models_dir)
    refused = command("up", *where, "--ingress", stack.ingress)
    assert refused.returncode == 1
    assert f"port {stack.port} is taken" in refused.stderr
    assert "--port" in refused.stderr


@pytest.mark.parametrize("stack", ["haproxy"], indirect=True, scope="module")
@pytest.mark.parametrize("title", ["-m model_server", "gcs_server", "-m orchestrator.app.serve_host"])
def test_the_service_comes_back_after_a_kill(stack, service: FaceServiceStub, picture: bytes, title: str) -> None:
    (victim,) = (process for process, command in commands(stack.processes()).items() if title in command)
    victim.kill()
    with pytest.raises(grpc.RpcError) as caught:
        call_until_it_fails(service, picture)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    eventually(lambda: found_again(service, picture), "the service answers again", 120)
    eventually(lambda: stack.status()[0] == 0, "status says so", 60)
    if title != "-m model_server":
        (host,) = (one for one in stack.status()[1]["processes"] if one["name"] == "serve_host")
        assert host["restarts"] >= 1
        assert host["last_exit"]


def call_until_it_fails(service: FaceServiceStub, picture: bytes) -> None:
    give_up_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < give_up_s:
        service.Detect(DetectRequest(image=picture), timeout=TIMEOUT_S)


def found_again(service: FaceServiceStub, picture: bytes) -> bool:
    try:
        return bool(service.Detect(DetectRequest(image=picture), timeout=TIMEOUT_S).faces)
    except grpc.RpcError:
        return False
