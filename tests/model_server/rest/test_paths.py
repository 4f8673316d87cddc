"""Methods and paths: upstream's own cases (model_servers/http_rest_api_util_test.cc) and their limits."""

import pytest

from model_server.errors import ServingError
from model_server.rest.paths import API, parse_target

RESERVED = "name%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D"
DECODED = "name!#$%&'()*+,/:;=?@[]"

CALLS = {
    ("GET", "/v1/models/m"): ("status", "m", None, ""),
    ("GET", "/v1/models/m/versions/99"): ("status", "m", 99, ""),
    ("GET", "/v1/models/m/labels/latest"): ("status", "m", None, "latest"),
    ("GET", "/v1/models/m/metadata"): ("metadata", "m", None, ""),
    ("GET", "/v1/models/m/labels/latest/metadata"): ("metadata", "m", None, "latest"),
    ("GET", "/v1/models/m/versions/0007/metadata"): ("metadata", "m", 7, ""),
    ("GET", "/V1/Models/M"): ("status", "M", None, ""),
    ("GET", "/v1/models/metadata"): ("status", "metadata", None, ""),
    ("GET", f"/v1/models/{RESERVED}/labels/{RESERVED}/metadata"): ("metadata", DECODED, None, DECODED),
    ("GET", "/v1/models/%E9"): ("status", "�", None, ""),
    ("POST", f"/v1/models/{RESERVED}:predict"): ("predict", DECODED, None, ""),
    ("POST", "/v1/models/m/versions/9223372036854775807:classify"): ("classify", "m", 2**63 - 1, ""),
    ("POST", f"/v1/models/m/labels/{RESERVED}:regress"): ("regress", "m", None, DECODED),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), CALLS.items(), ids=[" ".join(request) for request in CALLS])
def test_a_path_is_parsed(request_, expected):
    call = parse_target(*request_)
    spec = call.model
    version = spec.version.value if spec.HasField("version") else None
    assert (call.operation, spec.name, version, spec.version_label) == expected


MALFORMED = [
    ("GET", "/v1/foo"),
    ("POST", "/v1/foo"),
    ("POST", "/v1/models"),
    ("POST", "/v1/models/foo"),
    ("GET", "/v1/models/foo:predict"),
    ("GET", "/v1/models/foo/version/50:predict"),
    ("POST", "/v1/models/foo/version/50:regress"),
    ("POST", "/v1/models/foo/versions/HELLO:regress"),
    ("POST", "/v1/models/foo/versions/\u0661:regress"),  # a digit, but not one of C
    ("POST", "/v1/models/foo/versions/50/labels/some_label:regress"),
    ("POST", "/v1/models/foo/metadata"),
    ("POST", "/v1/models/foo:predict?x=1"),
    ("POST", "/v1/models/foo:PREDICT"),
    ("POST", "/v1/models/foo:explain"),
    ("PUT", "/v1/models/foo"),
    ("DELETE", "/v1/models/foo:predict"),
]


def refusal(method, target) -> str:
    with pytest.raises(ServingError) as caught:
        parse_target(method, target)
    assert caught.value.code.name == "INVALID_ARGUMENT"
    return caught.value.message


@pytest.mark.parametrize(("method", "target"), MALFORMED, ids=[" ".join(request) for request in MALFORMED])
def test_malformed_requests(method, target):
    assert refusal(method, target) == f"Malformed request: {method} {target}"


@pytest.mark.parametrize("digits", [str(2**63), str(2**64 - 1), "9" * 5000], ids=len)
def test_versions_beyond_64_bits(digits):
    text = f"Failed to convert version: {digits} to numeric."
    assert refusal("POST", f"/v1/models/foo/versions/{digits}:regress") == text


@pytest.mark.parametrize("target", ["/v1/models", "/v1/models/versions/1", "/v1/models/labels/a/metadata"])
def test_a_model_has_to_be_named(target):
    assert refusal("GET", target) == "Missing model name in request."


def test_paths_of_the_api():
    assert API.fullmatch("/v1/models")
    assert API.fullmatch("/V1/anything")
    for other in ("/statuspage", "/index", "/v1", "/v2/models", "//v1/models"):
        assert API.fullmatch(other) is None
