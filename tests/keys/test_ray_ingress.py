"""Keys in the deployment on Ray Serve, without Ray's processes."""

import asyncio
import warnings

import grpc
import pytest

from facegrid.v1 import detect_pb2 as pb
from orchestrator.api.call_adapter import CallAdapter
from orchestrator.api.methods import SERVER_STREAMS, STREAMS, UNARY
from orchestrator.keys.file import KeysError
from orchestrator.keys.guard import Guard
from orchestrator.keys.ring import KeyRing
from orchestrator.keys.scopes import SCOPE_OF
from orchestrator.priority import Priority
from orchestrator.settings import Settings
from tests.support.keyfile import bearer, make_key, write_keys

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Ray, about pydantic
    from ray.serve.grpc_util import RayServegRPCContext

    from orchestrator.deployments.face import FaceIngress, StreamFailed


class Sent:
    """What Ray copies of a call: metadata, and nothing else of interest."""

    def __init__(self, metadata):
        self.metadata = metadata

    def __getattr__(self, name):
        return {"invocation_metadata": lambda: self.metadata, "trailing_metadata": list}.get(name, lambda: None)


class Service:
    """Remembers what reached it."""

    def __init__(self):
        self.reached = []

    async def call(self, name, request, *, timeout_s, priority, origin):
        self.reached.append((name, priority, origin.request_id))
        return pb.DetectResponse(image_width_px=7)

    async def stream(self, name, requests, *, priority, origin):
        async for request in requests:
            self.reached.append((name, priority, origin.request_id))
            yield request

    async def server_stream(self, name, request, *, timeout_s, priority, origin):
        self.reached.append((name, priority, origin.request_id))
        yield request


class Replica(FaceIngress):
    def __del__(self):
        """Ray Serve awaits the real one."""


@pytest.fixture
def replica(tmp_path):
    def make(*entries):
        ingress = object.__new__(Replica)
        guard = Guard(KeyRing(write_keys(tmp_path / "keys.json", *entries)))
        ingress.service = Service()
        ingress.calls = CallAdapter(ingress.service, guard)
        return ingress

    return make


async def requests():
    yield pb.DetectStreamRequest(item=pb.DetectStreamRequest.Item(id="a"))
    yield pb.DetectStreamRequest(end=pb.DetectStreamRequest.End())


def call(replica, name, metadata):
    """Returns the answers and the context afterwards."""
    context = RayServegRPCContext(Sent(metadata))

    async def ask():
        if name in UNARY:
            return [await getattr(replica, name)(pb.DetectRequest(), context)]
        sent = requests() if name in STREAMS else pb.DetectRequest()
        return [answer async for answer in getattr(replica, name)(sent, context)]

    try:
        return asyncio.run(ask()), context
    except StreamFailed:
        return None, context


@pytest.mark.parametrize("name", [*UNARY, *STREAMS, *SERVER_STREAMS])
def test_no_method_is_reached_without_its_scope(replica, name):
    nothing, nothing_entry = make_key("detect" if SCOPE_OF[name] == "generate" else "generate")
    ingress = replica(nothing_entry)
    for metadata, code in (([], "UNAUTHENTICATED"), (bearer(nothing), "PERMISSION_DENIED")):
        _, context = call(ingress, name, metadata)
        assert context.code().name == code
        assert context.details().startswith(f"{code}: ")
    assert ingress.service.reached == []


def test_the_right_key_reaches_calls_and_streams(replica):
    key, entry = make_key("detect")
    ingress = replica(entry)
    answers, context = call(ingress, "Detect", bearer(key))
    assert answers[0].image_width_px == 7
    assert context.code() is None
    answers, context = call(ingress, "DetectStream", bearer(key))
    assert len(answers) == 2
    assert context.code() is None


@pytest.mark.parametrize("name", ["Detect", "DetectStream", "Generate"])
def test_what_else_the_metadata_say_still_holds(replica, name):
    key, entry = make_key("detect", "generate")
    ingress = replica(entry)
    said = [("facegrid-priority", "bulk" if name == "Detect" else "interactive"), ("x-request-id", "r-1")]
    _, context = call(ingress, name, [*bearer(key), *said])
    priority = Priority.BULK if name == "Detect" else Priority.INTERACTIVE
    assert set(ingress.service.reached) == {(name, priority, "r-1")}
    assert ("x-request-id", "r-1") in context.trailing_metadata()


def test_a_replica_without_a_file_of_keys_says_so_and_is_closed_without_a_word(tmp_path):
    ingress = object.__new__(Replica)
    settings = Settings(api_keys_file=str(tmp_path / "none.json"))

    async def start():
        with pytest.raises(KeysError, match=r"none\.json"):
            await ingress.__init__(settings)
        await FaceIngress.__del__(ingress)

    asyncio.run(start())


def test_a_key_that_asks_too_often_is_told_when_to_come_back(replica):
    key, entry = make_key("detect", rps=0.001, burst=1)
    ingress = replica(entry)
    call(ingress, "Detect", bearer(key))
    _, context = call(ingress, "Detect", bearer(key))
    assert context.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    ((name, value),) = context.trailing_metadata()  # and no request id: it is refused before that is looked at
    assert name == "grpc-retry-pushback-ms"
    assert 900_000 < int(value) <= 1_000_000
