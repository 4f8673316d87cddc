"""Both hosts offer what the .proto files list."""

import inspect
import subprocess
import sys

import pytest

from facegrid.v1 import discriminate_pb2, enroll_pb2, generate_pb2, subject_pb2, video_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer
from facegrid.v1.generator_service_pb2_grpc import GeneratorServiceServicer
from orchestrator.api.call_adapter import CallAdapter
from orchestrator.api.grpc_host import Servicer
from orchestrator.api.methods import SERVER_STREAMS, SERVICE_NAMES, STREAMS, UNARY, response_type
from tests.support.paths import REPOSITORY


def test_the_table_has_every_method_once():
    services = [FaceServiceServicer, GeneratorServiceServicer]
    generated = [name for service in services for name in vars(service) if not name.startswith("_")]
    assert sorted(UNARY + STREAMS + SERVER_STREAMS) == sorted(generated)
    assert len(set(generated)) == len(generated)  # Ray Serve knows a method by its name alone
    assert SERVICE_NAMES == ("facegrid.v1.FaceService", "facegrid.v1.GeneratorService")


def test_every_stream_of_pictures_has_its_method_for_one():
    assert {name.removesuffix("Stream") for name in STREAMS} - {"IdentifyVideo"} <= set(UNARY)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("EnrollStream", enroll_pb2.EnrollStreamResponse),
        ("DeleteSubject", subject_pb2.DeleteSubjectResponse),
        ("IdentifyVideo", video_pb2.IdentifyVideoResponse),
        ("Generate", generate_pb2.GenerateResponse),
        ("Discriminate", discriminate_pb2.DiscriminateResponse),
    ],
)
def test_a_method_answers_with_its_message(name, message):
    assert response_type(name) is message


def kinds(host):
    """Names of the methods of a host by how they are called."""
    unary = {name for name in UNARY if inspect.iscoroutinefunction(getattr(host, name))}
    return unary, {name for name in STREAMS + SERVER_STREAMS if inspect.isasyncgenfunction(getattr(host, name))}


KINDS = (set(UNARY), set(STREAMS + SERVER_STREAMS))


def test_the_plain_host_has_every_method_in_its_kind():
    assert kinds(Servicer(CallAdapter(service=None))) == KINDS


def test_ray_serves_host_has_every_method_in_its_kind():
    code = (
        "from tests.api.test_methods import KINDS, kinds\n"
        "from orchestrator.deployments.face import FaceIngress\n"
        "print(kinds(FaceIngress) == KINDS)"
    )
    # In a process of its own: Ray warns of itself when it is imported, and is not small.
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
