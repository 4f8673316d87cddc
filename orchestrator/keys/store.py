"""Adds and removes keys of the file, one writer at a time; a reader finds the old file or the new one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.keys.entry import KeyEntry
from orchestrator.keys.file import KeysError, dump_keys, read_keys


def add_key(path: Path, entry: KeyEntry) -> None:
    """Writes the entry to the file, which is made for this user alone if it is not there.

    Raises:
        KeysError: The file is there and cannot be used.
        OSError: It cannot be written.
    """
    with _locked(path.parent):
        entries = read_keys(path) if path.exists() else {}
        _replace(path, {**entries, entry.id: entry})


def remove_key(path: Path, key_id: str) -> KeyEntry:
    """Removes the entry of an id and returns it.

    Raises:
        KeysError: The file cannot be used, or has no such id.
        OSError: It cannot be written.
    """
    with _locked(path.parent):
        entries = read_keys(path)
        if key_id not in entries:
            raise KeysError(f"{path} has no key {key_id}; it has {', '.join(entries) or 'none'}")
        removed = entries.pop(key_id)
        _replace(path, entries)
        return removed


def _replace(path: Path, entries: dict[str, KeyEntry]) -> None:
    target = path.resolve()  # a link stays one
    aside = target.with_name(target.name + ".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(dump_keys(entries))
        file.flush()
        os.fsync(descriptor)
        if target.exists():  # the group that the service reads it by
            os.fchmod(descriptor, target.stat().st_mode & 0o777)
    aside.replace(target)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
