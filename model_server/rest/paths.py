"""What a REST request asks for, by its method and path.

Upstream: `ParseModelInfo` in model_servers/http_rest_api_util.cc. A path is matched as it was sent, with its
query; only the names within it are decoded.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.rest import texts

API = re.compile(r"/v1/.*", re.IGNORECASE)
"""Paths beyond these are not found; what is wrong with one of these is told in JSON."""

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_FLAGS = re.IGNORECASE | re.ASCII
_POST = re.compile(rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<what>classify|regress|predict)", _FLAGS)
_GET = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<what>metadata))?", _FLAGS)

STATUS, METADATA = "status", "metadata"


@dataclass(frozen=True)
class RestCall:
    """A method of the API and a model."""

    what: str
    """predict, classify, regress, status or metadata."""
    model: ModelSpec


def parse_call(method: str, target: str) -> RestCall:
    """Returns what is asked for.

    Args:
        method: GET, POST or another.
        target: Path and query as they were sent.

    Raises:
        ServingError: There is no such thing, or it has no model's name.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(target) if pattern else None
    if match is None:
        raise texts.malformed_request(method, target)
    spec = ModelSpec(name=_decoded(match["name"] or ""))
    if match["version"] is not None:
        spec.version.value = _number(match["version"])
    if match["label"] is not None:
        spec.version_label = _decoded(match["label"])
    if method == "POST":
        if not match["what"].islower():
            raise texts.malformed_request(method, target)
        return RestCall(match["what"], spec)
    if not spec.name:
        raise texts.missing_model_name()
    return RestCall(METADATA if match["what"] == METADATA else STATUS, spec)


def _number(digits: str) -> int:
    # As many digits as one likes are no reason to make a number of them.
    number = int(digits.lstrip("0")[:20] or "0")
    if number >= 2**63:
        raise texts.version_not_a_number(digits)
    return number


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode(errors="replace")
