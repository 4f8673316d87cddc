"""The table of methods, without a service."""

import pytest

from facegrid.answers.people import Portrait
from facegrid.client import calls
from facegrid.v1 import detect_pb2, enroll_pb2, face_pb2, face_service_pb2, generator_service_pb2, identify_pb2

ROWS = [row for row in vars(calls).values() if isinstance(row, (calls.Rpc, calls.StreamRpc))]
METHODS = {
    method.name: method
    for file in (face_service_pb2, generator_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def test_every_method_of_the_services_has_one_row():
    assert sorted(row.method for row in ROWS) == sorted(METHODS)


@pytest.mark.parametrize("row", [row for row in ROWS if isinstance(row, calls.StreamRpc)], ids=lambda row: row.method)
def test_a_row_of_many_requests_names_the_message_of_its_method(row):
    assert METHODS[row.method].input_type == row.message.DESCRIPTOR


def test_a_time_limit_has_some_grace_and_none_is_that_of_a_hung_service():
    assert calls.DETECT.prepare(2.0, b"picture", {}).wait_s == 2.0 + calls.TIMEOUT_GRACE_S
    assert calls.DETECT.prepare(None, b"picture", {}).wait_s == calls.HUNG_SERVICE_S


def test_the_requests_of_a_stream_are_those_of_the_single_call():
    encode = calls.DETECT_STREAM.encoder(1.5, {"min_face_px": 33})
    single = calls.DETECT.prepare(1.5, b"picture", {"min_face_px": 33}).request
    assert (
        encode(b"picture")
        == single
        == detect_pb2.DetectRequest(image=b"picture", timeout_ms=1500, options={"min_face_px": 33})
    )


def test_options_about_people_are_set_and_absent_ones_are_not():
    request = calls.IDENTIFY.prepare(None, b"picture", {"top_k": 7, "threshold": None, "min_face_px": 40}).request
    assert request == identify_pb2.IdentifyRequest(
        image=b"picture", identify_options={"top_k": 7}, detect_options={"min_face_px": 40}
    )
    request = calls.VERIFY.prepare(None, b"first", Portrait(b"second", 2), {"target_false_match_rate": 0.25}).request
    assert not request.first.HasField("face_index")
    assert (request.second.image, request.second.face_index) == (b"second", 2)
    assert request.WhichOneof("decision") == "target_false_match_rate"


def enrolled_pictures(images):
    """The pictures of each call of an enrolment."""
    return [list(call.request.images) for call in calls.enroll_calls(1.0, "Ann", images, {"min_score": 0.5}, {})]


def test_an_enrolment_is_sent_in_calls_of_sixteen_pictures():
    images = [b"%d" % index for index in range(40)]
    sent = enrolled_pictures(iter(images))
    assert [len(batch) for batch in sent] == [16, 16, 8]
    assert [portrait.image for batch in sent for portrait in batch] == images
    (call,) = calls.enroll_calls(1.0, "Ann", b"picture", {"min_score": 0.5}, {"min_face_px": 33})
    assert call.request == enroll_pb2.EnrollRequest(
        subject="Ann",
        images=[face_pb2.Portrait(image=b"picture")],
        enroll_options={"min_score": 0.5},
        detect_options={"min_face_px": 33},
        timeout_ms=1000,
    )


def test_an_enrolment_is_sent_in_calls_of_bounded_size(monkeypatch):
    monkeypatch.setattr(calls, "_ENROLL_BYTES", 3000)
    sizes = [
        [len(one.image) for one in batch] for batch in enrolled_pictures([bytes(n) for n in (1000, 2000, 1, 4000)])
    ]
    assert sizes == [[1000, 2000], [1], [4000]]
