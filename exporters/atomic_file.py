"""Files that are replaced in one step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(file: Path, *, durable: bool) -> Iterator[Path]:
    """Gives the path of a draft to write, and renames it to `file` after the block.

    A reader finds the file as it was before or whole, even if the writer is killed. If the block fails, the file
    stays as it was.

    Args:
        file: Replaced, or made where there is none; the draft lies beside it and has the same suffix.
        durable: Whether the content is on the disk before the rename, so that it also outlives a power cut. For
            results; a state that the next checkpoint replaces need not wait for the disk.

    Raises:
        OSError: The folder cannot be written.
    """
    draft = file.with_name(f"{file.stem}.part{file.suffix}")
    try:
        yield draft
        if durable:
            _flush(draft)
        draft.replace(file)
        if durable:
            _flush(file.parent)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _flush(path: Path) -> None:
    """Waits until the content of a file, or the entries of a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
