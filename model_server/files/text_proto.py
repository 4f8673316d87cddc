"""One configuration file, read: the text form of a protobuf message."""

import sys
from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from model_server.files import texts

_M = TypeVar("_M", bound=Message)


def read_text_proto(path: str, message: _M) -> _M:
    """Returns `message`, filled from the text file. The place of a syntax error is written to stderr.

    Raises:
        ServingError: NOT_FOUND or INVALID_ARGUMENT.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise texts.file_not_found(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise texts.invalid_text_proto(path) from error
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        # Users know upstream's name; ours is an equal message in a package of our own.
        full_name = _upstream_name(message.DESCRIPTOR.full_name)
        sys.stderr.write(f"Error parsing text-format {full_name}: {_upstream_name(str(error))}\n")
        raise texts.invalid_text_proto(path) from error


def _upstream_name(text: str) -> str:
    return text.replace("facegrid.tfserving.v1.", "tensorflow.serving.")
