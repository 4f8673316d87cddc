"""Files that are replaced as a whole: a reader finds the old content or the new, never a part of either."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replaced_file(path: Path, *, durable: bool, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Gives a file to write, which takes the place of `path` at the end of the block; not if the block raises.

    One process at a time may write to a path. What a killed process left is overwritten by the next.

    Args:
        path: What is replaced; a link is replaced by a file.
        durable: Whether the content is on disk when the block has ended, also after a power cut. Without, it may be
            lost then, old content and new: for what is written again at the next start.
        mode: Permissions of the file, less the process's umask.

    Raises:
        OSError: The file cannot be written.
    """
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(descriptor)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def replace_file(path: Path, data: bytes, *, durable: bool, mode: int = 0o666) -> None:
    """Writes `data` to `path` as a whole; see `replaced_file`."""
    with replaced_file(path, durable=durable, mode=mode) as file:
        file.write(data)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
