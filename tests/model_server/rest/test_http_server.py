"""The HTTP server of the REST API: limits, compression, CORS, pages, deadlines, ports and drain."""

import gzip
import http.client
import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from model_server.rest.http_server import MAX_BODY_BYTES, NOT_FOUND_PAGE
from tests.model_server.helpers.messages import floats, predict_request
from tests.model_server.helpers.process import ServerProcess, run_to_exit
from tests.model_server.helpers.rest_calls import RestResponse, call, get, predict
from tests.support.polling import eventually
from tests.support.ports import free_port

CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}
TWO = b'{"instances": [[2.0]]}'
PATH = "/v1/models/half_plus_two:predict"


def test_metrics_are_not_served_unless_a_file_asks_for_it(slow_server):
    assert get(slow_server, "/monitoring/prometheus/metrics").status == 404


@pytest.fixture(scope="module")
def slow_server(saved_models, tmp_path_factory):
    """One thread, half a second for a request, and CORS."""
    flags = (
        "--model_name=slow",
        f"--model_base_path={saved_models}/slow",
        "--rest_api_num_threads=1",
        "--rest_api_timeout_in_ms=500",
        "--rest_api_enable_cors_support",
    )
    with ServerProcess(tmp_path_factory.mktemp("slow"), *flags, with_rest=True) as running:
        yield running.wait_until_ready()


@pytest.mark.parametrize("path", ["/", "/statuspage", "/v1", "/v2/models/x", "/monitoring"])
def test_other_paths_are_not_found(server, path):
    answer = get(server, path)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html")
    assert answer.body.decode() == NOT_FOUND_PAGE
    assert answer.headers["connection"] == "close"


def test_a_connection_is_kept(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
    for _ in range(3):
        connection.request("POST", PATH, TWO)
        assert json.loads(connection.getresponse().read()) == {"predictions": [[3.0]]}
    connection.close()


def test_ipv6(server):
    with socket.create_connection(("::1", server.rest_port), timeout=60) as connection:
        connection.sendall(b"GET /v1/models/half_plus_two HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_in_chunks(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
    connection.request("POST", PATH, iter([TWO[:5], TWO[5:]]))
    assert json.loads(connection.getresponse().read()) == {"predictions": [[3.0]]}
    connection.close()


def test_a_compressed_body(server):
    answer = call(server, "POST", PATH, gzip.compress(TWO), Content_Encoding="gzip")
    assert answer.json == {"predictions": [[3.0]]}


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("body", [TWO, gzip.compress(TWO)[:-9], b""], ids=["plain", "cut", "none"])
def test_a_body_that_is_not_compressed_as_it_says(server, body):
    answer = call(server, "POST", PATH, body, Content_Encoding="gzip")
    assert (answer.status, answer.error) == (400, "Failed to uncompress the gzipped body")


@pytest.mark.usefixtures("embedded_only")
def test_a_body_beyond_the_limit_is_refused_compressed_or_not(server):
    text = f"the body of the request has more than {MAX_BODY_BYTES} bytes"
    body = b" " * (MAX_BODY_BYTES + 1)
    answer = call(server, "POST", PATH, body)
    assert (answer.status, answer.error) == (400, text)
    answer = call(server, "POST", PATH, gzip.compress(body, 1), Content_Encoding="gzip")
    assert (answer.status, answer.error) == (400, text)


@pytest.mark.usefixtures("embedded_only")
def test_a_body_at_the_limit_is_read(server):
    answer = call(server, "POST", PATH, TWO.ljust(MAX_BODY_BYTES))
    assert answer.json == {"predictions": [[3.0]]}


def test_cors_headers_come_only_with_the_flag(server, slow_server):
    def cors_headers(answer: RestResponse) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}

    assert cors_headers(get(server, "/v1/models/half_plus_two")) == {}
    for path in ("/v1/models/slow", "/v1/models/nobody"):
        assert cors_headers(get(slow_server, path)) == CORS
    preflight = call(slow_server, "OPTIONS", "/v1/models/slow:predict")
    assert (preflight.status, preflight.body, cors_headers(preflight)) == (200, b"", CORS)


def test_a_request_that_takes_too_long_is_ended(slow_server):
    answer = predict(slow_server, "slow", {"inputs": 1_000_000})
    assert answer.status == 504
    assert "error" in answer.json
    eventually(lambda: slow_server.busy_threads() == 0, "the network stopped")
    # On a loaded machine half a second may be over for a short one, too.
    eventually(lambda: predict(slow_server, "slow", {"inputs": 1}).json == {"outputs": 256.0}, "a short one's answer")


@pytest.mark.usefixtures("embedded_only")
def test_a_request_that_waits_too_long_is_not_started(slow_server):
    def errors() -> set[str]:
        with ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(lambda _: predict(slow_server, "slow", {"inputs": 1_000_000}), range(8)))
        assert {answer.status for answer in answers} == {504}
        return {answer.error for answer in answers}

    # Of eight that come one after the other, each may have a moment left when the one before it is ended.
    eventually(lambda: "the deadline was over before the request was run" in errors(), "one was not begun")


def wait_with_a_body(server) -> socket.socket:
    """Begins a request and does not end it."""
    waiting = socket.create_connection(("127.0.0.1", server.rest_port), timeout=60)
    waiting.sendall(b"POST /v1/models/slow:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{")
    return waiting


@pytest.mark.usefixtures("embedded_only")
def test_more_than_may_wait_are_refused(server):
    places = 16 * 4 * (os.cpu_count() or 1)  # a thread of the default, and fifteen that may wait for it
    with ExitStack() as stack:
        for _ in range(places):
            stack.enter_context(wait_with_a_body(server))
        eventually(lambda: get(server, "/v1/models/slow").status == 429, "all places are taken")
        answer = predict(server, "slow", {"inputs": 1})
        assert (answer.status, answer.error) == (429, f"more than {places} REST requests at once")
    eventually(lambda: get(server, "/v1/models/slow").status == 200, "the places are free again")


@pytest.mark.usefixtures("embedded_only")
def test_a_body_that_does_not_come_ends_with_a_timeout(slow_server):
    with wait_with_a_body(slow_server) as waiting:
        response = http.client.HTTPResponse(waiting)
        response.begin()
        assert response.status == 504
        assert b"the body of the request did not come in time" in response.read()


def test_a_caller_that_disconnects_harms_no_other(server):
    for sent in (b"POST /v1/models/half_plus_two:predict HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", b"GET /v1/mod"):
        with socket.create_connection(("127.0.0.1", server.rest_port), timeout=60) as connection:
            connection.sendall(sent)
    assert predict(server, "half_plus_two", TWO).status == 200


@pytest.mark.parametrize("line", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_not_http_is_refused(server, line):
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=60) as connection:
        connection.sendall(line)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.usefixtures("embedded_only")
def test_a_taken_port_ends_the_start_before_the_models_are_loaded(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_to_exit(f"--port={free_port()}", f"--rest_api_port={port}", f"--model_base_path={tmp_path}")
    assert done.returncode == 255
    assert done.stdout == (
        f"Failed to start server. Error: UNAVAILABLE: cannot listen on port {port}: Address already in use; "
        "stop what uses it, or choose another with --rest_api_port\n"
    )


def test_without_a_port_of_its_own_rest_is_left_out(tmp_path, saved_models):
    port = free_port()
    flags = (f"--port={port}", f"--rest_api_port={port}", f"--model_base_path={saved_models}/half_plus_two")
    with ServerProcess(tmp_path, *flags) as server:
        server.connect(f"127.0.0.1:{port}")
        server.wait_until_ready()
        assert server.predict(predict_request("default", {"x": floats([[2]])})).outputs["y"].float_val == [3.0]
        assert "--rest_api_port cannot be same as --port." in server.log.read_text()


@pytest.mark.usefixtures("embedded_only")
def test_requests_under_way_are_answered_at_the_end(tmp_path, saved_models):
    flags = ("--model_name=slow", f"--model_base_path={saved_models}/slow", "--rest_api_timeout_in_ms=0")
    answers: list[RestResponse] = []
    with ServerProcess(tmp_path, *flags, with_rest=True) as server:
        server.wait_until_ready()
        caller = threading.Thread(target=lambda: answers.append(predict(server, "slow", {"inputs": 5000})))
        caller.start()
        eventually(server.is_computing, "the request is being computed")
        server.process.terminate()
        eventually(lambda: not _listens(server.rest_port), "the port is closed")
        assert not answers
        caller.join(60)
        assert answers[0].json == {"outputs": 256.0}
        assert server.process.wait(30) == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
