"""JPEG files by their markers: how one is coded, whether it is whole, its pixels where only the end mark is gone."""

import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image, JpegImagePlugin

SIGNATURE = b"\xff\xd8\xff"

_END = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")
"""A marker that is neither stuffed data nor filling nor one of the restart markers within a scan."""
_WITHOUT_LENGTH = {0xD8, 0xD9}

_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that start a frame; the others of their range hold tables."""
_ARITHMETIC = {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_HIERARCHICAL = {0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF}

_FILLERS = tuple(pattern * 4096 for pattern in (b"\x00", b"\x55", b"\x9b\x36\xe5\x4a"))
"""Made-up picture data, longer than the smallest unit that is decoded as a whole (10 blocks of 64 coefficients).

What is decoded alike with each of them does not depend on data that is missing.
"""
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")


def open_first(data: bytes) -> Image.Image:
    """Returns the file's first picture, not yet decoded.

    Files of phones and cameras hold more behind it: a thumbnail, an HDR gain map, the other eye (MPO).

    Raises:
        Exception: Whatever Pillow raises for a damaged header.
    """
    return JpegImagePlugin.JpegImageFile(io.BytesIO(data))


def unsupported_coding(data: bytes) -> str | None:
    """Returns how the picture is coded where libjpeg does not read that, such as "arithmetic coding"; else None."""
    for marker, body in _segments(data):
        if marker not in _FRAMES:
            continue
        if marker in _LOSSLESS:
            return "lossless coding"
        if marker in _HIERARCHICAL:
            return "hierarchical coding"
        if marker in _ARITHMETIC:
            return "arithmetic coding"
        return f"coding in {body[0]} bits" if body[:1] not in {b"", b"\x08"} else None
    return None


def lacks_end_mark(data: bytes) -> bool:
    """Returns whether the file ends before its end mark (EOI), as one that was cut off does."""
    return data.startswith(SIGNATURE) and data.find(_END, _first_scan(data)) < 0


def load_without_end_mark(data: bytes) -> Image.Image:
    """Returns the decoded picture of a file that lacks its end mark only.

    Raises:
        OSError: Parts of the picture are missing, too.
    """
    data = data.rstrip(b"\xff")  # half of the end mark; picture data cannot end like that
    if not _has_all_scans(data):
        raise OSError("the file ends before all of its scans")
    pictures = [_load_completed(data, filler) for filler in _FILLERS]
    first = np.asarray(pictures[0])
    if any(not np.array_equal(first, np.asarray(picture)) for picture in pictures[1:]):
        raise OSError("the file ends within the picture")
    return pictures[0]


def _load_completed(data: bytes, filler: bytes) -> Image.Image:
    # Where a restart interval is complete, the decoder skips data up to the restart marker that is due.
    restarts = _RESTART.findall(data, _first_scan(data))
    due = restarts[-1][0] + 1 if restarts else 0xD0
    tail = filler + b"".join(bytes((0xFF, 0xD0 + (due + number) % 8)) + filler for number in range(8))
    picture = open_first(data + tail + _END)
    picture.load()
    return picture


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields marker and body of each segment up to the end mark."""
    return ((marker, data[start + 4 : end]) for marker, start, end in _places(data))


def _places(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yields marker, start and end of each segment up to the end mark; entropy-coded data is passed over."""
    place = 2
    while found := _MARKER.search(data, place):
        marker, start = found[1][0], found.start()
        if marker == 0xD9:
            return
        place = found.end()
        if marker not in _WITHOUT_LENGTH:
            place += max(2, int.from_bytes(data[place : place + 2], "big"))
        yield marker, start, place


def _first_scan(data: bytes) -> int:
    """Returns where the first scan starts; thumbnails with end marks of their own lie before it."""
    return next((start for marker, start, _ in _places(data) if marker == _START_OF_SCAN), 2)


def _has_all_scans(data: bytes) -> bool:
    """Returns whether the scans hold every coefficient of every component to its last bit.

    A progressive file sends a picture in several scans, each finer than the one before.
    """
    components: set[int] = set()
    exact: dict[int, set[int]] = {}
    for marker, body in _segments(data):
        if marker in _FRAMES and len(body) >= 6:
            components = set(body[6 : 6 + 3 * body[5] : 3])
        if marker == _START_OF_SCAN and body and len(body) >= 4 + 2 * body[0]:
            first, last, precision = body[1 + 2 * body[0] : 4 + 2 * body[0]]
            if precision & 0x0F == 0:
                for component in body[1 : 1 + 2 * body[0] : 2]:
                    exact.setdefault(component, set()).update(range(first, last + 1))
    return bool(components) and all(exact.get(one, set()) >= set(range(64)) for one in components)
