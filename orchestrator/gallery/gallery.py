"""The gallery for the service; operators' actions (export, import, reembed, stats) are in files of these names."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from facegrid.errors import AlreadyEnrolled, GalleryUnavailable, InvalidOption, SubjectNotFound
from orchestrator.gallery import people
from orchestrator.gallery.enroll import enroll
from orchestrator.gallery.housekeeping import LOCK_TIMEOUT_S, erase_subject, tidy
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.search import search
from orchestrator.gallery.subjects import normal_subject
from orchestrator.gallery.types import EmbedderVersion, Erased, Matches, NewFace, StoredFace, StoredSubject, SubjectPage
from orchestrator.observer import observer, stage
from orchestrator.types import Floats

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

MAX_PAGE_SIZE = 1_000
TIDY_EVERY_WRITES = 32
_READERS = 4


class Gallery:
    """The enrolled people. Any number of processes may open the same gallery; no server is needed.

    Methods may be called concurrently, from one event loop; blocking work runs in threads. Nothing is loaded or read
    until the first call.

    Args:
        uri: A folder, made when the first face is enrolled, or the URI of an object store.
        keep_chips: Whether to keep the aligned pictures of faces.
    """

    def __init__(self, uri: str, *, keep_chips: bool = True) -> None:
        parts = open_parts(uri)
        self._registry = parts.registry
        self._locks = parts.locks
        self._audit = parts.audit
        self._keep_chips = keep_chips
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="gallery-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="gallery-write")
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="gallery-tidy")
        self._writes = 0

    async def close(self) -> None:
        """Waits for the work under way; work that has not begun is dropped."""
        for pool in (self._writer, self._keeper, self._readers):
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    async def active(self) -> EmbedderVersion | None:
        """Returns the embedder version whose vectors are searched and enrolled; None while the gallery is empty.

        It changes when a move to another version is complete: call this before every search.
        """
        return await self._read(self._registry.active)

    async def enroll(
        self, subject: str, faces: Sequence[NewFace], embedder: EmbedderVersion, *, now: datetime | None = None
    ) -> list[str | AlreadyEnrolled]:
        """Stores faces of a person; returns for each, in order, its id, or why it was left out.

        When this returns, the faces are on disk: neither a killed process nor a power cut loses them. A face whose
        vector is in the gallery already is left out, so that a call whose answer was lost can be repeated.

        Args:
            subject: The person's name, 1 to 256 bytes; stored in Unicode's normal form NFC.
            faces: Faces of this person.
            embedder: The embedder of the vectors; that of the first enrolment becomes the gallery's.
            now: Time of the enrolment with a time zone; None: the present.

        Raises:
            InvalidSubject: The name is not allowed.
            InvalidOption: A vector has another length than the embedder's, or a value that is not a finite number.
            GalleryMismatch: The gallery holds another embedder's vectors.
            GalleryUnavailable: The gallery cannot be written; the faces may or may not be stored.
        """
        name = normal_subject(subject)
        checked = [self._check_face(face, embedder) for face in faces]
        at = now or datetime.now(UTC)

        def work() -> list[str | AlreadyEnrolled]:
            with self._locks.write.hold(LOCK_TIMEOUT_S):
                results = enroll(self._registry.require(embedder, now=at), name, checked, embedder, now=at)
                added = sum(isinstance(result, str) for result in results)
                self._audit.add("enroll", subject=name, faces=added, refused=len(results) - added)
            return results

        with stage("enroll") as seen:
            seen.count(faces=len(checked))
            return await self._write(work) if checked else []

    async def search(self, vectors: Floats, embedder: EmbedderVersion, *, k: int = 1) -> list[Matches]:
        """Returns the `k` nearest subjects of each vector, in the vectors' order.

        Args:
            vectors: [N, dimension], as the embedder returns them.
            embedder: The embedder of the vectors.
            k: Subjects for each vector, at least 1.

        Raises:
            InvalidOption: A vector has another length than the embedder's, or a value that is not a finite number.
            GalleryMismatch: The gallery holds another embedder's vectors.
            GalleryUnavailable: The gallery cannot be read.
        """
        vectors = _check_vectors(np.asarray(vectors, np.float32), embedder)
        if k < 1:
            raise InvalidOption(f"k is {k}, allowed is 1 or more")

        def work() -> list[Matches]:
            table = self._registry.searched(embedder, now=datetime.now(UTC))
            if table is None:
                return [Matches((), None) for _ in vectors]
            return table.read(lambda dataset: search(dataset, vectors, k))

        with stage("search") as seen:
            seen.count(faces=len(vectors))
            return await self._read(work) if len(vectors) else []

    async def size(self, embedder: EmbedderVersion) -> int:
        """Returns the number of faces that a search compares a vector of this embedder version with.

        Raises:
            GalleryMismatch: The gallery holds another embedder's vectors.
            GalleryUnavailable: The gallery cannot be read.
        """

        def work() -> int:
            table = self._registry.searched(embedder, now=datetime.now(UTC))
            return 0 if table is None else table.read(lambda dataset: int(dataset.count_rows()))

        faces = await self._read(work)
        observer().gallery_size(faces)
        return faces

    async def subjects(self, *, page_size: int = 100, page_token: str = "") -> SubjectPage:
        """Returns the subjects that follow the page that gave `page_token`, by name.

        Raises:
            InvalidOption: `page_size` is not from 1 to 1000.
            GalleryUnavailable: The gallery cannot be read.
        """
        if not 1 <= page_size <= MAX_PAGE_SIZE:
            raise InvalidOption(f"page_size is {page_size}, allowed are 1 to {MAX_PAGE_SIZE}")
        return await self._read(lambda: people.page(self._registry, page_size, page_token))

    async def get_subject(self, subject: str) -> tuple[StoredSubject, tuple[StoredFace, ...]]:
        """Returns a subject and its faces, the first enrolled first.

        Raises:
            InvalidSubject: The name is not allowed.
            SubjectNotFound: There is no such subject.
            GalleryUnavailable: The gallery cannot be read.
        """
        name = normal_subject(subject)
        return await self._read(lambda: people.get(self._registry, name))

    async def delete_subject(self, subject: str) -> Erased:
        """Erases a person: rows, vectors and chips, in every embedder version, down to the bytes on disk.

        Raises:
            InvalidSubject: The name is not allowed.
            SubjectNotFound: There is no such subject.
            GalleryUnavailable: The gallery cannot be written; call again.
        """
        name = normal_subject(subject)

        def work() -> Erased:
            with self._locks.write.hold(LOCK_TIMEOUT_S):
                erased = erase_subject(self._registry, self._locks, name)
                if not erased.vectors:
                    raise SubjectNotFound(f"nobody is enrolled as {name!r}; the list of subjects has all names")
                self._audit.add("delete", subject=name, vectors=erased.vectors, chips=erased.chips)
            return erased

        with stage("delete"):
            return await self._write(work)

    async def _read(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def _write(self, work: Callable[[], Result]) -> Result:
        result = await asyncio.get_running_loop().run_in_executor(self._writer, work)
        # After the first write too, since an earlier process may have been killed in the middle of its work.
        if self._writes % TIDY_EVERY_WRITES == 0:
            self._keeper.submit(self._tidy)
        self._writes += 1
        return result

    def _tidy(self) -> None:
        try:
            tidy(self._registry, self._locks)
        except GalleryUnavailable as err:
            # The next run will do it; callers that read or write get the error of their own call.
            _log.warning("the gallery was not tidied: %s", err.message)
        except Exception:  # noqa: BLE001 - no caller waits for the result, so it would go unseen
            _log.exception("the gallery was not tidied")

    def _check_face(self, face: NewFace, embedder: EmbedderVersion) -> NewFace:
        _check_vectors(np.asarray(face.vector, np.float32)[None], embedder)
        return face if self._keep_chips else replace(face, chip=None)


def _check_vectors(vectors: Floats, embedder: EmbedderVersion) -> Floats:
    if vectors.ndim != 2 or (len(vectors) and vectors.shape[1] != embedder.dimension):
        raise InvalidOption(f"vectors have shape {vectors.shape}, {embedder} has [N, {embedder.dimension}]")
    if not np.isfinite(vectors).all():
        raise InvalidOption("a vector has a value that is not a finite number")
    return vectors
