"""REST requests as a caller sends them."""

import http.client
import json
from contextlib import closing
from typing import Any, NamedTuple

from tests.model_server.helpers.process import ServerProcess

TIMEOUT_S = 60.0


class RestResponse(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        assert list(self.json) == ["error"]
        return self.json["error"]


def call(server: ServerProcess, method: str, path: str, body: Any = None, **headers: str) -> RestResponse:
    """Sends a body as it is, or as JSON; names of headers have underscores."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    with closing(http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=TIMEOUT_S)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return RestResponse(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )


def get(server: ServerProcess, path: str) -> RestResponse:
    return call(server, "GET", path)


def predict(server: ServerProcess, model: str, body: Any) -> RestResponse:
    """`model` may go on with a version or label, such as "m/versions/1"."""
    return call(server, "POST", f"/v1/models/{model}:predict", body)
