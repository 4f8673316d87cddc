"""Which operation of which model a REST request means, by its method and path.

Upstream: `ParseModelInfo` in model_servers/http_rest_api_util.cc. A path is matched as it was sent, with its
query; only the names within it are decoded.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.rest import texts

API = re.compile(r"/v1/.*", re.IGNORECASE)
"""Other paths are not found. An error of one of these is answered in JSON."""

_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_FLAGS = re.IGNORECASE | re.ASCII
_POST = re.compile(rf"/v1/models/(?P<name>[^/:]+){_VERSION}:(?P<operation>classify|regress|predict)", _FLAGS)
_GET = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION}(?:/(?P<operation>metadata))?", _FLAGS)

STATUS, METADATA = "status", "metadata"


@dataclass(frozen=True)
class RestCall:
    """An operation of the API and a model."""

    operation: str
    """predict, classify, regress, status or metadata."""
    model: ModelSpec


def parse_target(method: str, target: str) -> RestCall:
    """Returns the operation and the model.

    Args:
        method: GET, POST or another.
        target: Path and query as they were sent.

    Raises:
        ServingError: There is no such operation, or the name of the model is missing.
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
        if not match["operation"].islower():
            raise texts.malformed_request(method, target)
        return RestCall(match["operation"], spec)
    if not spec.name:
        raise texts.missing_model_name()
    return RestCall(METADATA if match["operation"] == METADATA else STATUS, spec)


def _number(digits: str) -> int:
    # A long text of digits is not converted as a whole, which would take quadratic time.
    number = int(digits.lstrip("0")[:20] or "0")
    if number >= 2**63:
        raise texts.version_not_a_number(digits)
    return number


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode(errors="replace")
