import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from grpc_health.v1 import health_pb2
from PIL import Image

from facegrid import errors
from facegrid.answers.faces import DetectOptions, Health, Point
from facegrid.client import calls
from facegrid.client.sync import Client, connect
from facegrid.v1 import face_pb2
from tests.client.face_server import FaceServer, expected_face
from tests.support.polling import eventually


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_detect_gives_what_the_service_answered(client, photo):
    [face] = client.detect(photo)
    sent = expected_face(photo)
    assert face.score == sent.score
    assert (face.box.x_min, face.box.y_min, face.box.x_max, face.box.y_max) == (1, 2, 11, 22)
    assert (face.box.width, face.box.height) == (10, 20)
    marks = face.landmarks
    assert marks.left_eye == Point(sent.landmarks.left_eye.x, sent.landmarks.left_eye.y)
    assert marks.right_eye == Point(sent.landmarks.right_eye.x, sent.landmarks.right_eye.y)
    assert (marks.nose, marks.mouth_left, marks.mouth_right) == (Point(5, 6), Point(7, 8), Point(9, 10))


def test_detect_detailed_gives_size_and_dropped_candidates(client, photo):
    found = client.detect_detailed(photo)
    assert (found.image_width_px, found.image_height_px, found.dropped_candidates) == (67, 41, 41 % 7)
    assert found.faces == client.detect(photo)


@pytest.mark.parametrize("shape", [(1, 1, 3), (41, 67, 3), (3, 20000, 3), (20000, 2, 3)])
def test_an_array_arrives_with_equal_pixels(client, server, shape):
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    client.detect(pixels)
    arrived = Image.open(io.BytesIO(server.servicer.requests[-1].image))
    np.testing.assert_array_equal(np.asarray(arrived.convert("RGB")), pixels)


def test_an_array_that_is_a_view_arrives_with_equal_pixels(client, server, photo):
    bgr_seen_as_rgb = np.flipud(photo)[::2, ::3, ::-1]
    client.detect(bgr_seen_as_rgb)
    arrived = Image.open(io.BytesIO(server.servicer.requests[-1].image))
    np.testing.assert_array_equal(np.asarray(arrived), bgr_seen_as_rgb)


@pytest.mark.parametrize("form", [str, Path, bytes, bytearray, memoryview])
def test_files_and_bytes_are_sent_as_they_are(client, server, photo, tmp_path, form):
    data = png(photo)
    file = tmp_path / "photo.png"
    file.write_bytes(data)
    client.detect(form(file) if form in (str, Path) else form(data))
    assert server.servicer.requests[-1].image == data


@pytest.mark.parametrize(
    ("image", "given"),
    [
        (np.zeros((4, 5), np.uint8), r"uint8 \[4, 5\]"),
        (np.zeros((4, 5, 1), np.uint8), r"uint8 \[4, 5, 1\]"),
        (np.zeros((4, 5, 4), np.uint8), r"uint8 \[4, 5, 4\]"),
        (np.zeros((2, 4, 5, 3), np.uint8), r"uint8 \[2, 4, 5, 3\]"),
        (np.zeros((4, 5, 3), np.float32), r"float32 \[4, 5, 3\]"),
        (np.zeros((4, 5, 3), np.int8), r"int8 \[4, 5, 3\]"),
        (np.zeros((0, 5, 3), np.uint8), r"uint8 \[0, 5, 3\]"),
        (np.array(7, np.uint8), r"uint8 \[\]"),
        (None, "NoneType"),
        (7, "int"),
        ([[1, 2, 3]], "list"),
        (Image.new("RGB", (3, 3)), "Image"),
        ("a\0b", "null"),
    ],
)
def test_anything_else_is_refused_with_what_was_given_and_what_is_accepted(client, server, image, given):
    with pytest.raises(errors.InvalidImage, match=given) as caught:
        client.detect(image)
    assert isinstance(image, str) or "[height, width, 3]" in caught.value.message
    assert server.servicer.requests == []


def test_a_file_that_is_missing_is_pythons_own_error(client, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.detect(tmp_path / "none.jpg")
    with pytest.raises(IsADirectoryError):
        client.detect(tmp_path)


def test_options_are_sent_and_absent_ones_are_not(client, server, photo):
    client.detect(photo, min_face_px=33, onet_threshold=np.float32(0.25), rnet_threshold=None, timeout_s=61.5)
    request = server.servicer.requests[-1]
    assert request.options == face_pb2.DetectOptions(min_face_px=33, onet_threshold=0.25)
    assert request.timeout_ms == 61_500
    client.detect(photo)
    request = server.servicer.requests[-1]
    assert (request.options, request.timeout_ms) == (face_pb2.DetectOptions(), 0)


def test_the_options_are_those_of_the_proto():
    assert set(DetectOptions.__annotations__) == {field.name for field in face_pb2.DetectOptions.DESCRIPTOR.fields}


@pytest.mark.parametrize("value", ["20", True, [20], 1j])
def test_an_option_that_is_not_a_number_is_refused(client, photo, value):
    with pytest.raises(errors.InvalidOption, match="min_face_px must be a number"):
        client.detect(photo, min_face_px=value)


def test_a_misspelt_option_is_a_type_error(client, photo):
    with pytest.raises(TypeError, match=r"no option 'min_face'.*min_face_px"):
        client.detect(photo, min_face=20)
    with pytest.raises(TypeError, match="no option 'min_face'"):
        client.detect_many([photo], min_face=20)


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf"), 4294967.5, "1"])
def test_a_time_limit_out_of_range_is_refused(client, photo, timeout_s):
    with pytest.raises(errors.InvalidOption, match=r"timeout_s must lie in \(0, 4294967\]"):
        client.detect(photo, timeout_s=timeout_s)


def test_the_shortest_time_limit_is_not_sent_as_the_default(client, server, photo, monkeypatch):
    monkeypatch.setattr(calls, "TIMEOUT_GRACE_S", 60.0)  # to be answered in time is not the point here
    client.detect(photo, timeout_s=0.0001)
    assert server.servicer.requests[-1].timeout_ms == 1


def test_a_service_that_does_not_answer_is_given_up_after_the_time_limit(client, server):
    def given_up() -> bool:
        with pytest.raises(errors.DeadlineExceeded, match="no answer"):
            client.detect(b"hold", timeout_s=0.2)
        return bool(server.servicer.time_left_s)

    # In so short a time the call may not even arrive: then it is made again.
    eventually(given_up)
    most_s = 1.1 * (0.2 + calls.TIMEOUT_GRACE_S)  # gRPC rounds up what it sends
    assert all(time_left_s <= most_s for time_left_s in server.servicer.time_left_s)


@pytest.mark.parametrize(
    "target", ["", "localhost", "host:0", "host:65536", "a b:9000", "http://host:9000", ":9000", "::1:9000"]
)
def test_a_target_of_another_form_is_refused(target):
    with pytest.raises(errors.InvalidOption, match="HOST:PORT"):
        connect(target)


@pytest.mark.parametrize("target", ["localhost:1", "[::1]:65535", "dns:///faces.example:9000", "unix:/run/faces.sock"])
def test_a_target_of_a_known_form_is_accepted(target):
    connect(target).close()


def test_one_client_serves_eight_threads(client):
    pictures = [np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8) for seed in range(64)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(client.detect, pictures))
    for pixels, [face] in zip(pictures, answers, strict=True):
        assert face.landmarks.left_eye.x == expected_face(pixels).landmarks.left_eye.x


def test_a_picture_larger_than_grpcs_default_limit_passes(client, server):
    noise = np.random.default_rng(0).integers(0, 256, (1400, 1400, 3), np.uint8)
    client.detect(noise)
    assert len(server.servicer.requests[-1].image) > 4 << 20


def test_close_is_idempotent_and_final(server, photo):
    with connect(server.target) as client:
        client.detect(photo)
    client.close()
    for call in (lambda: client.detect(photo), lambda: client.detect_many([photo]), client.health):
        with pytest.raises(RuntimeError, match=f"client of {server.target} is closed"):
            call()


def test_close_ends_a_call_of_another_thread(server):
    client = connect(server.target)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.detect, b"hold")
        eventually(server.servicer.held.is_set)
        client.close()
        with pytest.raises(errors.TryAgain):
            waiting.result(10)


@pytest.mark.parametrize("kilobytes", [1, 2000])
def test_a_call_is_retried_until_the_service_is_up(free_port, kilobytes):
    noise = np.random.default_rng(0).integers(0, 256, kilobytes * 1000, np.uint8).tobytes()
    opens = threading.Event()
    late = FaceServer(free_port, opens)
    starting = threading.Thread(target=late.__enter__)
    timer = threading.Timer(0.25, opens.set)
    with connect(f"127.0.0.1:{free_port}") as client:
        starting.start()
        timer.start()
        try:
            with pytest.raises(errors.InvalidImage):  # the answer of the service, so it was reached
                client.detect(noise)
        finally:
            timer.join()
            starting.join()
            late.stop()


def test_only_errors_that_may_pass_are_retried(client, server):
    for code, attempts in ((1, 4), (8, 4), (13, 1), (14, 4)):
        server.servicer.requests.clear()
        with pytest.raises(errors.FacegridError):
            client.detect(b"status %d not now" % code)
        assert len(server.servicer.requests) == attempts


def test_a_proxy_without_its_service_is_asked_again(client, server, photo):
    server.lose_service(2)
    assert len(client.detect(photo)) == 1
    assert len(server.servicer.requests) == 3


def test_a_proxy_that_stays_without_its_service_is_unavailable(client, server, photo):
    server.lose_service(100)
    with pytest.raises(errors.Unavailable, match=r"no service behind 127\.0\.0\.1:"):
        client.detect(photo)
    assert len(server.servicer.requests) == 4


def test_a_client_survives_a_restart_of_the_service(photo):
    with FaceServer() as first, connect(first.target) as client:
        client.detect(photo)
        first.stop()
        with pytest.raises(errors.Unavailable):
            client.detect(photo)
        with FaceServer(first.port):
            client.wait_until_ready(10)
            assert client.detect(photo)


def test_health_says_what_the_service_says(client: Client, server):
    statuses = health_pb2.HealthCheckResponse
    for number, status in (
        (statuses.SERVING, Health.SERVING),
        (statuses.NOT_SERVING, Health.NOT_SERVING),
        (statuses.SERVICE_UNKNOWN, Health.SERVICE_UNKNOWN),
        (statuses.UNKNOWN, Health.UNKNOWN),
    ):
        server.set_health(number)
        assert client.health() is status


def test_wait_until_ready_returns_when_the_service_serves(client, server):
    server.set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
    timer = threading.Timer(0.2, server.set_health, [health_pb2.HealthCheckResponse.SERVING])
    timer.start()
    client.wait_until_ready(10)
    timer.join()
    assert client.health() is Health.SERVING


def test_wait_until_ready_gives_up_with_the_last_answer(client, server, free_port):
    server.set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
    # In so short a time there may be no answer at all: then it is waited for again.
    eventually(lambda: "not ready after 0.2 s: it says not_serving" in given_up(client))
    with connect(f"127.0.0.1:{free_port}") as unserved:
        eventually(lambda: "cannot reach" in given_up(unserved))


def given_up(client: Client) -> str:
    """What is said of a service that is not ready in time."""
    with pytest.raises(errors.DeadlineExceeded) as caught:
        client.wait_until_ready(0.2)
    return caught.value.message
