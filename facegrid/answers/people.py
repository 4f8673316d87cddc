"""Recognition: what `embed`, `verify` and `identify` take and return.

A distance is Euclidean, between vectors of one embedder version. `Embedder.metric` says whether the
vectors are raw or have length 1. Distances and thresholds of the two kinds cannot be compared.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal

from facegrid.answers.faces import DetectOptions, Face, SourceT, StreamItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from facegrid.answers.faces import ImageSource

Metric = Literal["euclidean, raw", "euclidean, unit"]
"""Whether the vectors compared come as they are, or with length 1."""


class VerifyOptions(DetectOptions, total=False):
    """How to look for faces, and when two are the same person."""

    threshold: float | None
    """Greatest distance that counts as the same person, in the metric of the embedder. Range [0, 10], default: the
    service's."""
    target_false_match_rate: float | None
    """Instead of a threshold: the share of pairs of different people that may be taken for the same person.
    Range [0.0001, 0.5]."""


class IdentifyOptions(DetectOptions, total=False):
    """How to look for faces, and when to name them."""

    threshold: float | None
    """Greatest distance at which a face is named, in the metric of the embedder. Range [0, 10], default: the
    service's."""
    target_false_positive_rate: float | None
    """Instead of a threshold: the share of strangers that may be named, corrected for the size of the gallery.
    Range [0.0001, 0.5]."""
    top_k: int | None
    """Candidates reported for each face. Range [1, 100], default 5."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture, and which one of its faces is meant."""

    image: "ImageSource" = field(repr=False)
    """The picture."""
    face_index: int | None = None
    """Position of the face in the answer of `detect` with the same options, from 0; None is the only face."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """The network that made a vector."""

    name: str
    """Name of the network, such as "dlib_resnet"."""
    version: int
    """Version of the served model, from 1."""
    metric: Metric
    """How its vectors are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A face as a vector. Near vectors are likely the same person."""

    face: Face
    """The face."""
    vector: "NDArray[np.float32]" = field(repr=False)
    """float32 [128], raw or of length 1 as `embedder.metric` says."""
    embedder: Embedder
    """The embedder; compare the vector with vectors of the same name and version only."""

    @property
    def model(self) -> str:
        """Name of the embedder."""
        return self.embedder.name

    @property
    def version(self) -> int:
        """Version of the embedder."""
        return self.embedder.version


@dataclass(frozen=True, slots=True)
class Verification:
    """The distance of two faces, and whether they are the same person."""

    distance: float
    """Between the two vectors, at least 0; raw or unit as `embedder.metric` says."""
    threshold: float
    """Greatest distance that counts as the same person here."""
    same: bool
    """Whether `distance` is at most `threshold`."""
    false_match_rate: float | None
    """Share of pairs of different people that are at most `threshold` apart, as measured (docs/accuracy.md).
    Range [0, 1]; None where the threshold is outside the measured range."""
    first_face: Face
    """The face looked at in the first picture."""
    second_face: Face
    """The face looked at in the second picture."""
    embedder: Embedder
    """The embedder of the vectors."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject of the gallery, and its distance."""

    subject: str
    """The subject's name."""
    distance: float
    """To the nearest of this subject's faces, at least 0."""


@dataclass(frozen=True, slots=True)
class Identification:
    """The identity of a face."""

    face: Face
    """The face."""
    subject: str | None
    """The subject's name; None is unknown: no subject is near enough, or each that is near enough is another face of
    the same picture."""
    distance: float | None
    """To `subject`, or to the nearest candidate where the face is unknown; None where the gallery is empty."""
    margin: float | None
    """Distance to the nearest other subject, less `distance`; None where there is no other subject. Negative where
    the nearest subject is another face of the picture."""
    candidates: list[Candidate]
    """The nearest subjects, nearest first, near enough or not."""


@dataclass(frozen=True, slots=True)
class IdentifiedPicture:
    """The result of identifying the people in a picture."""

    identifications: list[Identification]
    """One for each face, best score first."""
    image_width_px: int
    """Width of the upright image."""
    image_height_px: int
    """Height of the upright image."""
    dropped_candidates: int
    """As in `Detection`."""
    threshold: float
    """Greatest distance at which a face was named."""
    false_positive_rate: float | None
    """Share of strangers expected to be named at this threshold in a gallery of this size. Range [0, 1]; None where
    the threshold is outside the measured range (docs/accuracy.md)."""
    embedder: Embedder
    """The embedder of the vectors."""


class EmbeddedItem(StreamItem[SourceT, list[Embedding]], Generic[SourceT]):
    """The answer to one picture of `embed_many`."""

    __slots__ = ()

    @property
    def embeddings(self) -> list[Embedding]:
        """The faces as vectors, best score first; raises the picture's error, where it has one."""
        return self.require()


class IdentifiedItem(StreamItem[SourceT, IdentifiedPicture], Generic[SourceT]):
    """The answer to one picture of `identify_many`."""

    __slots__ = ()

    @property
    def identifications(self) -> list[Identification]:
        """The identity of each face, best score first; raises the picture's error, where it has one."""
        return self.require().identifications
