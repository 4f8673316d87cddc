"""The log of a real run: an entry for each call, and nothing that a caller sent."""

import json
import re

import grpc
import pytest

import facegrid
from facegrid.v1 import detect_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from tests.support.pictures import png
from tests.telemetry.observed_host import NETWORKS, observed_host
from tests.telemetry.processes import HostProcess, Networks, grpc_server

SUBJECT = "Ann Q. Person"


@pytest.fixture(scope="module", params=["json", "text"])
def run(request, tmp_path_factory):
    """Format and log of a host that detected, enrolled, identified, failed and forgot; its gallery's folder; and
    the ids of requests that the client's errors told."""
    folder = tmp_path_factory.mktemp("secret-folder")
    variables = {"FACEGRID_GALLERY": str(folder / "gallery"), "FACEGRID_LOG_FORMAT": request.param}
    with grpc_server(Networks(NETWORKS)) as (_, models), HostProcess(folder, models, **variables) as host:
        told = use(host.address)
    log = host.log.read_text()
    with (
        HostProcess(folder, models, **variables) as lonely,
        facegrid.connect(lonely.address) as client,
        pytest.raises(facegrid.Unavailable) as caught,
    ):
        client.detect(png())
    return request.param, log + lonely.log.read_text(), folder, [*told, caught.value.request_id]


def use(address):
    with facegrid.connect(address) as client:
        client.detect(png())
        gate = {"min_face_px": 12, "min_score": 0, "max_yaw_degrees": 90}
        client.enroll(SUBJECT, facegrid.Portrait(png(), 0), detect_options={"pnet_threshold": 0}, **gate)
        assert client.identify(png(), pnet_threshold=0)[0].candidates[0].subject == SUBJECT
        client.delete_subject(SUBJECT)
        with pytest.raises(facegrid.SubjectNotFound) as absent:
            client.subject(SUBJECT)
        with pytest.raises(facegrid.InvalidImage) as damaged:
            client.detect(b"SECRET-BYTES")
        (refused,) = [one.error for one in client.detect_many([png(), b"SECRET-BYTES"]) if one.error]
    return [absent.value.request_id, damaged.value.request_id, refused.request_id]


def test_nothing_that_a_caller_sent_and_no_path_is_in_the_log(run):
    _, log, folder, _ = run
    assert "Ann" not in log
    assert "SECRET" not in log
    assert folder.name not in log
    assert "Traceback" not in log
    assert not re.search(r"(/\w+){2,}", log), "a path"
    assert not re.search(r"(-?0\.\d+,\s*){3}", log), "a vector"
    assert max(map(len, log.splitlines())) < 600


def test_every_line_is_an_object_with_the_calls_outcome(run):
    form, log, _, told = run
    if form != "json":
        pytest.skip("for machines")
    entries = [json.loads(line) for line in log.splitlines()]
    calls = [one for one in entries if one["logger"] == "orchestrator.request"]
    outcomes = [(one["method"], one["code"], one.get("reason")) for one in calls]
    assert outcomes[:8] == [
        ("Detect", "OK", None),
        ("Enroll", "OK", None),
        ("Identify", "OK", None),
        ("DeleteSubject", "OK", None),
        ("GetSubject", "NOT_FOUND", "SUBJECT_NOT_FOUND"),
        ("Detect", "INVALID_ARGUMENT", "INVALID_IMAGE"),
        ("DetectStream", "OK", None),
        ("Detect", "UNAVAILABLE", "UNAVAILABLE"),
    ]
    assert set(outcomes[8:]) <= {outcomes[7]}, "the client tries again"
    ids = [one["request_id"] for one in calls]
    assert len(set(ids[:8])) == 8
    assert set(ids[8:]) <= {ids[7]}, "it is the same call"
    assert told == ids[4:8], "the caller's error finds the entry"
    assert all(one["duration_ms"] >= 0 and one["level"] == "INFO" for one in calls)
    assert calls[0]["pixels"] == 96 * 80
    (identified,) = [one for one in calls if one["method"] == "Identify"]
    assert identified["faces"] > 0
    warnings = [one for one in entries if one["level"] == "WARNING"]
    assert warnings
    assert warnings[-1]["request_id"] == calls[-1]["request_id"]


def test_text_is_one_line_for_each_call(run):
    form, log, _, _ = run
    if form != "text":
        pytest.skip("for people")
    assert re.search(r" INFO orchestrator\.request request_id=\w+ method=Detect code=OK duration_ms=\d", log)


@pytest.mark.parametrize(
    ("given", "kept"), [("order-17", True), ("a b", False), ("x\nforged", False), ("x" * 129, False), ("", False)]
)
def test_the_callers_request_id_comes_back_if_it_is_a_word(given, kept):
    with observed_host() as (address, _), grpc.insecure_channel(address) as channel:
        metadata = () if "\n" in given else (("x-request-id", given),)
        request = detect_pb2.DetectRequest(image=png())
        _, call = FaceServiceStub(channel).Detect.with_call(request, metadata=metadata)
    (returned,) = [value for key, value in call.trailing_metadata() if key == "x-request-id"]
    assert (returned == given) == kept
    assert re.fullmatch(r"[0-9a-f]{32}", returned) or kept


def test_an_error_and_a_stream_bring_their_request_id_too(host):
    address, _ = host
    with grpc.insecure_channel(address) as channel:
        stub = FaceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Detect(detect_pb2.DetectRequest(), metadata=(("x-request-id", "a"),))
        assert ("x-request-id", "a") in caught.value.trailing_metadata()
        call = stub.DetectStream(
            iter([detect_pb2.DetectStreamRequest(end=detect_pb2.DetectStreamRequest.End())]),
            metadata=(("x-request-id", "b"),),
        )
        list(call)
        assert ("x-request-id", "b") in call.trailing_metadata()
