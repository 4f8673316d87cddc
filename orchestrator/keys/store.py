"""Adds and removes keys of the file, one writer at a time; a reader finds the old file or the new one."""

import os
from pathlib import Path

from filelock import FileLock

from orchestrator.atomic_file import replaced_file
from orchestrator.keys.entry import KeyEntry
from orchestrator.keys.file import KeysError, dump_keys, read_keys


def add_key(path: Path, entry: KeyEntry) -> None:
    """Writes the entry to the file, which is made for this user alone if it is not there.

    Raises:
        KeysError: The file is there and cannot be used.
        OSError: It cannot be written.
    """
    with _lock(path):
        entries = read_keys(path) if path.exists() else {}
        _replace(path, {**entries, entry.id: entry})


def remove_key(path: Path, key_id: str) -> KeyEntry:
    """Removes the entry of an id and returns it.

    Raises:
        KeysError: The file cannot be used, or has no such id.
        OSError: It cannot be written.
    """
    with _lock(path):
        entries = read_keys(path)
        if key_id not in entries:
            raise KeysError(f"{path} has no key {key_id}; it has {', '.join(entries) or 'none'}")
        removed = entries.pop(key_id)
        _replace(path, entries)
        return removed


def _replace(path: Path, entries: dict[str, KeyEntry]) -> None:
    target = path.resolve()  # a link stays one
    with replaced_file(target, durable=True, mode=0o600) as file:
        if target.exists():  # the group that the service reads it by
            os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
        file.write(dump_keys(entries))


def _lock(path: Path) -> FileLock:
    """Returns the lock of a file of keys, in a file beside it that stays; a killed process holds it no longer."""
    return FileLock(path.with_name(f".{path.name}.lock"), mode=0o600)
