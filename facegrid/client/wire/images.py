"""Pictures: from a path, a file's bytes or an array to the bytes that are sent."""

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from facegrid.errors import InvalidImage
from facegrid.media.convert import convert_if_needed, encode
from facegrid.v1 import detect_pb2, embed_pb2, identify_pb2

if TYPE_CHECKING:
    from facegrid.answers.faces import ImageSource

RequestT = TypeVar("RequestT", detect_pb2.DetectRequest, embed_pb2.EmbedRequest, identify_pb2.IdentifyRequest)
"""A request about one picture."""

_ACCEPTED = "a path, the bytes of a picture file, or a numpy array uint8 [height, width, 3] in RGB order"

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A drive of Windows has one letter; `Path` makes one slash of two."""
_PICTURE_IN_BASE64 = re.compile(r"(?:/9j/|iVBORw0KGgo|UklGR|R0lGOD|SUkqA|TU0AK|AAAA[A-Za-z0-9+/]{4}Z0eX)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]*")
_LONGEST_SHOWN = 200
"""Longest text that is repeated in an error. A longer one without a dot is taken for a picture in base64."""


def encode_image(source: "ImageSource") -> bytes:
    """Returns the bytes of an image file for any accepted source.

    JPEG, PNG and WebP are passed on as they are; whether they are whole is for the service to say. Other formats
    that can be decoded here are sent as one of these. Arrays are encoded without loss.

    Raises:
        InvalidImage: the source is something else, an array of another dtype or shape, or text that is no path.
        OSError: the file cannot be read (FileNotFoundError, PermissionError, IsADirectoryError).
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return convert_if_needed(bytes(source))
    if isinstance(source, (str, os.PathLike)):
        return convert_if_needed(_read(source))
    if isinstance(source, np.ndarray):
        return _encode_array(source)
    raise InvalidImage(f"an image is {_ACCEPTED}; got {type(source).__qualname__}")


def with_image(template: RequestT, source: "ImageSource") -> RequestT:
    """Returns a copy of the request with this picture; raises what `encode_image` does."""
    request = type(template)(image=encode_image(source))
    request.MergeFrom(template)  # the short message into the long one, so that no picture is copied
    return request


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as err:  # ValueError: a null character, which no file's name can have
        reason = _why_no_path(os.fspath(path), err)
        if reason is None:
            raise
    # Outside of the block above, so that the text is not in the error's context either.
    raise InvalidImage(f"an image is {_ACCEPTED}; text is taken for a path, and this is {reason}")


def _why_no_path(text: str, error: OSError | ValueError) -> str | None:
    """Returns what a text is that names no file, without repeating a picture; None: it may well be a path."""
    if text[:5].lower() == "data:":
        return f"a data URL of {len(text):,} characters: pass the decoded bytes of its base64 part"
    if _URL.match(text):
        scheme = text[: text.index(":")]
        return f"a URL ({scheme}:): download it and pass its bytes"
    is_long = len(text) > _LONGEST_SHOWN
    if _PICTURE_IN_BASE64.match(text) or (is_long and "." not in text and _BASE64.fullmatch(text)):
        return f"a picture in base64 of {len(text):,} characters: pass base64.b64decode(text)"
    if isinstance(error, ValueError):
        return f"not one ({error})"
    if (is_long and isinstance(error, FileNotFoundError)) or error.errno == errno.ENAMETOOLONG:
        return f"not one: {error.strerror} ({len(text):,} characters)"
    return None


def _encode_array(pixels: np.ndarray[Any, Any]) -> bytes:
    """Returns a lossless file with exactly these pixels."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        shape = ", ".join(map(str, pixels.shape))
        raise InvalidImage(
            f"an image array is uint8 [height, width, 3] in RGB order, with at least one pixel; "
            f"got {pixels.dtype} [{shape}]"
        )
    return encode(Image.fromarray(pixels), lossless=True)
