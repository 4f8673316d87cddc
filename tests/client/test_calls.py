"""The table of methods, without a service."""

import pytest

from facegrid.client import calls
from facegrid.v1 import detect_pb2, face_service_pb2, generator_service_pb2

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
