"""A FaceService that holds and breaks calls on command, for tests of the client that the real host cannot serve.

Pictures are really decoded; the one face it finds is computed from their pixels, so a picture that
arrives changed, or an answer that reaches another caller, is seen. Behaviour is steered by what is sent:
a text instead of a picture is a command (`fail INVALID_IMAGE`, `hold`, `break`).
"""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import grpc
import numpy as np
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from PIL import Image

from facegrid.v1 import detect_pb2 as pb
from facegrid.v1 import error_pb2, face_pb2, geometry_pb2, video_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceServicer, add_FaceServiceServicer_to_server


class Refused(Exception):
    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def expected_face(pixels: np.ndarray) -> face_pb2.Face:
    """The face that the server reports for these pixels."""
    total = float(pixels.astype(np.uint64).sum() % 65521)
    corner = float(pixels[0, 0, 0])
    point = geometry_pb2.Point
    return face_pb2.Face(
        box=geometry_pb2.BoundingBox(x_min=1, y_min=2, x_max=11, y_max=22),
        score=0.5,
        landmarks=geometry_pb2.Landmarks(
            left_eye=point(x=total, y=corner),
            right_eye=point(x=float(pixels[0, 0, 1]), y=float(pixels[0, 0, 2])),
            nose=point(x=5, y=6),
            mouth_left=point(x=7, y=8),
            mouth_right=point(x=9, y=10),
        ),
    )


class FaceServicer(FaceServiceServicer):
    """Detects as the proto says, and remembers what it was sent. Its gallery is always unavailable."""

    def __init__(self) -> None:
        self.requests: list[pb.DetectRequest] = []
        self.time_left_s: list[float] = []
        """Until the deadline of each unary call, when it arrived."""
        self.ids: list[str] = []
        self.unanswered = 0
        self.most_unanswered = 0
        self.streams = 0
        self.cancelled = threading.Event()
        """A stream was over before the caller had said that it ends."""
        self.ends = 0
        self.gallery_calls = 0
        self.video_options: list[video_pb2.IdentifyVideoOptions] = []
        self.held = asyncio.Event()
        self.release = asyncio.Event()
        self.detect: Callable[[pb.DetectRequest], Awaitable[pb.DetectResponse]] = self.look

    async def look(self, request: pb.DetectRequest) -> pb.DetectResponse:
        self.requests.append(request)
        if request.image.startswith(b"\x89PNG") or request.image.startswith((b"\xff\xd8", b"RIFF")):
            pixels = np.asarray(Image.open(io.BytesIO(request.image)).convert("RGB"))
            height, width, _ = pixels.shape
            face = expected_face(pixels)
            return pb.DetectResponse(
                faces=[face], image_width_px=width, image_height_px=height, dropped_candidates=height % 7
            )
        command, _, rest = request.image.decode("utf-8", "replace").partition(" ")
        match command:
            case "hold":
                self.held.set()
                await self.release.wait()
                return pb.DetectResponse(image_width_px=1, image_height_px=1)
            case "status":
                number, _, details = rest.partition(" ")
                raise Refused(next(code for code in grpc.StatusCode if code.value[0] == int(number)), details)
            case "break":
                raise Refused(grpc.StatusCode.UNAVAILABLE, "")
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_IMAGE: not a JPEG, PNG or WebP file")

    async def Detect(self, request, context):  # noqa: N802  (the name in the proto)
        self.time_left_s.append(context.time_remaining())
        try:
            return await self.detect(request)
        except Refused as err:
            await context.abort(err.code, err.details)

    async def Enroll(self, request, context):  # noqa: N802
        self.gallery_calls += 1
        await context.abort(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE: gone for a moment")

    GetSubject = DeleteSubject = Enroll

    async def DetectStream(self, requests, context):  # noqa: N802
        self.streams += 1
        self._tell_if_cancelled()
        answers: asyncio.Queue[pb.DetectStreamResponse | Refused] = asyncio.Queue()
        reader = asyncio.create_task(self._read(requests, answers))
        try:
            async for answer in _until_end(answers):
                yield answer
        except Refused as err:
            await context.abort(err.code, err.details)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, requests: AsyncIterator[pb.DetectStreamRequest], answers: asyncio.Queue) -> None:
        unanswered: set[str] = set()
        items = 0
        async with asyncio.TaskGroup() as group:
            async for message in requests:
                if message.HasField("end"):
                    self.ends += 1
                    break
                assert message.item.id not in unanswered, "ids are unique among the items in flight"
                items += 1
                unanswered.add(message.item.id)
                self.ids.append(message.item.id)
                self.unanswered = len(unanswered)
                self.most_unanswered = max(self.most_unanswered, self.unanswered)
                group.create_task(self._answer(message.item, unanswered, answers))
        answers.put_nowait(pb.DetectStreamResponse(end=pb.DetectStreamResponse.End(items=items)))

    async def _answer(self, item, unanswered: set[str], answers: asyncio.Queue) -> None:
        try:
            answer = pb.DetectStreamResponse(id=item.id, response=await self.detect(item.request))
        except Refused as err:
            if not err.details:
                answers.put_nowait(Refused(err.code, "the connection broke"))
                return
            reason, _, message = err.details.partition(": ")
            error = error_pb2.Error(code=err.code.value[0], reason=reason, message=message)
            answer = pb.DetectStreamResponse(id=item.id, error=error)
        unanswered.discard(item.id)
        self.unanswered = len(unanswered)
        answers.put_nowait(answer)

    async def IdentifyVideo(self, requests, context):  # noqa: N802
        self._tell_if_cancelled()
        frames = dropped = 0
        async for message in requests:
            match message.WhichOneof("message"):
                case "options":
                    self.video_options.append(message.options)
                case "end":
                    self.ends += 1
                    end = video_pb2.VideoSummary(frames=frames, dropped_frames=dropped, threshold=0.5)
                    end.embedder.name = "dlib_resnet"
                    end.embedder.metric = 1
                    end.events.add(kind=video_pb2.VideoEvent.KIND_LEFT, track_id=1, subject="ann", frame_index=2)
                    yield video_pb2.IdentifyVideoResponse(end=end)
                    return
                case "frame" if message.frame.image == b"drop":
                    dropped += 1
                case "frame":
                    frames += 1
                    result = await self._see(message.frame, context)
                    result.dropped_frames = dropped
                    yield video_pb2.IdentifyVideoResponse(frame=result)

    def _tell_if_cancelled(self) -> None:
        # gRPC's task is asked, not the handler: one that writes is dropped, and hears of it when it is collected; one
        # that reads may see the requests end.
        ends = self.ends
        task = asyncio.current_task()
        assert task
        task.add_done_callback(lambda _: self.ends > ends or self.cancelled.set())

    async def _see(self, frame, context) -> video_pb2.FrameResult:
        result = video_pb2.FrameResult(index=frame.index, timestamp_ms=frame.timestamp_ms)
        try:
            found = await self.detect(pb.DetectRequest(image=frame.image))
        except Refused as err:
            if not err.details:
                await context.abort(err.code, "the connection broke")
            reason, _, text = err.details.partition(": ")
            result.error.CopyFrom(error_pb2.Error(code=err.code.value[0], reason=reason, message=text))
            return result
        result.faces.add(track_id=1, face=found.faces[0], detected=True, subject="ann", distance=0.25, decided=True)
        result.decisions.add(track_id=1, subject="ann", evidence_frames=[frame.index], last_frame=frame.index)
        if frame.index == 0:
            result.events.add(kind=video_pb2.VideoEvent.KIND_ENTERED, track_id=1, subject="ann")
        return result


async def _until_end(answers: asyncio.Queue) -> AsyncIterator[pb.DetectStreamResponse]:
    while True:
        answer = await answers.get()
        if isinstance(answer, Refused):
            raise answer
        yield answer
        if answer.HasField("end"):
            return


class FaceServer:
    """A grpc.aio server in a thread with an event loop of its own; 127.0.0.1 and a free port.

    It listens when `opens` is set, if that is given, and then at once: all else is done before.
    """

    def __init__(self, port: int = 0, opens: threading.Event | None = None) -> None:
        self._ready = threading.Event()
        self._port = port
        self._opens = opens
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="face-server")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(60)
            assert not self._thread.is_alive()

    def call(self, function: Callable[[], object]) -> None:
        """Runs a function in the server's loop."""
        self.loop.call_soon_threadsafe(function)

    def lose_service(self, calls: int) -> None:
        """Answers so many calls as Ray's proxy does while the service behind it restarts, and the next as it should."""
        left = iter(range(calls))

        async def detect(request: pb.DetectRequest) -> pb.DetectResponse:
            if next(left, None) is None:
                return await self.servicer.look(request)
            self.servicer.requests.append(request)
            raise Refused(grpc.StatusCode.NOT_FOUND, "Application 'facegrid' not found.")

        self.servicer.detect = detect

    def set_health(self, status: int) -> None:
        future = asyncio.run_coroutine_threadsafe(self.health.set("", status), self.loop)
        future.result(60)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.servicer = FaceServicer()
        self.health = health.aio.HealthServicer()
        await self.health.set("", health_pb2.HealthCheckResponse.SERVING)
        server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
        add_FaceServiceServicer_to_server(self.servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, server)
        if self._opens is not None:
            await asyncio.to_thread(self._opens.wait)
        self.port = server.add_insecure_port(f"127.0.0.1:{self._port}")
        self.target = f"127.0.0.1:{self.port}"
        await server.start()
        self._ready.set()
        await self._stopping.wait()
        await server.stop(0)
