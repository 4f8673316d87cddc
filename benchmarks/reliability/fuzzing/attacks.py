"""Attacks on each gRPC method and REST route of a model server: good requests, mutated before they are sent."""

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import grpc
from google.protobuf.message import Message

from benchmarks.reliability.fuzzing.good_requests import (
    MODEL,
    documents,
    example_requests,
    floats,
    metadata_request,
    predict_request,
    predict_requests,
    reload_request,
)
from benchmarks.reliability.fuzzing.mutations import json_bytes, mutate_message, mutated_bytes, mutated_json
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest

ANSWER_TIMEOUT_S = 30.0
"""A request that takes longer counts as hanging."""
RELOAD_TIMEOUT_S = 0.3
"""Deadline of a wrong list of models, which may wait for folders that do not exist."""
INTERNAL_ERROR = "internal error; see the log of the model server"

Attack = Callable[[Random], str]
"""Sends one wrong request; returns the status of the answer, or raises Fault."""


class Fault(Exception):
    """A request that was answered wrongly, or not at all."""


def attacks(channel: grpc.Channel, rest_port: int, base_path: str) -> dict[str, tuple[float, Attack]]:
    """Returns for each method its share of the requests, and its attack."""
    prediction, management = "PredictionService", "ModelService"
    examples = example_requests()
    shares: dict[str, tuple[float, str, Sequence[Message]]] = {
        "Predict": (0.3, prediction, predict_requests()),
        "Classify": (0.04, prediction, examples[:1]),
        "Regress": (0.04, prediction, examples[1:2]),
        "MultiInference": (0.04, prediction, examples[2:]),
        "GetModelMetadata": (0.04, prediction, [metadata_request()]),
        "GetModelStatus": (0.04, management, [GetModelStatusRequest(model_spec={"name": MODEL})]),
    }
    found: dict[str, tuple[float, Attack]] = {
        name: (share, _grpc_attack(channel, f"{service}/{name}", requests))
        for name, (share, service, requests) in shares.items()
    }
    found["HandleReloadConfigRequest"] = (0.15, _reload_attack(channel, base_path))
    found["REST"] = (0.35, _rest_attack(rest_port))
    return found


def check(channel: grpc.Channel, rest_port: int, base_path: str) -> Attack:
    """Returns a check that restores the models, and sends good requests that must be answered well."""
    predict = _method(channel, "PredictionService/Predict")
    request = predict_request("", {"x": floats((1, 1), 3.0)}).SerializeToString()

    def attempt() -> None:
        _set_models(channel, base_path)
        body = json_bytes({"instances": [[3.0]]})
        answer = _http(rest_port, _head("POST", f"/v1/models/{MODEL}:predict", body) + body)
        if not answer.endswith(b'{\n    "predictions": [[3.5]\n    ]\n}'):
            raise Fault(f"REST answered a good request with {answer!r}")
        if (status := _grpc_status(predict, request, ANSWER_TIMEOUT_S)) != "OK":
            raise Fault(f"gRPC answered a good request with {status}")

    def good(_random: Random) -> str:
        due_s = time.monotonic() + ANSWER_TIMEOUT_S
        while True:
            try:
                attempt()
            except Fault:  # another caller may have changed the models in between
                if time.monotonic() > due_s:
                    raise
            else:
                return "OK"

    return good


def _grpc_attack(channel: grpc.Channel, path: str, requests: Sequence[Message]) -> Attack:
    call = _method(channel, path)

    def attack(random: Random) -> str:
        return _grpc_status(call, _mutated(random.choice(requests), random), ANSWER_TIMEOUT_S)

    return attack


def _mutated(good: Message, random: Random) -> bytes:
    """Returns a message that can be parsed but is odd, or bytes that may not be a message."""
    if random.random() < 0.3:
        return mutated_bytes(good.SerializeToString(), random)
    request = type(good)()
    request.CopyFrom(good)
    for _ in range(random.choice((1, 1, 2, 5))):
        mutate_message(request, random)
    return request.SerializeToString()


def _method(channel: grpc.Channel, name: str) -> Any:
    """Returns a call that takes and returns bytes."""
    call: Any = channel.unary_unary(f"/tensorflow.serving.{name}")
    return call


def _grpc_status(call: Any, data: bytes, timeout_s: float) -> str:
    """Returns the name of the status; raises Fault for a status that no request may get."""
    try:
        call(data, timeout=timeout_s)
    except grpc.RpcError as error:
        code, details = error.code(), error.details()
        is_late = code is grpc.StatusCode.DEADLINE_EXCEEDED and timeout_s == ANSWER_TIMEOUT_S
        if is_late or code is grpc.StatusCode.UNAVAILABLE or details == INTERNAL_ERROR:
            raise Fault(f"{code.name} {details}, request {data!r}") from error
        return str(code.name)
    return "OK"


def _reload_attack(channel: grpc.Channel, base_path: str) -> Attack:
    call = _method(channel, "ModelService/HandleReloadConfigRequest")
    good = reload_request(base_path)

    def attack(random: Random) -> str:
        status = _grpc_status(call, _mutated(good, random), RELOAD_TIMEOUT_S)
        _set_models(channel, base_path)
        return status

    return attack


def _set_models(channel: grpc.Channel, base_path: str) -> None:
    call = _method(channel, "ModelService/HandleReloadConfigRequest")
    status = _grpc_status(call, reload_request(base_path).SerializeToString(), ANSWER_TIMEOUT_S)
    if status != "OK":
        raise Fault(f"a good list of models was answered with {status}")


def _rest_attack(port: int) -> Attack:
    choices = documents()

    def attack(random: Random) -> str:
        method, path, document = random.choice(choices)
        body = b"" if document is None else json_bytes(document)
        match random.randrange(4):
            case 0:
                body = mutated_bytes(body, random)
            case 1 | 2:
                body = json_bytes(mutated_json(document, random))
        head = _head(method, path, body)
        is_head_good = random.random() < 0.8
        if is_head_good:
            answer = _http(port, head + body)
        else:
            # The head may be incomplete, so the sending side is closed; the server may then close without an answer.
            answer = _http(port, mutated_bytes(head, random) + body, ends=True) or b"HTTP/1.1 closed"
        if not answer.startswith(b"HTTP/1.1 ") or INTERNAL_ERROR.encode() in answer:
            raise Fault(f"{answer!r}, request {head + body!r}")
        if is_head_good and answer.startswith(b"HTTP/1.1 500"):
            raise Fault(f"{answer!r}, request {head + body!r}")
        return answer[9:].split(maxsplit=1)[0].decode()

    return attack


def _head(method: str, path: str, body: bytes) -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()


def _http(port: int, request: bytes, *, ends: bool = False) -> bytes:
    """Returns everything received until the server closes. With `ends` the sending side is closed first."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_TIMEOUT_S) as connection:
        answer = b""
        try:
            # The server may have answered, and closed, before it has read all.
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                answer += chunk
        except TimeoutError as error:
            raise Fault(f"no answer within {ANSWER_TIMEOUT_S} s to {request!r}") from error
        except ConnectionResetError:
            pass
        return answer
