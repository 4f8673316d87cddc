"""Which requests are sent: methods and pictures in given shares. Each request is made once and sent repeatedly."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from facegrid.answers.faces import ImageSource
from facegrid.client import calls
from facegrid.client.calls import PreparedCall, Rpc
from facegrid.client.wire.faces import Options
from facegrid.client.wire.images import encode_image
from facegrid.errors import InvalidOption

SIZES_PX = {"small": 640, "medium": 1280, "large": 4000}
"""Longer side of a picture of this size; large is that of a camera of 12 megapixels."""

METHODS: dict[str, Rpc[[ImageSource, Options], Any]] = {
    "detect": calls.DETECT,
    "embed": calls.EMBED,
    "identify": calls.IDENTIFY,
}


@dataclass(frozen=True)
class RequestTemplate:
    """A request that is sent repeatedly."""

    name: str
    """Method and picture."""
    share: float
    """Of all requests; those of all templates add up to 1."""
    call: PreparedCall[Any]


def parse_shares(text: str) -> dict[str, float]:
    """Returns the shares in a text such as "small=0.7,large=0.3", scaled to add up to 1; a name alone has 1 part.

    Raises:
        InvalidOption: a share is not a number above 0, or the text has none.
    """
    shares: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, number = part.rpartition("=")
        name, number = (name, number) if equals else (part, "1")
        try:
            share = float(number)
        except ValueError:
            share = 0.0
        if not 0 < share < float("inf"):
            raise InvalidOption(f"the share of {name!r} is {number!r}, expected a number above 0")
        shares[name] = shares.get(name, 0.0) + share
    if not shares:
        raise InvalidOption(f"there is no share in {text!r}, expected NAME=SHARE,NAME=SHARE")
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def build_templates(
    pictures: Sequence[Path], methods: Mapping[str, float], mix: Mapping[str, float] | None, *, timeout_s: float
) -> list[RequestTemplate]:
    """Returns the requests to send, each with its share.

    Args:
        pictures: Files; each is sent as often as the others.
        methods: Shares of names in `METHODS`.
        mix: Shares of names in `SIZES_PX`, to which the pictures are scaled, or of files; None: `pictures` as they are.
        timeout_s: Time that the service has for a request.

    Raises:
        InvalidOption: there is no such method or size.
        OSError: a file cannot be read as a picture.
    """
    unknown = methods.keys() - METHODS.keys()
    if unknown:
        raise InvalidOption(f"there is no method {min(unknown)!r} to measure, there are {', '.join(METHODS)}")
    images = _images(pictures, mix)
    return [
        RequestTemplate(f"{method} {name}", method_share * share, METHODS[method].prepare(timeout_s, data, {}))
        for method, method_share in methods.items()
        for name, share, data in images
    ]


def _images(pictures: Sequence[Path], mix: Mapping[str, float] | None) -> list[tuple[str, float, bytes]]:
    if mix is None:
        return [(path.name, 1 / len(pictures), encode_image(path)) for path in pictures]
    images = []
    for name, share in mix.items():
        if name in SIZES_PX:
            if not pictures:
                raise InvalidOption(f"there is no picture to send as {name!r}: name a file or a folder")
            parts = [(f"{path.name} {name}", _scaled(path, SIZES_PX[name])) for path in pictures]
            images += [(part, share / len(parts), data) for part, data in parts]
        elif Path(name).is_file():
            images.append((Path(name).name, share, encode_image(name)))
        else:
            raise InvalidOption(f"{name!r} is neither a size ({', '.join(SIZES_PX)}) nor a file")
    return images


def _scaled(path: Path, longer_px: int) -> bytes:
    """Returns the picture as a JPEG file with this longer side, larger or smaller than it was."""
    with Image.open(path) as opened:
        factor = longer_px / max(opened.size)
        size = (max(round(opened.width * factor), 12), max(round(opened.height * factor), 12))
        stream = io.BytesIO()
        opened.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(stream, "JPEG", quality=90)
    return stream.getvalue()
