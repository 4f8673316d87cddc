"""The error that a request or a load can end with: a gRPC code and a text.

Codes and texts are those of tensorflow_model_server where it has the error. Each folder has them in its `texts.py`.
"""

import grpc

MAX_MESSAGE_BYTES = 1024
"""Longer messages are cut on the wire, as upstream cuts them (HTTP/2 headers are limited)."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class ServingError(Exception):
    """An error with the gRPC status that answers it."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def number(self) -> int:
        """The code as a number, for example 5 for NOT_FOUND."""
        return int(self.code.value[0])

    @property
    def wire_message(self) -> str:
        """The message as it is sent: at most MAX_MESSAGE_BYTES bytes, then a note if it was cut."""
        encoded = self.message.encode()
        if len(encoded) <= MAX_MESSAGE_BYTES:
            return self.message
        return encoded[:MAX_MESSAGE_BYTES].decode(errors="ignore") + "...TRUNCATED"

    def __str__(self) -> str:
        """Returns "CODE_NAME: message", the form of a status in the log and in other messages."""
        return f"{self.code.name}: {self.message}"


def code_of(number: int) -> grpc.StatusCode:
    """Returns the gRPC code of an error number; UNKNOWN for a number without a code."""
    return _CODES.get(number, grpc.StatusCode.UNKNOWN)
