"""The plain host in a thread of the test's process, for tests that call it over gRPC."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.api.face_service import FaceService
from orchestrator.api.grpc_host import GrpcHost
from orchestrator.gallery.gallery import Gallery
from orchestrator.observer import NOBODY


@contextmanager
def running_host(settings, predictor, observer=NOBODY) -> Iterator[str]:
    """Serves until the end of the block; gives HOST:PORT."""
    started: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve():
        gallery = Gallery(settings.gallery) if settings.gallery else None
        host = GrpcHost(FaceService(settings, predictor, gallery, observer=observer), "127.0.0.1:0")
        started.append(await host.start())
        ready.set()
        await asyncio.to_thread(stop.wait)
        await host.close(grace_s=1)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20), "the host did not start"
        yield f"127.0.0.1:{started[0]}"
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
