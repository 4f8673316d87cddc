"""The methods of facegrid.v1 without gRPC: both hosts call them.

A method takes and returns messages of facegrid.v1, and raises errors of `facegrid.errors` alone. The work of each is
in `orchestrator.api.handlers`; this file finds the handler and bounds its time.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from facegrid.errors import GalleryUnavailable
from orchestrator.api.handlers.detect import DetectHandler
from orchestrator.api.handlers.discriminate import DiscriminateHandler
from orchestrator.api.handlers.embed import EmbedHandler
from orchestrator.api.handlers.enroll import EnrollHandler
from orchestrator.api.handlers.generate import GenerateHandler
from orchestrator.api.handlers.identify import IdentifyHandler
from orchestrator.api.handlers.identify_video import IdentifyVideoHandler
from orchestrator.api.handlers.subjects import SubjectsHandler
from orchestrator.api.handlers.verify import VerifyHandler
from orchestrator.api.methods import VIDEO
from orchestrator.api.pictures import Pictures
from orchestrator.api.recorded_call import RecordedVideo, errors_recorded, recorded_call
from orchestrator.api.status import public
from orchestrator.api.stream import answer_stream
from orchestrator.deadline import Deadline
from orchestrator.gallery.gallery import Gallery
from orchestrator.observer import NO_OBSERVER, Observer, Origin, observe, observed_by
from orchestrator.predict.predictor import Predictor
from orchestrator.predict.versions import Versions
from orchestrator.priority import PRIORITY, Priority
from orchestrator.settings import Settings

_Answer = Callable[[Any, Deadline], Awaitable[Any]]
_Answers = Callable[[Any, Deadline], AsyncGenerator[Any, None]]

_ITEM_BUDGETS = 3
"""Default budgets that an item of a stream has: its time includes the wait behind the items before it, which may be the
largest pictures."""


class FaceService:
    """Answers the methods of facegrid.v1.FaceService and GeneratorService.

    Args:
        settings: Limits and times.
        predictor: Where the networks run.
        gallery: The enrolled people; None: the methods that need it answer UNAVAILABLE.
        observer: Receives the events of the work; started and closed with the service.
        versions: Chooses the versions of the networks for a request; None: the newest of each server.
    """

    def __init__(
        self,
        settings: Settings,
        predictor: Predictor,
        gallery: Gallery | None,
        *,
        observer: Observer = NO_OBSERVER,
        versions: Versions | None = None,
    ) -> None:
        self._observer = observer
        self._settings = settings
        self._predictor = predictor
        self._gallery = gallery
        self._under_way: set[asyncio.Task[Any]] = set()
        self._pictures = pictures = Pictures(settings, predictor)
        self._versions = versions or Versions()
        self._unary: dict[str, _Answer] = {
            "Detect": DetectHandler(pictures).detect,
            "Embed": EmbedHandler(pictures, self._embedder_version).embed,
            "Verify": VerifyHandler(pictures, self._embedder_version).verify,
            "Discriminate": DiscriminateHandler(predictor, settings).discriminate,
        }
        self._server_streams: dict[str, _Answers] = {"Generate": GenerateHandler(predictor, settings).generate}
        if gallery is not None:
            self._unary |= _of_gallery(pictures, gallery, settings)

    async def start(self) -> None:
        """Opens the connections to the model servers, which need not be there yet."""
        await self._observer.start()
        with observed_by(self._observer):
            await self._predictor.start()

    async def close(self) -> None:
        """Closes the connections; requests under way fail."""
        for work in self._under_way:
            work.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._pictures.close()
        await self._predictor.close()
        if self._gallery is not None:
            await self._gallery.close()
        await self._observer.close()

    async def call(
        self,
        name: str,
        request: Any,
        *,
        timeout_s: float | None = None,
        priority: Priority = Priority.INTERACTIVE,
        origin: Origin | None = None,
    ) -> Any:
        """Returns the answer of a unary method.

        Args:
            name: A name in `orchestrator.api.methods.UNARY`.
            request: Its request; `timeout_ms` is the budget.
            timeout_s: Time that the transport allows, if it knows; the shorter one counts.
            priority: Of its work.
            origin: Where the request comes from, if the transport knows.

        Raises:
            FacegridError: See `facegrid.errors`.
        """
        PRIORITY.set(priority)
        with recorded_call(self._observer, name, origin or Origin()):
            return await self._answer(name, request, timeout_s)

    async def _answer(self, name: str, request: Any, timeout_s: float | None, *, default_s: float | None = None) -> Any:
        try:
            deadline = Deadline(self._budget_s(request.timeout_ms, timeout_s, default_s=default_s))
            with self._versions.request():
                return await self._in_time(self._method(name), request, deadline)
        except Exception as err:
            raise public(err) from err

    async def stream(
        self,
        name: str,
        requests: AsyncIterator[Any],
        *,
        priority: Priority = Priority.BULK,
        origin: Origin | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Yields an answer for each item, then the end.

        The frames of a video are answered in their order, other items as they complete.

        Args:
            name: A name in `orchestrator.api.methods.STREAMS`.
            requests: Its requests.
            priority: Of the work for its items.
            origin: Where the stream comes from, if the transport knows.

        Raises:
            FacegridError: The caller broke the protocol. A bad item does not end the stream.
        """
        PRIORITY.set(priority)  # the context is the call's own
        with self._observer.stream(name, origin or Origin()) as seen, errors_recorded(seen):
            async with aclosing(self._answers(name, requests, seen.origin)) as answers:
                async for answer in answers:
                    yield answer

    def _answers(self, name: str, requests: AsyncIterator[Any], origin: Origin) -> AsyncGenerator[Any, None]:
        if name == VIDEO:
            return self._video().answer(requests, lambda video: RecordedVideo(video, self._observer, origin))
        return answer_stream(
            name,
            requests,
            partial(self._item, name, origin),
            window=self._settings.stream_window,
            max_id_bytes=self._settings.max_stream_id_bytes,
        )

    async def _item(self, name: str, origin: Origin, request: Any) -> Any:
        with recorded_call(self._observer, name, origin, item=True):
            return await self._answer(
                name.removesuffix("Stream"), request, None, default_s=_ITEM_BUDGETS * self._settings.timeout_s
            )

    async def server_stream(
        self,
        name: str,
        request: Any,
        *,
        timeout_s: float | None = None,
        priority: Priority = Priority.BULK,
        origin: Origin | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Yields the answers of a method of one request and many responses. Closing the generator ends the work.

        Args:
            name: A name in `orchestrator.api.methods.SERVER_STREAMS`.
            request: Its request; `timeout_ms` is the budget of all answers.
            timeout_s: Time that the transport allows, if it knows; the shorter one counts.
            priority: Of its work.
            origin: Where the request comes from, if the transport knows.

        Raises:
            FacegridError: See `facegrid.errors`.
        """
        PRIORITY.set(priority)
        deadline = Deadline(self._budget_s(request.timeout_ms, timeout_s))
        observe(self._observer)  # the context is the call's own
        with self._versions.request(), self._observer.stream(name, origin or Origin()) as seen, errors_recorded(seen):
            try:
                async with aclosing(self._server_streams[name](request, deadline)) as answers:
                    async for answer in answers:
                        yield answer
            except Exception as err:
                raise public(err) from err

    async def _in_time(self, answer: _Answer, request: Any, deadline: Deadline) -> Any:
        """Returns the answer; cancels the work when the deadline passes or the caller has gone.

        A thread finishes what it has begun, and keeps its place until then; the caller does not wait for that.
        """
        work: asyncio.Task[Any] = asyncio.ensure_future(answer(request, deadline))
        self._under_way.add(work)
        work.add_done_callback(self._over)
        try:
            done, _ = await asyncio.wait({work}, timeout=deadline.remaining_s())
        finally:
            work.cancel()
        if not done:
            raise deadline.exceeded()
        return work.result()

    def _over(self, work: "asyncio.Task[Any]") -> None:
        self._under_way.discard(work)
        if not work.cancelled():
            work.exception()  # marks it as seen: no caller waits for it any more

    def _embedder_version(self) -> int:
        """Returns the version for the current request."""
        return self._versions.of("embedder") or self._settings.embedder_version

    def _method(self, name: str) -> _Answer:
        if name not in self._unary:
            raise _no_gallery()
        return self._unary[name]

    def _video(self) -> IdentifyVideoHandler:
        if self._gallery is None:
            raise _no_gallery()
        return IdentifyVideoHandler(self._pictures, self._gallery, self._settings, self._versions)

    def _budget_s(self, timeout_ms: int, transport_s: float | None, *, default_s: float | None = None) -> float:
        if default_s is not None and not timeout_ms:
            return min(default_s, self._settings.max_timeout_s)
        budget_s = self._settings.budget_s(timeout_ms)
        return budget_s if transport_s is None else min(budget_s, transport_s)


def _no_gallery() -> GalleryUnavailable:
    return GalleryUnavailable("this service has no gallery; its operator sets FACEGRID_GALLERY")


def _of_gallery(pictures: Pictures, gallery: Gallery, settings: Settings) -> dict[str, _Answer]:
    """Returns the methods that need a gallery."""
    subjects = SubjectsHandler(gallery)
    return {
        "Enroll": EnrollHandler(pictures, gallery, settings).enroll,
        "Identify": IdentifyHandler(pictures, gallery, settings).identify,
        "ListSubjects": subjects.list_subjects,
        "GetSubject": subjects.get_subject,
        "DeleteSubject": subjects.delete_subject,
    }
