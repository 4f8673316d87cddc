"""Pictures in formats that the service does not take, as one that it does."""

import io
from importlib import import_module
from importlib.util import find_spec

from PIL import Image, ImageOps, features

from facegrid.errors import InvalidImage
from facegrid.media.pictures import kind_of, open_first, to_rgb

_LOSSY = {"AVIF", "HEIC"}
_CONVERTED = {"TIFF", "BMP", "GIF", *_LOSSY}
_ANIMATED = {"GIF", "AVIF"}
"""Formats whose further pictures are frames. Those of a TIFF file are pages or thumbnails; the first is taken."""

_JPEG_QUALITY = 95
_WEBP_LARGEST_SIDE_PX = 16383


def missing_decoder(kind: str | None) -> str | None:
    """Returns what must be installed to read a format (of `kind_of`) here; None: nothing."""
    if kind == "HEIC" and find_spec("pillow_heif") is None:
        return "pillow-heif"
    if kind == "AVIF" and not features.check("avif"):
        return "a Pillow with AVIF"
    return None


def convert_if_needed(data: bytes) -> bytes:
    """Returns the bytes of a file that the service takes: TIFF, BMP, GIF, AVIF and HEIC become JPEG or WebP.

    What has been compressed with loss becomes a JPEG of high quality, all else a file without loss. Anything that
    is none of these formats is returned as it is.

    Raises:
        InvalidImage: It is an animation or damaged, or what decodes it is not installed.
    """
    kind = kind_of(data)
    if kind not in _CONVERTED:
        return data
    if missing := missing_decoder(kind):
        raise InvalidImage(f"reading {kind} pictures needs {missing}; run: pip install pillow-heif")
    try:
        upright = _decoded(data, kind)
    except (InvalidImage, MemoryError):
        raise
    except Exception as err:  # Decoders of damaged files raise whatever they come across.
        raise InvalidImage(
            f"the {kind} file is damaged, or of a kind that cannot be read ({len(data):,} bytes)"
        ) from err
    return encode(upright, lossless=kind not in _LOSSY)


def encode(picture: Image.Image, *, lossless: bool) -> bytes:
    """Returns a picture in RGB as a file that the service takes.

    Lossless WebP at its fastest, measured on photos of 0.3 to 0.8 megapixels: 20 to 30 % fewer bytes
    than PNG at level 1, in 50 to 80 % of the time to write it, and faster to read.
    """
    file = io.BytesIO()
    if not lossless:
        picture.save(file, format="JPEG", quality=_JPEG_QUALITY, subsampling=0)
    elif max(picture.size) <= _WEBP_LARGEST_SIDE_PX:
        picture.save(file, format="WEBP", lossless=True, quality=0, method=0)
    else:
        picture.save(file, format="PNG", compress_level=1)
    return file.getvalue()


def register_decoders() -> None:
    """Lets Pillow read HEIC, where pillow-heif is installed."""
    if find_spec("pillow_heif") is not None:
        import_module("pillow_heif").register_heif_opener()


def _decoded(data: bytes, kind: str) -> Image.Image:
    if kind == "HEIC":
        register_decoders()
    with open_first(data) as opened:
        frames = getattr(opened, "n_frames", 1)
        if frames != 1 and kind in _ANIMATED:
            raise InvalidImage(f"the {kind} file is an animation of {frames} frames, 1 is accepted")
        return to_rgb(ImageOps.exif_transpose(opened))
