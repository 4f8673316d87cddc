"""Turns the engine's failures into errors that say what is wrong, and what the operator can do."""

import errno
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from facegrid.errors import FacegridError, GalleryUnavailable

_log = logging.getLogger(__name__)

ENGINE_ERRORS = (OSError, ValueError, RuntimeError, pa.ArrowException)
"""The classes in which Lance raises its errors; the message is Rust's."""

_ADVICE = {
    errno.EACCES: "the service's user has no right to it; give that user read and write rights to the gallery's files",
    errno.EPERM: "the system does not permit it; look at the owner and the attributes of the gallery's files",
    errno.EROFS: "its file system is read-only; mount it for writing",
    errno.ENOSPC: "its disk is full; make room, what was acknowledged is kept",
    errno.EDQUOT: "its quota is used up; raise it, what was acknowledged is kept",
    errno.EFBIG: "a file would grow beyond this process's limit (ulimit -f); raise it, what was acknowledged is kept",
    errno.EMFILE: "this process has too many files open (ulimit -n); raise the limit",
    errno.ENOTDIR: "a part of its path is a file; choose a folder",
    errno.ENOLCK: "its file system cannot lock files; use a local disk, NFS 4, or an object store",
}
_OS_ERROR = re.compile(r"os error (\d+)")
_MISSING = re.compile(r"not found", re.IGNORECASE)
_CONFLICT = re.compile(
    r"commit conflict|concurrent (?:writers|commit|modification)|retryable|dataset already exists", re.IGNORECASE
)


@contextmanager
def gallery_errors(doing: str) -> Iterator[None]:
    """Turns an error of the engine within into a `GalleryUnavailable` that names what was being done.

    Args:
        doing: Completes "the gallery cannot be ...".
    """
    try:
        yield
    except FacegridError:
        raise
    except ENGINE_ERRORS as err:
        # The engine's message names files: for the operator's log, not for the caller.
        _log.warning("the gallery cannot be %s: %s", doing, err)
        raise GalleryUnavailable(f"the gallery cannot be {doing}: {_advice(err)}") from err


def is_missing_file(error: Exception) -> bool:
    """Returns whether an expected file is missing."""
    return _os_error(error) == errno.ENOENT or bool(_MISSING.search(str(error)))


def is_conflict(error: Exception) -> bool:
    """Returns whether another writer was faster, so that a retry may succeed."""
    return bool(_CONFLICT.search(str(error)))


def _advice(error: Exception) -> str:
    number = _os_error(error)
    if number in _ADVICE:
        return _ADVICE[number]
    if is_conflict(error):
        return "too many others write to it at this moment; try again"
    if is_missing_file(error):
        return "some of its files are missing; restore them from a backup"
    if number is not None:
        return f"the system says {errno.errorcode.get(number, number)}"
    return "one of its files is damaged or was written by another version of the engine; restore it from a backup"


def _os_error(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = _OS_ERROR.search(str(error))
    return int(found.group(1)) if found else None
