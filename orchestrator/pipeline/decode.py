"""From the bytes of a picture to upright RGB.

Everything a caller sends comes through here, so what could hurt is refused from the header alone,
before a pixel is decoded: the format, the size, animation.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from exporters.signatures import PNET_FIELD_PX
from facegrid.errors import InvalidImage, LimitExceeded
from facegrid.media import jpeg
from facegrid.media.pictures import is_cut_off, kind_of, load, open_first, to_rgb
from orchestrator.observer import stage
from orchestrator.types import Image

_FORMATS = ("JPEG", "PNG", "WEBP")
_MIN_SIDE_PX = PNET_FIELD_PX
_EXIF_ORIENTATION = 0x0112

_UPRIGHT: dict[int, Callable[[Image], Image]] = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: image.swapaxes(0, 1)[:, ::-1],
    7: lambda image: image.swapaxes(0, 1)[::-1, ::-1],
    8: lambda image: image.swapaxes(0, 1)[::-1],
}
"""What turns a picture upright, by its EXIF orientation (CIPA DC-008, 4.6.4, tag 274)."""


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """What is accepted; see the settings of the same names."""

    max_image_bytes: int
    max_image_px: int
    max_image_side_px: int


def count_px(data: bytes, limits: ImageLimits) -> int:
    """Returns how many pixels a picture has, from its header alone.

    Raises:
        InvalidImage, LimitExceeded: See `decode`; damage behind the header is not seen.
    """
    _check_bytes(data, limits)
    with _open(data, limits) as opened:
        _check_header(opened, limits)
        return opened.width * opened.height


def warnings_of(data: bytes) -> list[str]:
    """Returns what is wrong with a file whose pixels can all be read; mostly nothing."""
    if jpeg.lacks_end_mark(data):
        return ["the JPEG file lacks its end mark; all pixels are there"]
    return []


def decode(data: bytes, limits: ImageLimits) -> Image:
    """Returns the picture as RGB uint8 [height, width, 3], turned upright as its EXIF data says.

    Grey, palette, CMYK and 16-bit pictures are converted (of 16 bits the upper 8 are taken); transparent pixels are
    composed on white. Of a JPEG file with several pictures (MPO) the first is taken, and one that lacks its end mark
    only is read: see `warnings_of`.

    Args:
        data: A JPEG, PNG or WebP file.
        limits: What is accepted.

    Raises:
        InvalidImage: Not a whole picture of these formats, an animation, or smaller than the
            12 pixels that the smallest network looks at.
        LimitExceeded: Larger than `limits` allow.
    """
    with stage("decode") as seen:
        image = _decode(data, limits)
        seen.count(bytes=len(data), pixels=image.shape[0] * image.shape[1])
    return image


def _decode(data: bytes, limits: ImageLimits) -> Image:
    _check_bytes(data, limits)
    with _open(data, limits) as opened:
        _check_header(opened, limits)
        try:
            orientation = _orientation(opened)
            image = np.asarray(to_rgb(load(opened, data)))
        except MemoryError:
            raise
        except Exception as err:  # Decoders of hostile bytes raise whatever they come across.
            raise InvalidImage(_damage(data, f"the {opened.format} file")) from err
    return np.ascontiguousarray(_UPRIGHT[orientation](image))


def _check_bytes(data: bytes, limits: ImageLimits) -> None:
    if not data:
        raise InvalidImage("the picture is empty: 0 bytes")
    if len(data) > limits.max_image_bytes:
        raise LimitExceeded(f"the picture has {len(data):,} bytes, at most {limits.max_image_bytes:,} are accepted")


def _open(data: bytes, limits: ImageLimits) -> Pillow.Image:
    try:
        return open_first(data, _FORMATS)
    except UnidentifiedImageError as err:
        raise InvalidImage(f"not a JPEG, PNG or WebP file ({len(data):,} bytes)") from err
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as err:
        # Pillow's own limit, which is far above any sensible setting of ours.
        claimed = re.search(r"\((\d+) pixels\)", str(err))
        number = f"{int(claimed[1]):,}" if claimed else "too many"
        raise LimitExceeded(f"the picture has {number} pixels, at most {limits.max_image_px:,} are accepted") from err
    except Exception as err:  # See `decode`.
        raise InvalidImage(_damage(data, "the file's header")) from err


def _check_header(opened: Pillow.Image, limits: ImageLimits) -> None:
    width, height = opened.size
    if min(width, height) < _MIN_SIDE_PX:
        raise InvalidImage(f"the picture is {width} x {height} pixels, at least {_MIN_SIDE_PX} x {_MIN_SIDE_PX} needed")
    if width * height > limits.max_image_px:
        raise LimitExceeded(
            f"the picture has {width * height:,} pixels ({width} x {height}), "
            f"at most {limits.max_image_px:,} are accepted"
        )
    if max(width, height) > limits.max_image_side_px:
        raise LimitExceeded(
            f"the picture is {width} x {height} pixels, a side may have at most {limits.max_image_side_px:,}"
        )
    frames = getattr(opened, "n_frames", 1)
    if frames != 1:
        raise InvalidImage(f"the {opened.format} file is an animation of {frames} frames, 1 is accepted")


def _orientation(opened: Pillow.Image) -> int:
    """Returns the EXIF orientation, 1 (upright) where there is none or it is no valid one."""
    try:
        orientation = opened.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a damaged EXIF block does not make the picture unreadable
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _damage(data: bytes, what: str) -> str:
    """Returns why a picture cannot be read."""
    coding = jpeg.unsupported_coding(data) if data.startswith(jpeg.SIGNATURE) else None
    if coding:
        return f"the JPEG file uses {coding}, which is not supported; save it as a baseline or progressive JPEG"
    if is_cut_off(data):
        return f"the {kind_of(data)} file is cut off (truncated): its {len(data):,} bytes end before the picture does"
    return f"{what} is damaged ({len(data):,} bytes)"
