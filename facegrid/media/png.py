"""The chunks of a PNG file: which are read, and whether the file is whole."""

import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_TEXT = {b"tEXt", b"zTXt", b"iTXt"}
_METADATA = {b"iCCP", *_TEXT}
_ORIENTED = (b"Raw profile type exif\0", b"Raw profile type APP1\0", b"XML:com.adobe.xmp\0")
"""Texts that may say which way is up."""

_MOST_BYTES = 2**19
"""Most bytes of a text or profile that are kept, unpacked. An orientation needs a hundred, a profile a few thousand."""


def without_large_metadata(data: bytes) -> bytes:
    """Returns the file without text, but for what may say which way is up, and without a very large colour profile.

    Pillow refuses a whole file for more than 1 MB of text or profile; neither changes the pixels that are read.
    """
    if not any(name in data for name in _METADATA):
        return data
    return SIGNATURE + b"".join(
        data[start:end] for name, start, end in _chunks(data) if name not in _METADATA or _is_needed(data[start:end])
    )


def is_cut_off(data: bytes) -> bool:
    """Returns whether the file ends before its last chunk."""
    return not any(name == b"IEND" and end <= len(data) for name, _, end in _chunks(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yields name, start and end of each chunk; the last may end behind the data."""
    place = len(SIGNATURE)
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], place, end
        place = end


def _is_needed(chunk: bytes) -> bool:
    name, body = chunk[4:8], chunk[8:-4]
    if len(body) > _MOST_BYTES or (name in _TEXT and not body.startswith(_ORIENTED)):
        return False
    packed = _packed(name, body.partition(b"\0")[2])
    if packed is None:
        return True
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed, _MOST_BYTES)
    except zlib.error:
        return False
    return not unpacking.unconsumed_tail


def _packed(name: bytes, rest: bytes) -> bytes | None:
    """Returns the packed part of a text or profile, None where it is not packed; see PNG's specification, 11.3.3."""
    if name in {b"zTXt", b"iCCP"}:
        return rest[1:]
    if name == b"iTXt" and rest[:1] == b"\1":
        return rest[2:].split(b"\0", 2)[-1]
    return None
