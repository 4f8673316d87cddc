"""The plain host in a thread of the test's process, for tests that call it over gRPC."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.api.face_service import FaceService
from orchestrator.api.grpc_host import GrpcHost
from orchestrator.gallery.gallery import Gallery
from orchestrator.keys.guard import open_guard
from orchestrator.observer import NO_OBSERVER

TIMEOUT_S = 60


@contextmanager
def running_host(settings, predictor, observer=NO_OBSERVER, *, credentials=None) -> Iterator[str]:
    """Serves until the end of the block; gives HOST:PORT."""
    guard = open_guard(settings.api_keys_file)
    started: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve():
        gallery = Gallery(settings.gallery) if settings.gallery else None
        service = FaceService(settings, predictor, gallery, observer=observer)
        host = GrpcHost(service, "127.0.0.1:0", guard=guard, credentials=credentials)
        started.append(await host.start())
        ready.set()
        await asyncio.to_thread(stop.wait)
        await host.close(grace_s=1)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(TIMEOUT_S), "the host did not start"
        yield f"127.0.0.1:{started[0]}"
    finally:
        stop.set()
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
