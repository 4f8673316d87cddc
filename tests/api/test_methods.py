"""Both hosts offer what the .proto lists."""

import inspect

import pytest

from facegrid.v1 import enroll_pb2, subject_pb2, video_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer
from orchestrator.api.grpc_host import FaceServicer
from orchestrator.api.methods import SERVICE_NAME, STREAMS, UNARY, response_type


def test_the_table_has_every_method_once():
    generated = {name for name in vars(FaceServiceServicer) if not name.startswith("_")}
    assert set(UNARY) | set(STREAMS) == generated
    assert not set(UNARY) & set(STREAMS)
    assert SERVICE_NAME == "facegrid.v1.FaceService"


def test_every_stream_of_pictures_has_its_method_for_one():
    assert {name.removesuffix("Stream") for name in STREAMS} - {"IdentifyVideo"} <= set(UNARY)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("EnrollStream", enroll_pb2.EnrollStreamResponse),
        ("DeleteSubject", subject_pb2.DeleteSubjectResponse),
        ("IdentifyVideo", video_pb2.IdentifyVideoResponse),
    ],
)
def test_a_method_answers_with_its_message(name, message):
    assert response_type(name) is message


def test_both_hosts_have_every_method_in_its_kind():
    from orchestrator.deployments.face import FaceIngress

    plain = FaceServicer(service=None)
    for host in (plain, FaceIngress):
        for name in UNARY:
            assert inspect.iscoroutinefunction(getattr(host, name)), name
        for name in STREAMS:
            assert inspect.isasyncgenfunction(getattr(host, name)), name
