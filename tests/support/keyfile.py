"""Files of keys for tests."""

import shutil
import time
from datetime import UTC, datetime, timedelta

from orchestrator.keys.entry import KeyEntry, digest, new_key
from orchestrator.keys.file import dump_keys
from orchestrator.keys.scopes import SCOPES

PAST = datetime.now(UTC) - timedelta(days=1)
FUTURE = datetime.now(UTC) + timedelta(days=1)


def make_key(*scopes, **fields):
    """Returns a new key and its entry; all scopes where none is named."""
    key_id, key = new_key()
    given = {"name": "test", "scopes": frozenset(scopes or SCOPES), **fields}
    return key, KeyEntry(id=key_id, sha256=digest(key), **given)


def write_keys(path, *entries):
    """Replaces the file as an editor or `facegrid keys` does."""
    aside = path.with_name(path.name + ".aside")
    aside.write_bytes(dump_keys({entry.id: entry for entry in entries}))
    aside.replace(path)
    return path


def bearer(key):
    return [("authorization", f"Bearer {key}")]


def mount_keys(folder, *entries):
    """Puts the keys into a folder as a kubelet mounts a Secret, and swaps them as it does when the Secret has changed.

    keys.json -> ..data/keys.json, ..data -> ..TIME; a new ..data is renamed over the old one, and what it led to goes.
    """
    folder.mkdir(exist_ok=True)
    link, before = folder / "..data", (folder / "..data").resolve()
    versioned = folder / f"..{time.time_ns()}"
    versioned.mkdir()
    write_keys(versioned / "keys.json", *entries)
    aside = folder / "..data_tmp"
    aside.symlink_to(versioned.name)
    aside.replace(link)
    if before != link:
        shutil.rmtree(before)
    else:
        (folder / "keys.json").symlink_to("..data/keys.json")
    return folder / "keys.json"
