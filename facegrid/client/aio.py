"""The client for asyncio, call for call the twin of `facegrid.client.sync`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import TYPE_CHECKING, Unpack

from facegrid.answers.digits import Discriminations, GeneratedDigit, Labels
from facegrid.answers.faces import DetectedItem, Detection, DetectOptions, Face, ImageSource, SourceT
from facegrid.answers.gallery import EnrolledItem, Enrollment, EnrollOptions, Erasure, Subject, SubjectDetails
from facegrid.answers.people import (
    EmbeddedItem,
    Embedding,
    Identification,
    IdentifiedItem,
    IdentifiedPicture,
    IdentifyOptions,
    Portrait,
    Verification,
    VerifyOptions,
)
from facegrid.client import calls
from facegrid.client.calls import Images, SubjectPicture
from facegrid.client.channel import DEFAULT_TARGET
from facegrid.client.connection import AsyncConnection
from facegrid.client.credentials import TlsChoice
from facegrid.client.stream.video import AsyncIdentifiedVideo
from facegrid.client.wire.digits import stacked
from facegrid.client.wire.video import identify_video_request

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from facegrid.answers.digits import DigitSource


def connect_async(target: str = DEFAULT_TARGET, *, api_key: str | None = None, tls: TlsChoice = None) -> "AsyncClient":
    """Returns a client of the service at `target` for the running event loop.

    Use it as `async with facegrid.connect_async() as client:`. Nothing is sent yet; see `facegrid.connect`.

    Args:
        target: HOST:PORT, or a gRPC URI such as `dns:///facegrid:9000` or `unix:/run/facegrid.sock`.
        api_key: See `facegrid.connect`.
        tls: Likewise.

    Raises:
        InvalidOption: see `facegrid.connect`.
        RuntimeError: no event loop is running; the message says how to call it.
    """
    return AsyncClient(target, api_key=api_key, tls=tls)


class AsyncClient(AsyncConnection):
    """A connection to the service, for any number of tasks of one event loop; raises what `Client` does."""

    async def detect(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> list[Face]:
        """Returns the faces of a picture, best score first; see `Client.detect`."""
        return (await self.detect_detailed(image, timeout_s=timeout_s, **options)).faces

    async def detect_detailed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> Detection:
        """Returns the faces, the picture's size, and how many candidates were dropped; see `Client.detect_detailed`."""
        return await self._ask(calls.DETECT, timeout_s, image, options)

    def detect_many(
        self,
        images: Iterable[SourceT] | AsyncIterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[DetectOptions],
    ) -> AsyncGenerator[DetectedItem[SourceT], None]:
        """Yields one `DetectedItem` for each picture, in the order of completion; see `Client.detect_many`.

        An ordinary iterable is read on the event loop, so it should not block; files are read and arrays
        encoded in threads. To leave the loop early, wrap the generator in `contextlib.aclosing`, which
        cancels the call at once.
        """
        return self._stream(calls.DETECT_STREAM, images, window, timeout_s, options)

    async def embed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> list[Embedding]:
        """Returns the faces of a picture as vectors, best score first; see `Client.embed`."""
        return await self._ask(calls.EMBED, timeout_s, image, options)

    def embed_many(
        self,
        images: Iterable[SourceT] | AsyncIterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[DetectOptions],
    ) -> AsyncGenerator[EmbeddedItem[SourceT], None]:
        """Yields one `EmbeddedItem` for each picture; see `detect_many`."""
        return self._stream(calls.EMBED_STREAM, images, window, timeout_s, options)

    async def verify(
        self,
        first: ImageSource | Portrait,
        second: ImageSource | Portrait,
        *,
        timeout_s: float | None = None,
        **options: Unpack[VerifyOptions],
    ) -> Verification:
        """Returns whether two pictures show the same person; see `Client.verify`."""
        return await self._ask(calls.VERIFY, timeout_s, first, second, options)

    async def enroll(
        self,
        subject: str,
        images: Images,
        *,
        timeout_s: float | None = None,
        detect_options: DetectOptions | None = None,
        **options: Unpack[EnrollOptions],
    ) -> Enrollment:
        """Enrols the face of a person; see `Client.enroll`."""
        requests = calls.enroll_calls(timeout_s, subject, images, options, detect_options or {})
        parts: list[Enrollment] = []
        while (call := await asyncio.to_thread(next, requests, None)) is not None:
            parts.append(await self._send(call))
        return calls.merged_enrollment(parts)

    def enroll_many(
        self,
        people: Iterable[SubjectPicture] | AsyncIterable[SubjectPicture],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        detect_options: DetectOptions | None = None,
        **options: Unpack[EnrollOptions],
    ) -> AsyncGenerator[EnrolledItem, None]:
        """Yields one `EnrolledItem` for each pair of a subject and a picture; see `Client.enroll_many`."""
        return self._stream(calls.ENROLL_STREAM, people, window, timeout_s, options, detect_options or {})

    async def identify(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[IdentifyOptions]
    ) -> list[Identification]:
        """Returns the identity of each face of a picture; see `Client.identify`."""
        return (await self.identify_detailed(image, timeout_s=timeout_s, **options)).identifications

    async def identify_detailed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[IdentifyOptions]
    ) -> IdentifiedPicture:
        """Returns the identities, the picture's size, and the threshold; see `Client.identify_detailed`."""
        return await self._ask(calls.IDENTIFY, timeout_s, image, options)

    def identify_many(
        self,
        images: Iterable[SourceT] | AsyncIterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> AsyncGenerator[IdentifiedItem[SourceT], None]:
        """Yields one `IdentifiedItem` for each picture; see `Client.identify_many`."""
        return self._stream(calls.IDENTIFY_STREAM, images, window, timeout_s, options)

    def identify_video(
        self,
        frames: Iterable[tuple[float, ImageSource]] | AsyncIterable[tuple[float, ImageSource]],
        *,
        detect_every_n: int | None = None,
        live: bool = False,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> AsyncIdentifiedVideo:
        """Returns an iterator over the results of a video's frames; see `Client.identify_video`."""
        request = identify_video_request(timeout_s, options, detect_every_n=detect_every_n, live=live)
        return self._video(request, frames, window, timeout_s)

    async def subjects(self, *, timeout_s: float | None = None) -> AsyncGenerator[Subject, None]:
        """Yields the subjects of the gallery; see `Client.subjects`."""
        token: str | None = ""
        while token is not None:
            page, token = await self._ask(calls.LIST_SUBJECTS, timeout_s, token)
            for subject in page:
                yield subject

    async def subject(self, name: str, *, timeout_s: float | None = None) -> SubjectDetails:
        """Returns a subject and its enrolled faces; see `Client.subject`."""
        return await self._ask(calls.GET_SUBJECT, timeout_s, name)

    async def delete_subject(self, name: str, *, timeout_s: float | None = None) -> Erasure:
        """Deletes a subject with all its faces, and returns how much was erased; see `Client.delete_subject`."""
        return await self._ask(calls.DELETE_SUBJECT, timeout_s, name)

    async def generate(
        self,
        labels: Labels,
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> "NDArray[np.uint8]":
        """Returns pictures of a digit, uint8 [count, 28, 28]; see `Client.generate`."""
        digits = self.generate_each(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
        return stacked([digit.image async for digit in digits], count)

    def generate_each(
        self,
        labels: Labels,
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> AsyncGenerator[GeneratedDigit, None]:
        """Yields a `GeneratedDigit` for each picture; see `Client.generate_each`.

        To leave the loop early, wrap the generator in `contextlib.aclosing`, which cancels the call at once.
        """
        call = calls.GENERATE.prepare(timeout_s, labels, count, seed, truncation=truncation, noise=noise)
        self._require_open()
        return self._each_answer(call)

    async def discriminate(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: Labels,
        *,
        timeout_s: float | None = None,
    ) -> "NDArray[np.float32]":
        """Returns how real the discriminator finds pictures; see `Client.discriminate`."""
        return (await self.discriminate_detailed(images, labels, timeout_s=timeout_s)).probabilities

    async def discriminate_detailed(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: Labels,
        *,
        timeout_s: float | None = None,
    ) -> Discriminations:
        """Returns the logits as well; see `Client.discriminate_detailed`."""
        return await self._ask(calls.DISCRIMINATE, timeout_s, images, labels)
