"""Encoded pictures, made for a test."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def png(width=96, height=80, level=255) -> bytes:
    """A PNG of noise; the higher the level (up to 255), the brighter."""
    stream = io.BytesIO()
    noise = np.random.default_rng(level).integers(level - level // 4, level + 1, (height, width, 3)).astype(np.uint8)
    Image.fromarray(noise).save(stream, "PNG")
    return stream.getvalue()


def chunk(name, body) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def claiming(width, height) -> bytes:
    """A PNG of some 60 bytes whose header gives this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


# What a camera stores for each orientation (CIPA DC-008): the stored picture is the upright one after
# the inverse of what the reader must do.
STORED = {
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: np.swapaxes(p, 0, 1),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(np.swapaxes(p, 0, 1), 2),
    8: lambda p: np.rot90(p, -1),
}
"""By EXIF orientation: what turns an upright picture into the stored one."""
