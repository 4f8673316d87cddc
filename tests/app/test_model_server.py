import asyncio
import sys
from pathlib import Path

import pytest

from model_server.flags import parse_flags
from orchestrator.fleet import model_server
from orchestrator.fleet.management_client import ManagementClient
from orchestrator.fleet.model_server import ModelVersion, missing_models, model_server_command

CONFIG, SOCKET = Path("/run/models.config"), Path("/run/model_server.sock")


@pytest.fixture
def path_without_binary(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_embedded_server_understands_its_flags_and_listens_on_the_socket_alone(path_without_binary):
    program, *rest = model_server_command(CONFIG, f"unix:{SOCKET}")
    assert (program, rest[:2]) == (sys.executable, ["-m", "model_server"])
    flags = parse_flags(rest[2:])
    assert (flags.number("port"), flags.text("grpc_socket_path")) == (0, str(SOCKET))
    assert flags.text("model_config_file") == str(CONFIG)
    assert flags.is_set("strict_input_shapes")
    assert flags.is_set("enable_grpc_healthcheck_service")


@pytest.mark.parametrize("threads", [None, 1, 3])
def test_a_quota_bounds_the_threads_of_tensorflow(path_without_binary, monkeypatch, threads):
    monkeypatch.setattr(model_server, "threads_to_use", lambda: threads)
    flags = parse_flags(model_server_command(CONFIG, f"unix:{SOCKET}")[3:])
    for kind in ("intra", "inter"):
        assert flags.number(f"tensorflow_{kind}_op_parallelism") == (threads or 0)


def test_the_binary_comes_first_and_gets_no_flag_of_ours(path_without_binary):
    binary = path_without_binary / "tensorflow_model_server"
    binary.touch(mode=0o755)
    program, *flags = model_server_command(CONFIG, f"unix:{SOCKET}")
    assert program == str(binary)
    assert "--strict_input_shapes" not in flags
    assert "--enable_grpc_healthcheck_service" in flags


def test_a_model_is_missing_until_one_of_its_versions_is_available():
    versions = [ModelVersion("pnet", 2, "LOADING", ""), ModelVersion("pnet", 1, "AVAILABLE", "")]
    versions += [ModelVersion("rnet", 1, "END", "broken")]
    assert missing_models(versions, ["pnet", "rnet", "onet"]) == ["rnet", "onet"]


def test_a_server_that_is_not_there_has_no_versions(tmp_path):
    async def ask():
        client = ManagementClient(f"unix:{tmp_path}/absent.sock")
        try:
            return await client.versions(["pnet"], timeout_s=5.0)
        finally:
            await client.close()

    assert asyncio.run(ask()) is None
