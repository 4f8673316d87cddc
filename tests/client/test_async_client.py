import asyncio
import inspect
import threading
import time

import numpy as np
import pytest
from grpc_health.v1 import health_pb2

from facegrid import errors
from facegrid.answers.faces import Health
from facegrid.client.aio import AsyncClient, connect_async
from facegrid.client.sync import Client
from tests.client.face_server import expected_face
from tests.support.polling import eventually


def with_client(target: str, use):
    async def run():
        async with connect_async(target) as client:
            return await use(client)

    return asyncio.run(run(), debug=True)


def test_the_twins_have_the_same_calls_with_the_same_parameters():
    def calls(kind):
        return {
            name: [(p.name, p.kind, p.default) for p in inspect.signature(call).parameters.values()]
            for name, call in inspect.getmembers(kind, callable)
            if not name.startswith("_")
        }

    assert calls(AsyncClient) == calls(Client)


def test_detect_gives_what_the_service_answered(server, photo):
    found = with_client(server.target, lambda client: client.detect_detailed(photo))
    assert (found.image_width_px, found.image_height_px) == (67, 41)
    assert found.faces[0].landmarks.left_eye.x == expected_face(photo).landmarks.left_eye.x


def test_calls_run_side_by_side(server):
    images = [np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8) for seed in range(32)]

    async def all_at_once(client):
        return await asyncio.gather(*map(client.detect, images))

    for pixels, [face] in zip(images, with_client(server.target, all_at_once), strict=True):
        assert face.landmarks.left_eye.x == expected_face(pixels).landmarks.left_eye.x


def test_errors_are_those_of_the_sync_client(server, free_port, tmp_path):
    with pytest.raises(errors.InvalidImage, match="not a JPEG"):
        with_client(server.target, lambda client: client.detect(b"no picture"))
    with pytest.raises(errors.DeadlineExceeded):
        with_client(server.target, lambda client: client.detect(b"hold", timeout_s=0.1))
    with pytest.raises(errors.Unavailable, match="facegrid status"):
        with_client(f"127.0.0.1:{free_port}", lambda client: client.detect(b"picture"))
    with pytest.raises(FileNotFoundError):
        with_client(server.target, lambda client: client.detect(tmp_path / "none.jpg"))


def test_a_proxy_without_its_service_is_asked_again(server, photo):
    server.lose_service(2)
    assert len(with_client(server.target, lambda client: client.detect(photo))) == 1
    assert len(server.servicer.requests) == 3


def test_cancelling_the_task_cancels_the_call(server):
    async def cancel(client):
        task = asyncio.create_task(client.detect(b"hold"))
        await asyncio.to_thread(eventually, server.servicer.held.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with_client(server.target, cancel)


def test_wait_until_ready_and_health(server):
    server.set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
    give_up_s = time.monotonic() + 60

    async def given_up(client) -> str:
        with pytest.raises(errors.DeadlineExceeded) as caught:
            await client.wait_until_ready(0.5)
        return caught.value.message

    async def wait(client):
        assert await client.health() is Health.NOT_SERVING
        # In so short a time there may be no answer at all: then it is waited for again.
        while "it says not_serving" not in await given_up(client):
            assert time.monotonic() < give_up_s
        timer = threading.Timer(0.1, server.set_health, [health_pb2.HealthCheckResponse.SERVING])
        timer.start()
        await client.wait_until_ready(10)
        timer.join()

    with_client(server.target, wait)


def test_a_closed_client_says_so(server, photo):
    async def close_first(client):
        await client.close()
        await client.close()
        with pytest.raises(RuntimeError, match="is closed"):
            await client.detect(photo)

    with_client(server.target, close_first)
