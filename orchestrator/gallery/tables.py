"""Lance tables that several processes read and write at once.

A table is a sequence of versions. A reader uses the one that is newest when it begins. A process that removes old
versions meanwhile can remove files that the reader needs; then the reader begins again with a newer version.
"""

import errno
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa

from orchestrator.gallery.durable import durably
from orchestrator.gallery.failures import ENGINE_ERRORS, gallery_errors, is_conflict, is_missing_file

if TYPE_CHECKING:
    from lance import LanceDataset

Result = TypeVar("Result")

INDEX_CACHE_BYTES = 512 * 1024 * 1024
"""Most memory for parts of an index; the index of a million faces needs a fifth (benchmarks/speed/gallery.py)."""
METADATA_CACHE_BYTES = 64 * 1024 * 1024

_ATTEMPTS = 12
_FIRST_WAIT_S = 0.01
_LONGEST_WAIT_S = 1.0


class Storage:
    """The place of the tables: a folder or an object store.

    Args:
        uri: A path, or a URI that Lance knows, such as s3://bucket/prefix; credentials come from the environment.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        is_path = parts.scheme in {"", "file"}
        self.folder: Path | None = Path(parts.path if parts.scheme else uri).absolute() if is_path else None
        self._root = str(self.folder) if self.folder else uri.rstrip("/")
        self._session: Any = None
        self._session_lock = threading.Lock()

    def table(self, name: str) -> "LanceTable":
        """Returns a table of this name, which need not exist."""
        return LanceTable(self, name, f"{self._root}/{name}.lance", self.folder and self.folder / f"{name}.lance")

    def session(self) -> Any:
        """Returns the caches that all tables share."""
        import lance  # noqa: PLC0415  (50 MB of memory and 0.1 s, which only a service with a gallery pays)

        with self._session_lock:
            if self._session is None:
                self._session = lance.Session(INDEX_CACHE_BYTES, METADATA_CACHE_BYTES)
            return self._session


class LanceTable:
    """One table. Methods block and may be called from any thread."""

    def __init__(self, storage: Storage, name: str, uri: str, folder: Path | None) -> None:
        self.name = name
        self.folder = folder
        self._storage = storage
        self._uri = uri
        self._newest: LanceDataset | None = None
        self._newest_lock = threading.Lock()

    def exists(self) -> bool:
        """Returns whether the table exists."""
        with gallery_errors("read"):
            return self._open() is not None

    def read(self, work: Callable[["LanceDataset"], Result]) -> Result:
        """Returns what `work`, which may be called several times, reads from the newest version.

        Raises:
            GalleryUnavailable: The table cannot be read, or does not exist.
        """
        with gallery_errors("read"):
            for attempt in range(_ATTEMPTS):
                dataset = self._open_or_fail()
                try:
                    return work(dataset)
                except ENGINE_ERRORS as err:
                    outdated = dataset.latest_version != dataset.version
                    if not (is_missing_file(err) and outdated) or attempt == _ATTEMPTS - 1:
                        raise
            raise AssertionError  # the last attempt returns or raises

    def create(self, rows: pa.Table) -> None:
        """Creates the table with these rows, unless it exists."""
        import lance  # noqa: PLC0415

        def write() -> None:
            if self._open() is None:
                lance.write_dataset(rows, self._uri, mode="create", session=self._storage.session())

        with gallery_errors("written"):
            self._commit(write)

    def append(self, rows: pa.Table) -> None:
        """Adds rows; they are on disk when this returns.

        Raises:
            GalleryUnavailable: The rows were not added, or it is unknown whether they were.
        """
        import lance  # noqa: PLC0415

        def write() -> None:
            lance.write_dataset(rows, self._uri, mode="append", session=self._storage.session())

        with gallery_errors("written"):
            self._commit(write)

    def overwrite(self, rows: pa.Table) -> None:
        """Replaces all rows; readers see either the old rows or the new ones.

        Raises:
            GalleryUnavailable: The rows were not written, or it is unknown whether they were.
        """
        import lance  # noqa: PLC0415

        def write() -> None:
            lance.write_dataset(rows, self._uri, mode="overwrite", session=self._storage.session())

        with gallery_errors("written"):
            self._commit(write)

    def change(self, work: Callable[["LanceDataset"], Result], *, attempts: int = _ATTEMPTS) -> Result:
        """Applies `work` to the newest version and returns its result; retries if another writer was faster.

        The change is on disk when this returns.

        Raises:
            GalleryUnavailable: It was not done, or it is unknown whether it was.
        """

        def write() -> Result:
            dataset = self._open_or_fail()
            # Work commits to its own object; the one that readers share does not change.
            return work(dataset.checkout_version(dataset.version))

        with gallery_errors("written"):
            return self._commit(write, attempts)

    def _commit(self, write: Callable[[], Result], attempts: int = _ATTEMPTS) -> Result:
        wait_s = _FIRST_WAIT_S
        with durably(self.folder):
            for _ in range(attempts - 1):
                try:
                    return write()
                except ENGINE_ERRORS as err:
                    if not (is_conflict(err) or is_missing_file(err)):
                        raise
                time.sleep(random.uniform(0, wait_s))
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            return write()

    def _open_or_fail(self) -> "LanceDataset":
        dataset = self._open()
        if dataset is None:
            raise FileNotFoundError(errno.ENOENT, f"table {self.name} is missing")
        return dataset

    def _open(self) -> "LanceDataset | None":
        import lance  # noqa: PLC0415

        with self._newest_lock:
            for attempt in range(_ATTEMPTS):
                try:
                    if self._newest is None:
                        self._newest = lance.dataset(self._uri, session=self._storage.session())
                    elif self._newest.version != (newest := self._newest.latest_version):
                        self._newest = self._newest.checkout_version(newest)
                except ENGINE_ERRORS as err:
                    # Removed between being listed and being opened, or never there.
                    if not is_missing_file(err):
                        raise
                    self._newest = None
                    if attempt and not self._has_files():
                        return None
                else:
                    return self._newest
            return None

    def _has_files(self) -> bool:
        return self.folder is not None and self.folder.exists()
