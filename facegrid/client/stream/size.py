"""How many pixels a request has, for the bound on those under way."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

MAX_PX_UNDER_WAY = 40_000_000
"""Most pixels of one call that are sent and unanswered, unless a single picture has more. A picture's time on the
service includes its wait behind those before it. A window of phone photos (12 million pixels) is three, which keeps a
service busy."""

# The classes themselves: `Image.open` would warn of pictures that the service is to judge.
_FORMATS: dict[bytes, Callable[[io.BytesIO], Image.Image]] = {
    b"\xff\xd8": JpegImageFile,
    b"\x89P": PngImageFile,
    b"RI": WebPImageFile,
}


def request_px(request: Any) -> int:
    """Returns the number of pixels of the pictures in a request; one that cannot be read counts as 0."""
    if hasattr(request, "image"):
        return _count_px(request.image)
    return sum(_count_px(portrait.image) for portrait in request.images)


def _count_px(encoded: bytes) -> int:
    kind = _FORMATS.get(encoded[:2])
    if kind is None:
        return 0
    try:
        with kind(io.BytesIO(encoded)) as image:  # reads the header alone
            return image.width * image.height
    except Exception:  # noqa: BLE001 - of a damaged file, whatever its reader raises; the service says what is wrong
        return 0
