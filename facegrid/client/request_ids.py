"""The id of a call, under which the service's log and the caller's error speak of the same thing."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

HEADER = "x-request-id"
"""Metadata that the service writes into every entry of its log that belongs to the call."""


def identified(method: Callable[..., Any]) -> tuple[Callable[..., Any], str]:
    """Returns a method of a stub that sends a new id, the same one again where gRPC repeats the call; and the id."""
    request_id = uuid.uuid4().hex
    return partial(method, metadata=((HEADER, request_id),)), request_id
