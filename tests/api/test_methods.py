"""Both hosts offer what the .proto lists."""

import inspect
import subprocess
import sys

import pytest

from facegrid.v1 import enroll_pb2, subject_pb2, video_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer
from orchestrator.api.grpc_host import FaceServicer
from orchestrator.api.methods import SERVICE_NAME, STREAMS, UNARY, response_type
from tests.conftest import REPOSITORY


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


def kinds(host):
    """Names of the methods of a host by how they are called."""
    unary = {name for name in UNARY if inspect.iscoroutinefunction(getattr(host, name))}
    return unary, {name for name in STREAMS if inspect.isasyncgenfunction(getattr(host, name))}


def test_the_plain_host_has_every_method_in_its_kind():
    assert kinds(FaceServicer(service=None)) == (set(UNARY), set(STREAMS))


def test_ray_serves_host_has_every_method_in_its_kind():
    code = (
        "from tests.api.test_methods import STREAMS, UNARY, kinds\n"
        "from orchestrator.deployments.face import FaceIngress\n"
        "print(kinds(FaceIngress) == (set(UNARY), set(STREAMS)))"
    )
    # In a process of its own: Ray warns of itself when it is imported, and is not small.
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
