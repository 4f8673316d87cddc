"""What is counted, held to what a caller sees of the same calls."""

import re
import threading
from pathlib import Path

import grpc
import pytest

import facegrid
from facegrid.v1 import detect_pb2, face_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.telemetry.metrics import Metrics
from tests.support.pictures import png
from tests.telemetry.observed_host import observed_host

ROOT = Path(__file__).resolve().parents[2]


def value(telemetry, name, **labels):
    return telemetry.metrics.registry.get_sample_value(f"facegrid_{name}", labels)


def test_calls_are_counted_by_method_code_and_reason(host):
    address, telemetry = host
    with facegrid.connect(address) as client:
        for _ in range(3):
            client.detect(png())
        with pytest.raises(facegrid.InvalidImage):
            client.detect(b"no picture")
        with pytest.raises(facegrid.GalleryUnavailable):
            client.identify(png())
    assert value(telemetry, "requests_total", method="Detect", code="OK") == 3
    assert value(telemetry, "requests_total", method="Detect", code="INVALID_ARGUMENT") == 1
    assert value(telemetry, "errors_total", method="Detect", reason="INVALID_IMAGE") == 1
    assert value(telemetry, "errors_total", method="Identify", reason="GALLERY_UNAVAILABLE") >= 1
    assert value(telemetry, "request_duration_seconds_count", method="Detect") == 4
    assert value(telemetry, "requests_in_progress", method="Detect") == 0


def test_the_numbers_of_a_picture_are_those_of_its_answer(host):
    address, telemetry = host
    with grpc.insecure_channel(address) as channel:
        options = face_pb2.DetectOptions(pnet_threshold=0.0)
        answer = FaceServiceStub(channel).Detect(detect_pb2.DetectRequest(image=png(), options=options))
    assert len(answer.faces) > 0
    assert value(telemetry, "dropped_candidates_total") == answer.dropped_candidates > 0
    assert value(telemetry, "image_candidates_sum", stage="onet") == len(answer.faces)
    assert value(telemetry, "image_pixels_sum") == answer.image_width_px * answer.image_height_px
    assert value(telemetry, "image_candidates_sum", stage="rnet") == value(telemetry, "crops_total", stage="onet")
    assert 0 < value(telemetry, "image_candidates_sum", stage="propose") <= 50
    for stage in ("turn", "decode", "pyramid", "pnet", "propose", "rnet", "onet"):
        assert value(telemetry, "stage_duration_seconds_count", stage=stage) == 1, stage
    in_stages = sum(
        value(telemetry, "stage_duration_seconds_sum", stage=stage)
        for stage in ("turn", "decode", "pyramid", "pnet", "propose", "rnet", "onet")
    )
    assert in_stages <= value(telemetry, "request_duration_seconds_sum", method="Detect")


def test_recognition_counts_chips_vectors_and_the_gallery(tmp_path):
    with observed_host(gallery=str(tmp_path)) as (address, telemetry), facegrid.connect(address) as client:
        portrait = facegrid.Portrait(png(), 0)
        gate = {"min_face_px": 12, "min_score": 0, "max_yaw_degrees": 90}
        client.enroll("Ann", portrait, detect_options={"pnet_threshold": 0}, **gate)
        faces = client.identify(png(), pnet_threshold=0)
    assert value(telemetry, "gallery_faces") == 1
    assert value(telemetry, "crops_total", stage="align") == 1 + len(faces)
    for stage in ("align", "embed"):
        assert value(telemetry, "stage_duration_seconds_count", stage=stage) == 2
    for stage in ("enroll", "search"):
        assert value(telemetry, "stage_duration_seconds_count", stage=stage) == 1


def test_items_of_a_stream_are_counted_apart_from_the_stream(host):
    address, telemetry = host
    with facegrid.connect(address) as client:
        answers = list(client.detect_many([png(), b"no picture", png()]))
    assert len(answers) == 3
    assert value(telemetry, "stream_items_total", method="DetectStream", code="OK") == 2
    assert value(telemetry, "stream_items_total", method="DetectStream", code="INVALID_ARGUMENT") == 1
    assert value(telemetry, "requests_total", method="DetectStream", code="OK") == 1
    assert value(telemetry, "streams_open", method="DetectStream") == 0
    assert value(telemetry, "stage_duration_seconds_count", stage="pyramid") == 2


def test_a_stream_is_seen_while_it_is_open(host):
    address, telemetry = host
    with facegrid.connect(address) as client:
        seen = threading.Event()

        def pictures():
            yield png()
            assert seen.wait(20)
            yield png()

        stream = client.detect_many(pictures(), window=1)
        next(stream)
        assert value(telemetry, "streams_open", method="DetectStream") == 1
        seen.set()
        assert len(list(stream)) == 1


def test_a_server_that_is_gone_is_forgotten():
    metrics = Metrics()
    metrics.calls.labels("pnet", "1", "a:1", "OK").inc()
    metrics.calls.labels("pnet", "1", "b:1", "OK").inc()
    metrics.forget("a:1")
    sample = metrics.registry.get_sample_value
    labels = {"model": "pnet", "version": "1", "code": "OK"}
    assert sample("facegrid_model_calls_total", {**labels, "endpoint": "a:1"}) is None
    assert sample("facegrid_model_calls_total", {**labels, "endpoint": "b:1"}) == 1


def test_every_metric_is_documented_with_its_labels_and_nothing_else_is():
    rows = re.findall(
        r"^\| `(facegrid_\w+)` \| (\w+) \| ([^|]*)\|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE
    )
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    metrics = Metrics()
    defined = {}
    for metric in vars(metrics).values():
        if metric is not metrics.registry:
            name = metric._name + ("_total" if metric._type == "counter" else "")
            defined[name] = (metric._type, set(metric._labelnames))
    defined["facegrid_build_info"] = ("info", {"version"})
    assert documented == defined


def test_names_have_their_unit_as_prometheus_asks():
    for metric in Metrics().registry.collect():
        if metric.name.startswith("facegrid_"):
            assert not re.search(r"_(ms|millis|micros|kb|mb|percent)(_|$)", metric.name)
            assert ("duration" in metric.name) == metric.name.endswith("_seconds"), metric.name
            assert metric.documentation[0].isupper()
