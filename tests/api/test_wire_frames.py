"""What a failed call is on the wire: a bridge from HTTP takes an empty message before the status for an answer."""

import asyncio
import socket
import struct

import grpc
import pytest
from ray.serve._private.grpc_util import gRPCGenericServer

from facegrid.v1 import detect_pb2 as pb
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer, add_FaceServiceServicer_to_server
from orchestrator.deployments.grpc_services import add_face_service
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.pictures import png
from tests.support.plain_pnet import pnet

DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4
PREDICTOR = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name: str, value: str) -> bytes:
    """A literal header without indexing and without Huffman's code (RFC 7541, 6.2.2)."""
    return b"".join([b"\x00", *(bytes([len(text)]) + text.encode() for text in (name, value))])


def frames_of_call(address: str, request: bytes) -> list[tuple[int, bool, bytes]]:
    """Calls Detect, and returns kind, end of stream and payload of each frame of the answer."""
    host, _, port = address.rpartition(":")
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/facegrid.v1.FaceService/Detect",
        ":authority": address,
        "te": "trailers",
        "content-type": "application/grpc",
    }
    found = []
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rb") as answer:
        connection.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + frame(SETTINGS, 0, 0)
            + frame(HEADERS, END_HEADERS, 1, b"".join(header(*one) for one in headers.items()))
            + frame(DATA, END_STREAM, 1, b"\x00" + struct.pack(">I", len(request)) + request)
        )
        while not (found and found[-1][1]):
            head = answer.read(9)
            assert len(head) == 9, "the connection was closed"
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            payload = answer.read(int.from_bytes(head[:3], "big"))
            if stream == 1 and kind in {DATA, HEADERS}:
                found.append((kind, bool(flags & END_STREAM), payload))
    return found


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


def test_rays_server_ends_a_failed_call_with_its_status_alone():
    """Ray's own server class, with a handler that fails as Ray's proxy does."""

    def factory(service_method, streaming_type):
        async def fail(request, context):
            context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
            context.set_details("INVALID_IMAGE: not a picture")
            context.set_trailing_metadata((("x-request-id", "one"),))
            return b""

        return fail

    async def frames(add) -> list[tuple[int, bool, bytes]]:
        server = gRPCGenericServer(factory)
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
