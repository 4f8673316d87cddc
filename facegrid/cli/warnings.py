"""Warnings of our own code as sentences of the command line."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from facegrid.media.fonts import MissingLetters


@contextmanager
def as_sentences() -> Iterator[None]:
    """Prints warnings about letters that are raised meanwhile as lines on standard error, each text once."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", MissingLetters)
        warnings.showwarning = _tell
        yield


_told: set[str] = set()


def _tell(message: Warning | str, *_: Any, **__: Any) -> None:
    text = str(message)
    if text not in _told:
        _told.add(text)
        sys.stderr.write(f"facegrid: {text}\n")
