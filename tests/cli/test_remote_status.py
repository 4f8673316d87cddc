"""`facegrid status --target`: a service that this machine does not run."""

import subprocess
import sys

import pytest
from grpc_health.v1 import health_pb2

from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor
from tests.support.hosts import running_host

STATUSES = health_pb2.HealthCheckResponse


@pytest.fixture(scope="module")
def host():
    with running_host(Settings(), FunctionPredictor({})) as address:
        yield address


def test_a_service_that_serves_is_shown_with_its_parts(facegrid, host):
    result = facegrid("status", "--target", host)
    assert (result.code, result.err) == (0, "")
    names = [line.partition(": ")[0] for line in result.out.splitlines()]
    assert names == [host, "facegrid.v1.FaceService", "facegrid.v1.GeneratorService"]
    assert all(": serving (" in line and line.endswith(" ms)") for line in result.out.splitlines())


def test_json_has_the_health_of_each_part_and_its_time(facegrid, host):
    result = facegrid("status", "--target", host, "--json")
    [line] = result.lines
    assert (result.code, line["target"], line["serving"]) == (0, host, True)
    assert {one["service"]: one["health"] for one in line["services"]} == {
        "": "serving",
        "facegrid.v1.FaceService": "serving",
        "facegrid.v1.GeneratorService": "serving",
    }
    assert all(one["elapsed_ms"] > 0 for one in line["services"])


def test_a_service_that_does_not_serve_exits_with_1(facegrid, server):
    server.set_health(STATUSES.NOT_SERVING)
    result = facegrid("status", "--target", server.target)
    assert result.code == 1
    first, *others = result.out.splitlines()
    assert first.startswith(f"{server.target}: not serving (")
    assert all(": service unknown (" in line for line in others), "this server has no health of its parts"


def test_a_service_that_is_not_there_exits_with_3(facegrid):
    result = facegrid("status", "--target", "127.0.0.1:1")
    assert (result.code, result.out) == (3, "127.0.0.1:1: not reachable\n")
    assert "cannot reach the service at 127.0.0.1:1" in result.err
    [line] = facegrid("status", "--target", "127.0.0.1:1", "--json").lines
    assert (line["serving"], line["error"]["reason"]) == (False, "UNAVAILABLE")


@pytest.mark.parametrize("argv", [("--watch",), ("--state-dir", "x")])
def test_what_is_of_this_machine_excludes_a_target(facegrid, argv):
    assert facegrid("status", "--target", "127.0.0.1:1", *argv).code == 2


def test_it_needs_nothing_of_the_service(host):
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['psutil', 'ray', 'supervisor', 'filelock', 'cv2']));"
        "from facegrid.cli.main import main; code = main(sys.argv[1:]);"
        "assert 'orchestrator' not in sys.modules; sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "status", "--target", host]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
