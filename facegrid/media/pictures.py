"""Files of pictures to pixels, on both sides of the service: which kind a file is, its first picture, and plain RGB."""

import io

import numpy as np
from PIL import Image

from facegrid.media import jpeg, png

GROUND = (255, 255, 255)
"""The colour behind transparent pixels: white, as in most viewers."""

_ISO_BRANDS = {
    "AVIF": (b"avif", b"avis"),
    "HEIC": (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"),
}
_SIGNATURES = {
    jpeg.SIGNATURE: "JPEG",
    png.SIGNATURE: "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}
HEAD_BYTES = 64
"""Bytes from the start of a file that `kind_of` looks at."""


def kind_of(head: bytes) -> str | None:
    """Returns the format that the first bytes of a file say: JPEG, PNG, WEBP, GIF, TIFF, BMP, AVIF, HEIC or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        length = min(max(int.from_bytes(head[:4], "big"), 12), HEAD_BYTES)
        brands = [head[8:12], *(head[place : place + 4] for place in range(16, length, 4))]
        # Files of both kinds list the general brand mif1.
        return next((kind for kind, known in _ISO_BRANDS.items() if any(brand in known for brand in brands)), None)
    return next((kind for signature, kind in _SIGNATURES.items() if head.startswith(signature)), None)


def open_first(data: bytes, formats: tuple[str, ...] | None = None) -> Image.Image:
    """Returns the first picture of a file, not yet decoded.

    Args:
        data: The file.
        formats: Pillow's names of the formats that are taken; None: all.

    Raises:
        Exception: Whatever Pillow raises for something else, or a damaged header.
    """
    if data.startswith(jpeg.SIGNATURE) and (formats is None or "JPEG" in formats):
        return jpeg.open_first(data)
    if data.startswith(png.SIGNATURE):
        data = png.without_large_metadata(data)
    return Image.open(io.BytesIO(data), formats=formats)


def load(opened: Image.Image, data: bytes) -> Image.Image:
    """Returns the picture of `open_first` decoded. A JPEG that lacks its end mark only is whole.

    Raises:
        Exception: Whatever Pillow raises for a damaged file.
    """
    try:
        opened.load()
    except OSError:
        if not jpeg.lacks_end_mark(data):
            raise
        return jpeg.load_without_end_mark(data)
    return opened


def is_cut_off(data: bytes) -> bool:
    """Returns whether a JPEG, PNG or WebP file ends before it should by its own account."""
    if data.startswith(png.SIGNATURE):
        return png.is_cut_off(data)
    if data[:4] == b"RIFF":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    return jpeg.lacks_end_mark(data)


def to_rgb(image: Image.Image) -> Image.Image:
    """Returns a picture of any mode in RGB, never the same object.

    Transparent pixels are composed on `GROUND`: what nobody can see is not in the picture. Of 16 bits the upper 8
    are taken.
    """
    if image.mode == "I" or image.mode.startswith("I;16"):
        return Image.fromarray(_upper_eight_bits(image))
    if image.has_transparency_data:
        visible = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (*GROUND, 255)), visible).convert("RGB")
    return image.copy() if image.mode == "RGB" else image.convert("RGB")


def _upper_eight_bits(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    values = np.asarray(image).astype(np.uint16)
    pixels = np.repeat((values >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):  # the grey value that stands for "nothing"
        pixels[values == transparent] = GROUND
    return pixels
