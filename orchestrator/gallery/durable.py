"""Waits until the files of a commit are on disk, not only in the system's cache.

Lance writes each file and then gives it its name, so a killed process leaves no half file under a name. But Lance does
not wait for the disk: after a power cut, a file that was committed a moment before could be empty. So the files of a
commit are synchronised before it is acknowledged. In an object store, a write that is answered is durable already.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

_AT_ONCE = 8


@contextmanager
def durably(folder: Path | None) -> Iterator[None]:
    """Synchronises the files that the block adds to a folder, at any depth, with the disk.

    Args:
        folder: A table's folder; it need not exist yet. None: nothing is done.

    Raises:
        OSError: The disk reported a failure; the write must not be acknowledged.
    """
    if folder is None:
        yield
        return
    before = set(_files(folder))
    yield
    added = [path for path in _files(folder) if path not in before]
    folders = {parent for path in added for parent in Path(path).parents if folder in (parent, *parent.parents)}
    # All at once: a journaling file system then writes its journal once for all of them.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_sync, (*added, *map(str, folders), str(folder.parent))))


def _files(folder: Path) -> Iterator[str]:
    for root, _, names in os.walk(folder):
        for name in names:
            yield f"{root}/{name}"


def _sync(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # an index is built without the lock, while others replace files by newer ones
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
