"""The time of an item of a stream: how much of it is work, and how much there is."""

import asyncio
import time

import facegrid
from facegrid.v1 import detect_pb2 as pb
from orchestrator.api.face_service import FaceService
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.pictures import png
from tests.support.plain_pnet import pnet

PREDICTOR = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})


def test_the_time_of_an_item_is_its_work_without_its_wait():
    count = 12
    with running_host(Settings(max_images_at_once=1), PREDICTOR) as target, facegrid.connect(target) as client:
        started_s = time.monotonic()
        items = [*client.detect_many([png()] * count), *client.detect_many([b"no picture"])]
        took_s = time.monotonic() - started_s
    *answered, refused = items
    assert all(0 < item.work_s < item.elapsed_s for item in answered)
    # One picture is worked on at a time, so works do not overlap; the times until the answers do.
    assert sum(item.work_s for item in answered) < took_s < sum(item.elapsed_s for item in answered)
    assert (refused.result, refused.work_s) == (None, None), "it was refused before its turn"


async def budgets(settings: Settings, timeout_ms: int) -> tuple[float, float]:
    """The time that a picture has alone and in a stream."""
    service = FaceService(settings, PREDICTOR, None)
    seen = []

    async def detect(request, deadline):
        seen.append(deadline.remaining_s())
        return pb.DetectResponse()

    async def requests():
        yield pb.DetectStreamRequest(item=pb.DetectStreamRequest.Item(id="a", request=request))
        yield pb.DetectStreamRequest(end=pb.DetectStreamRequest.End())

    service._unary["Detect"] = detect
    request = pb.DetectRequest(timeout_ms=timeout_ms)
    await service.call("Detect", request)
    _ = [answer async for answer in service.stream("DetectStream", requests())]
    await service.close()
    return tuple(round(budget_s) for budget_s in seen)


def test_an_item_has_longer_by_default_than_a_picture_alone():
    assert asyncio.run(budgets(Settings(), 0)) == (30, 90)
    assert asyncio.run(budgets(Settings(max_timeout_s=60), 0)) == (30, 60)


def test_a_time_limit_of_the_caller_holds_in_a_stream():
    assert asyncio.run(budgets(Settings(), 20_000)) == (20, 20)
