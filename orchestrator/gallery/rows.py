"""The columns and rows of a face, in a table and in an exported file."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from facegrid.errors import GalleryMismatch
from orchestrator.gallery.types import EmbedderVersion, NewFace
from orchestrator.types import Floats

_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")


def table_name(embedder: EmbedderVersion) -> str:
    """Returns the name of the table of an embedder version's faces.

    Each version has its own table: a search cannot meet another version's vectors, lengths may differ, and an index
    is trained on vectors of one kind.

    Raises:
        GalleryMismatch: The embedder's name cannot be part of a table's name.
    """
    if not _NAME.fullmatch(embedder.name) or embedder.version < 1:
        raise GalleryMismatch(
            f"the embedder is called {embedder.name!r} version {embedder.version}, "
            "allowed are 1 to 64 letters, digits and underscores, and a version from 1"
        )
    return f"faces-{embedder.name}-{embedder.version}"


def face_schema(embedder: EmbedderVersion) -> pa.Schema:
    """Returns the columns of an embedder version's faces."""
    return pa.schema(
        [
            pa.field("subject", pa.string(), nullable=False),
            pa.field("face_id", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), embedder.dimension), nullable=False),
            pa.field("enrolled_at", pa.timestamp("us", "UTC"), nullable=False),
            pa.field("score", pa.float32(), nullable=False),
            pa.field("face_px", pa.float32(), nullable=False),
            pa.field("chip", pa.binary()),
        ],
        metadata={
            "facegrid.embedder": embedder.name,
            "facegrid.embedder_version": str(embedder.version),
            "facegrid.dimension": str(embedder.dimension),
        },
    )


def face_rows(subject: str, faces: Sequence[NewFace], embedder: EmbedderVersion, now: datetime) -> pa.Table:
    """Returns the rows of new faces, each with an id of its own."""
    return pa.table(
        [
            [subject] * len(faces),
            [str(uuid.uuid4()) for _ in faces],
            vector_column(np.array([face.vector for face in faces], np.float32), embedder.dimension),
            [now] * len(faces),
            [face.score for face in faces],
            [face.face_px for face in faces],
            [face.chip for face in faces],
        ],
        schema=face_schema(embedder),
    )


def vector_column(vectors: Floats, dimension: int) -> pa.FixedSizeListArray:
    """Returns vectors [N, dimension] as a column."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1), pa.float32()), dimension)


def equals(column: str, value: str) -> str:
    """Returns the condition that a column holds this text."""
    return f"{column} = '{value.replace(chr(39), 2 * chr(39))}'"
