"""The frames of HTTP/2 that answer a call, as a bridge sees them; written by hand, so that no library hides any."""

import socket
import struct

DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4


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
