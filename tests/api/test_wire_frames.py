"""What a failed call is on the wire: a bridge from HTTP takes an empty message before the status for an answer."""

import asyncio
import warnings

import grpc
import pytest

from facegrid.v1 import detect_pb2 as pb
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer, add_FaceServiceServicer_to_server
from orchestrator.deployments.grpc_services import add_face_service
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.http2_frames import DATA, HEADERS, frames_of_call
from tests.support.pictures import png
from tests.support.plain_pnet import pnet

PREDICTOR = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})


@pytest.fixture(scope="module")
def host():
    with running_host(Settings(), PREDICTOR) as address:
        yield address


def test_an_answer_is_headers_a_message_and_trailers(host):
    frames = frames_of_call(host, pb.DetectRequest(image=png(32, 24)).SerializeToString())
    assert [(kind, ends) for kind, ends, _ in frames] == [(HEADERS, False), (DATA, False), (HEADERS, True)]


def test_an_error_is_its_status_and_no_message(host):
    frames = frames_of_call(host, pb.DetectRequest(image=b"no picture").SerializeToString())
    assert [(kind, ends) for kind, ends, _ in frames] == [(HEADERS, True)], "trailers only"
    assert b"INVALID_IMAGE: not a JPEG, PNG or WebP file" in frames[0][2]


@pytest.fixture(scope="module")
def ray_server_class():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Ray's use of pydantic
        from ray.serve._private.grpc_util import gRPCGenericServer
    return gRPCGenericServer


def test_rays_server_ends_a_failed_call_with_its_status_alone(ray_server_class):
    """Ray's own server class, with a handler that fails as Ray's proxy does."""

    def factory(service_method, streaming_type):
        async def fail(request, context):
            context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
            context.set_details("INVALID_IMAGE: not a picture")
            context.set_trailing_metadata((("x-request-id", "one"),))
            return b""

        return fail

    async def frames(add) -> list[tuple[int, bool, bytes]]:
        server = ray_server_class(factory)
        add(FaceServiceServicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            return await asyncio.to_thread(frames_of_call, f"127.0.0.1:{port}", b"")
        finally:
            await server.stop(0)

    as_ray_does = asyncio.run(frames(add_FaceServiceServicer_to_server))
    assert [kind for kind, _, _ in as_ray_does] == [HEADERS, DATA, HEADERS], "without the mend there is a message"
    [(kind, ends, payload)] = asyncio.run(frames(add_face_service))
    assert (kind, ends) == (HEADERS, True)
    assert b"INVALID_IMAGE: not a picture" in payload
    assert b"x-request-id" in payload
