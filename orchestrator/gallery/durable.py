"""Written to the disk itself, not only handed to the system.

Lance writes files and gives them their names in one step, so that a killed process leaves whole files
or none that count. But it does not wait for the disk: after a power cut, what was committed a moment
before could be empty. So whatever a commit added is synchronised before it is acknowledged. In an object
store, a write that is answered is durable already.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

_AT_ONCE = 8


@contextmanager
def durably(folder: Path | None) -> Iterator[None]:
    """Synchronises with the disk what appeared in a folder, at any depth, since this began.

    Args:
        folder: Of a table; it need not exist yet. None: nothing is done.

    Raises:
        OSError: The disk reported a failure; what was written must not be acknowledged.
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
        return  # an index is built without the lock; meanwhile others replace files by newer ones
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
