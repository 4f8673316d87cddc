"""A file that appears under its name when it is complete, or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def place_beside(path: Path) -> tuple[Path, Path]:
    """Returns where to write a file meanwhile, in the same folder, and the path that it takes when it is complete.

    Links are followed, and a device or pipe is written to directly. The suffix stays, since it may choose a format.
    """
    final = path.resolve()
    if final.exists() and not final.is_file():
        return final, final
    return final.with_name(f".{secrets.token_hex(4)}.part{final.suffix}"), final


def keep(part: Path, final: Path) -> None:
    """Gives a complete file its name; it replaces an older one. Raises OSError."""
    if part != final:
        part.replace(final)


def discard(part: Path, final: Path) -> None:
    """Removes a file that was not completed."""
    if part != final:
        part.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yields the path to write to; what is there takes the name `path` when the block ends without an error.

    Raises:
        OSError: It cannot be written; nothing of it is left behind then.
    """
    part, final = place_beside(path)
    try:
        yield part
        keep(part, final)
    except BaseException:
        discard(part, final)
        raise
