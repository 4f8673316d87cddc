"""The client for threads and scripts. `facegrid.client.aio` is its twin for asyncio."""

from collections.abc import Generator, Iterable
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
from facegrid.client.connection import Connection
from facegrid.client.credentials import TlsChoice
from facegrid.client.stream.video import IdentifiedVideo
from facegrid.client.wire.digits import stacked
from facegrid.client.wire.video import identify_video_request

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from facegrid.answers.digits import DigitSource


def connect(target: str = DEFAULT_TARGET, *, api_key: str | None = None, tls: TlsChoice = None) -> "Client":
    """Returns a client of the service at `target`.

    Nothing is sent yet: the first call connects, and a later one reconnects. Where the service may still be
    starting, call `Client.wait_until_ready` first.

    Args:
        target: HOST:PORT, or a gRPC URI such as `dns:///facegrid:9000` or `unix:/run/facegrid.sock`.
        api_key: The key from the service's operator (docs/security.md); it is sent with every call.
        tls: True: encrypted, and the service's certificate checked against the authorities of this system. A
            `facegrid.Tls` names other authorities, or a certificate of the client's own. False or None: not encrypted;
            a key is only sent to another machine where it is False.

    Raises:
        InvalidOption: `target` has another form, the key would be sent unencrypted, or a file cannot be used.
    """
    return Client(target, api_key=api_key, tls=tls)


class Client(Connection):
    """A connection to the service. Any number of threads may use one client at the same time.

    Every method raises `FacegridError`: an `InvalidRequest` where the request must be changed, a
    `TryAgain` where it need not be, `InternalError` where the service is at fault. A call that
    finds the service unavailable is retried for about two seconds before it raises.

    A client is a context manager; `close` ends its connection.
    """

    def detect(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> list[Face]:
        """Returns the faces of a picture, best score first.

        Args:
            image: A path; the bytes of a JPEG, PNG or WebP file; or an array uint8 [height, width, 3], RGB.
            timeout_s: Time the service may spend; None is the service's default.
            **options: `min_face_px`, `pyramid_factor`, `pnet_threshold`, `rnet_threshold`,
                `onet_threshold`; see `DetectOptions`.

        Raises:
            FacegridError: see `Client`.
            OSError: `image` is a path that cannot be read (FileNotFoundError where there is no such file).
        """
        return self.detect_detailed(image, timeout_s=timeout_s, **options).faces

    def detect_detailed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> Detection:
        """Returns the faces, the picture's size, and the number of dropped candidates; see `detect`."""
        return self._ask(calls.DETECT, timeout_s, image, options)

    def detect_many(
        self,
        images: Iterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[DetectOptions],
    ) -> Generator[DetectedItem[SourceT], None, None]:
        """Yields one `DetectedItem` for each picture, in the order of completion, over one call.

        A picture that fails yields an item with its error, and the others go on. `images` is read lazily,
        in another thread, and never more than `window` pictures ahead of what has been yielded. Leaving the
        loop early cancels the call when the generator is closed or collected.

        Args:
            images: What `detect` takes, in any mixture; may be endless.
            window: Most pictures under way at a time, at least 1.
            timeout_s: Time the service may spend on each picture; None is the service's default.
            **options: As for `detect`, the same for all pictures.

        Raises:
            FacegridError: the call as a whole broke; the message says how many pictures are unanswered.
            TypeError: `images` is one picture.
            Exception: what `images` itself raised, after the answers under way.
        """
        return self._stream(calls.DETECT_STREAM, images, window, timeout_s, options)

    def embed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[DetectOptions]
    ) -> list[Embedding]:
        """Returns the faces of a picture as vectors, best score first; takes and raises what `detect` does."""
        return self._ask(calls.EMBED, timeout_s, image, options)

    def embed_many(
        self,
        images: Iterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[DetectOptions],
    ) -> Generator[EmbeddedItem[SourceT], None, None]:
        """Yields one `EmbeddedItem` for each picture; see `detect_many`."""
        return self._stream(calls.EMBED_STREAM, images, window, timeout_s, options)

    def verify(
        self,
        first: ImageSource | Portrait,
        second: ImageSource | Portrait,
        *,
        timeout_s: float | None = None,
        **options: Unpack[VerifyOptions],
    ) -> Verification:
        """Returns whether two pictures show the same person.

        Args:
            first: A picture with one face, or a `Portrait` that chooses one of several.
            second: The other picture; the order makes no difference.
            timeout_s: Time the service may spend on both pictures; None is the service's default.
            **options: `threshold` or `target_false_match_rate`, and those of `detect`; see `VerifyOptions`.

        Raises:
            NoFace, ManyFaces: a picture without a single face, or without the chosen one.
            FacegridError: see `Client`.
            OSError: a path cannot be read.
        """
        return self._ask(calls.VERIFY, timeout_s, first, second, options)

    def enroll(
        self,
        subject: str,
        images: Images,
        *,
        timeout_s: float | None = None,
        detect_options: DetectOptions | None = None,
        **options: Unpack[EnrollOptions],
    ) -> Enrollment:
        """Enrols the face of a person, and returns which pictures were enrolled and which refused.

        Each picture is enrolled or refused on its own. Enrolled faces are on disk when this returns. After an error
        that leaves this open, enrol again: faces that are enrolled are refused with `AlreadyEnrolled`.

        Args:
            subject: Name of the person: 1 to 256 bytes without control characters. A subject that exists gets more
                faces.
            images: A picture with this face only, or a `Portrait` that chooses one of several faces; or many of these.
            timeout_s: Time the service may spend on each call; many pictures take several.
            detect_options: As the options of `detect`.
            **options: `min_face_px`, `min_score`, `max_yaw_degrees`; see `EnrollOptions`.

        Raises:
            InvalidSubject: the name is not allowed.
            UnusableFace, AlreadyEnrolled, InvalidImage: all pictures were refused; this is the first one's error.
            FacegridError: see `Client`.
            OSError: a path cannot be read.
        """
        requests = calls.enroll_calls(timeout_s, subject, images, options, detect_options or {})
        return calls.merged_enrollment([self._send(call) for call in requests])

    def enroll_many(
        self,
        people: Iterable[SubjectPicture],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        detect_options: DetectOptions | None = None,
        **options: Unpack[EnrollOptions],
    ) -> Generator[EnrolledItem, None, None]:
        """Yields one `EnrolledItem` for each pair of a subject and a picture; see `enroll` and `detect_many`."""
        return self._stream(calls.ENROLL_STREAM, people, window, timeout_s, options, detect_options or {})

    def identify(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[IdentifyOptions]
    ) -> list[Identification]:
        """Returns the identity of each face of a picture, best score first: a subject or None.

        One person is at most one face of a picture.

        Args:
            image: As for `detect`.
            timeout_s: Time the service may spend; None is the service's default.
            **options: `threshold` or `target_false_positive_rate`, `top_k`, and those of `detect`; see
                `IdentifyOptions`.

        Raises:
            GalleryMismatch, GalleryUnavailable: the gallery cannot be searched.
            FacegridError: see `Client`.
            OSError: a path cannot be read.
        """
        return self.identify_detailed(image, timeout_s=timeout_s, **options).identifications

    def identify_detailed(
        self, image: ImageSource, *, timeout_s: float | None = None, **options: Unpack[IdentifyOptions]
    ) -> IdentifiedPicture:
        """Returns the identities, the picture's size, and the threshold; see `identify`."""
        return self._ask(calls.IDENTIFY, timeout_s, image, options)

    def identify_many(
        self,
        images: Iterable[SourceT],
        *,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> Generator[IdentifiedItem[SourceT], None, None]:
        """Yields one `IdentifiedItem` for each picture; see `identify` and `detect_many`."""
        return self._stream(calls.IDENTIFY_STREAM, images, window, timeout_s, options)

    def identify_video(
        self,
        frames: Iterable[tuple[float, ImageSource]],
        *,
        detect_every_n: int | None = None,
        live: bool = False,
        window: int = 8,
        timeout_s: float | None = None,
        **options: Unpack[IdentifyOptions],
    ) -> IdentifiedVideo:
        """Returns an iterator over the results of a video's frames; its `summary` covers the whole video.

        Faces are detected in every n-th frame and followed in between. A track, one person's face within a
        shot, is identified once, from its best pictures.

        Args:
            frames: Pairs of a time in seconds, which never decreases, and a picture as `detect` takes it; may be
                endless. Read lazily, in another thread.
            detect_every_n: Range [1, 300], default 5.
            live: The source does not wait, like a camera: the service drops frames that come too fast, and
                `window` is ignored.
            window: Most frames under way at a time, at least 1.
            timeout_s: Time the service may spend on each frame; None is the service's default.
            **options: As for `identify`, except that the default threshold is that of `verify`.

        Raises:
            FacegridError: the call as a whole broke; the message says how many frames are unanswered. The error of a
                single frame is in its `FrameResult`.
            TypeError: `frames` is a path or bytes.
            Exception: what `frames` itself raised, after the answers under way.
        """
        request = identify_video_request(timeout_s, options, detect_every_n=detect_every_n, live=live)
        return self._video(request, frames, window, timeout_s)

    def subjects(self, *, timeout_s: float | None = None) -> Generator[Subject, None, None]:
        """Yields the subjects of the gallery, sorted by the code points of their names; asks page by page."""
        token: str | None = ""
        while token is not None:
            page, token = self._ask(calls.LIST_SUBJECTS, timeout_s, token)
            yield from page

    def subject(self, name: str, *, timeout_s: float | None = None) -> SubjectDetails:
        """Returns a subject and its enrolled faces.

        Raises:
            SubjectNotFound: no subject of this name is enrolled.
            FacegridError: see `Client`.
        """
        return self._ask(calls.GET_SUBJECT, timeout_s, name)

    def delete_subject(self, name: str, *, timeout_s: float | None = None) -> Erasure:
        """Deletes a subject with all its faces, and returns how much was erased.

        Raises:
            SubjectNotFound: no subject of this name is enrolled.
            FacegridError: see `Client`.
        """
        return self._ask(calls.DELETE_SUBJECT, timeout_s, name)

    def generate(
        self,
        labels: Labels,
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> "NDArray[np.uint8]":
        """Returns pictures of a digit, uint8 [count, 28, 28]: 0 black, 255 white.

        Several labels give blends of these digits. Picture i of a seed has the same noise in every call, whatever the
        labels and the count.

        Args:
            labels: A digit; several digits, in equal parts; or weights by digit, such as {0: 0.3, 8: 0.7}.
            count: Range [1, 10000], or the service's own limit.
            seed: Range [0, 2^63 - 1].
            truncation: Noise farther from 0 is drawn again: less variety, fewer odd pictures. Range [0.5, 10].
            noise: Noise in place of the seed's, [count, 64]; each number in [-10, 10].
            timeout_s: Time the service may spend on all pictures; None is the service's default.

        Raises:
            InvalidLabels: not digits, or weights without a usable sum.
            InvalidOption: another value is out of its range.
            FacegridError: see `Client`.
        """
        digits = self.generate_each(labels, count, seed, truncation=truncation, noise=noise, timeout_s=timeout_s)
        return stacked([digit.image for digit in digits], count)

    def generate_each(
        self,
        labels: Labels,
        count: int = 1,
        seed: int = 0,
        *,
        truncation: float | None = None,
        noise: "ArrayLike | None" = None,
        timeout_s: float | None = None,
    ) -> Generator[GeneratedDigit, None, None]:
        """Yields a `GeneratedDigit` for each picture, in their order; takes and raises what `generate` does.

        The service computes little ahead of the loop, and stops when the generator is closed or collected. `timeout_s`
        includes the time that the loop takes.
        """
        call = calls.GENERATE.prepare(timeout_s, labels, count, seed, truncation=truncation, noise=noise)
        self._require_open()
        return self._each_answer(call)

    def discriminate(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: Labels,
        *,
        timeout_s: float | None = None,
    ) -> "NDArray[np.float32]":
        """Returns how real the discriminator finds pictures, given their labels: float32 [N], range [0, 1].

        Args:
            images: Paths or bytes of PNG files of 28 x 28 grey pixels, or arrays uint8 [28, 28]; one or many, or one
                array [N, 28, 28].
            labels: As for `generate`; the same for all pictures.
            timeout_s: Time the service may spend on all pictures; None is the service's default.

        Raises:
            InvalidImage: a picture does not have a digit's size; the message names it.
            InvalidLabels: see `generate`.
            FacegridError: see `Client`.
            OSError: a path cannot be read.
        """
        return self.discriminate_detailed(images, labels, timeout_s=timeout_s).probabilities

    def discriminate_detailed(
        self,
        images: "DigitSource | Iterable[DigitSource] | NDArray[np.uint8]",
        labels: Labels,
        *,
        timeout_s: float | None = None,
    ) -> Discriminations:
        """Returns the logits as well; takes and raises what `discriminate` does."""
        return self._ask(calls.DISCRIMINATE, timeout_s, images, labels)
