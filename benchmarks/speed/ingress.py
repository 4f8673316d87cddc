"""Which ingress of Ray Serve should the local stack use?

Starts the stack twice, once for each ingress, and sends the same requests to both: 100 KB that are not a picture, which
cost the service next to nothing, so that the ingress is measured; then a real picture.

    python -m benchmarks.speed.ingress PICTURE [--models-dir models]
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import grpc
import numpy as np

from benchmarks.common.local_stack import local_stack
from benchmarks.common.machine import conditions
from facegrid.v1.detect_pb2 import DetectRequest, DetectStreamRequest
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.app.options import INGRESSES
from orchestrator.app.status import stack_status

_SECONDS = 4.0
_CALLERS = 16
_STREAM_ITEMS = 500
_NO_PICTURE = DetectRequest(image=bytes(100_000))


async def _refused(service: FaceServiceStub) -> None:
    try:
        await service.Detect(_NO_PICTURE)
    except grpc.aio.AioRpcError as err:
        if err.code() is not grpc.StatusCode.INVALID_ARGUMENT:
            raise


async def _latencies_ms(call: Callable[[], Awaitable[object]]) -> np.ndarray:
    found = []
    end = time.perf_counter() + _SECONDS
    while (begin := time.perf_counter()) < end:
        await call()
        found.append((time.perf_counter() - begin) * 1000)
    return np.array(found)


async def _per_second(call: Callable[[], Awaitable[object]], callers: int) -> float:
    """Returns calls per second of `callers` that each wait for their answer."""
    done = 0
    begin = time.perf_counter()

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() - begin < _SECONDS:
            await call()
            done += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    return done / (time.perf_counter() - begin)


async def _stream_per_second(service: FaceServiceStub) -> float:
    async def items() -> AsyncIterator[DetectStreamRequest]:
        for number in range(_STREAM_ITEMS):
            yield DetectStreamRequest(item=DetectStreamRequest.Item(id=str(number), request=_NO_PICTURE))
        yield DetectStreamRequest(end=DetectStreamRequest.End())

    begin = time.perf_counter()
    answers = 0
    async for _ in service.DetectStream(items()):
        answers += 1
    return answers / (time.perf_counter() - begin)


async def _measure(address: str, picture: bytes) -> list[str]:
    async with grpc.aio.insecure_channel(address) as channel:
        service = FaceServiceStub(channel)
        request = DetectRequest(image=picture)
        for _ in range(20):  # the first calls open connections and fill caches
            await _refused(service)
            await service.Detect(request)
        refused = await _latencies_ms(lambda: _refused(service))
        detected = await _latencies_ms(lambda: service.Detect(request))
        return [
            f"{np.percentile(refused, 50):.1f} / {np.percentile(refused, 99):.1f}",
            f"{await _per_second(lambda: _refused(service), _CALLERS):.0f}",
            f"{await _stream_per_second(service):.0f}",
            f"{np.percentile(detected, 50):.0f}",
            f"{await _per_second(lambda: service.Detect(request), 8):.1f}",
        ]


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    args = parser.parse_args()
    picture = args.picture.read_bytes()
    print(f"{conditions('ray', 'grpcio')}; {args.picture.name} of {len(picture)} bytes\n")
    print("| ingress | start s | memory MB | refused 100 KB: p50 / p99 ms | 16 callers /s | stream /s ", end="")
    print("| Detect p50 ms | 8 callers /s |")
    print("|---" * 8 + "|")
    for ingress in INGRESSES:
        with local_stack(args.models_dir, ingress=ingress) as stack:
            measured = asyncio.run(_measure(stack.state.address, picture))
            status = stack_status(stack.state_dir)
            memory_mb = sum(process.memory_mb for process in status.processes) if status else 0.0
        print(f"| {' | '.join([ingress, f'{stack.start_s:.1f}', f'{memory_mb:.0f}', *measured])} |", flush=True)


if __name__ == "__main__":
    main()
