"""How a start fails: message and exit code, before anything is served."""

import shutil
import socket

import grpc
import pytest

from tests.model_server.helpers.messages import predict_request
from tests.model_server.helpers.process import COMMAND, UPSTREAM, ServerProcess, run_to_exit
from tests.support.polling import eventually
from tests.support.ports import free_port

NO_RETRIES = ("--max_num_load_retries=0", "--load_retry_interval_micros=0")


def failed_start(*flags: str) -> str:
    """Returns what follows "Failed to start server. Error: "."""
    done = run_to_exit(*flags)
    assert done.returncode == 255, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stdout.strip().splitlines()[-1]
    prefix = "Failed to start server. Error: "
    assert last.startswith(prefix), done.stdout
    return last.removeprefix(prefix)


WRONG_FLAGS = {
    "no port": (
        ["--port=0", "--model_base_path=/m"],
        "INVALID_ARGUMENT: At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
    ),
    "no model": (
        [],
        "INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!",
    ),
    "two kinds of credentials": (
        ["--use_alts_credentials", "--ssl_config_file=/x", "--model_base_path=/m"],
        "INVALID_ARGUMENT: Either use_alts_credentials must be false or ssl_config_file must be empty.",
    ),
    "batching file without batching": (
        ["--batching_parameters_file=/x", "--model_base_path=/m"],
        (
            "INVALID_ARGUMENT: server_options.batching_parameters_file is set without setting "
            "server_options.enable_batching to true."
        ),
    ),
    "relative path": (
        ["--model_base_path=models/x", "--model_name=x"],
        "INVALID_ARGUMENT: Expected model x to have an absolute path or URI; got base_path()=models/x",
    ),
    "config file that is not there": (
        ["--model_config_file=/nowhere/models.config"],
        "NOT_FOUND: /nowhere/models.config; No such file or directory",
    ),
}


@pytest.mark.parametrize(("flags", "text"), WRONG_FLAGS.values(), ids=WRONG_FLAGS.keys())
def test_wrong_flags_end_the_start(flags, text):
    assert failed_start(*flags) == text


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--pord=1", "unknown argument: --pord=1"),
        ("stray", "unknown argument: stray"),
        ("--port", "--port needs a value: --port=..."),
        ("--port=x", "Couldn't interpret value x for flag port."),
        ("--enable_model_warmup=1", "Couldn't interpret value 1 for flag enable_model_warmup."),
    ],
)
def test_what_cannot_be_parsed_gives_the_usage(flag, text):
    done = run_to_exit(flag, "--model_base_path=/m")
    assert done.returncode == 255
    first, *rest = done.stdout.splitlines()
    assert first == text
    assert rest[0].startswith("usage: ")


@pytest.mark.usefixtures("embedded_only")
def test_a_flag_that_is_not_available_yet_says_so():
    text = failed_start("--model_base_path=/m", "--mixed_precision=bfloat16")
    assert text.startswith("UNIMPLEMENTED: --mixed_precision is not available yet")


CONFIGS = {
    "an unknown field": 'model_config_list { config { improper: "x" } }',
    "not a proto": "{ this is no text proto",
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_a_bad_config_is_reported_with_its_place(tmp_path, config):
    file = tmp_path / "models.config"
    file.write_text(config)
    done = run_to_exit(f"--model_config_file={file}")
    assert done.returncode == 255
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:" in done.stderr
    assert "facegrid" not in done.stderr
    assert f"Failed to start server. Error: INVALID_ARGUMENT: Invalid protobuf file: '{file}'" in done.stdout


CONTRADICTIONS = {
    "a model twice": (
        'config { name: "m" base_path: "/m" model_platform: "tensorflow" }' * 2,
        "Illegal to list model m multiple times in config list",
    ),
    "another platform": (
        'config { name: "m" base_path: "/m" model_platform: "onnx" }',
        "Model m requests unsupported platform onnx",
    ),
    "no platform": (
        'config { name: "m" base_path: "/m" }',
        (
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform, model name is m"
        ),
    ),
}


@pytest.mark.parametrize(("entries", "text"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_config_that_contradicts_itself(tmp_path, entries, text):
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {entries} }}")
    assert failed_start(f"--model_config_file={file}") == f"INVALID_ARGUMENT: {text}"


def test_a_label_in_the_initial_config_needs_its_flag(saved_models, write_config):
    label = 'version_labels { key: "stable" value: 123 }'
    config = write_config(("m", saved_models / "half_plus_two", label))
    text = failed_start(f"--model_config_file={config}", f"--port={free_port()}")
    assert text == (
        "FAILED_PRECONDITION: Request to assign label to version 123 of model m, "
        "which is not currently available for inference"
    )


def test_a_model_that_cannot_be_loaded_ends_the_start(tmp_path, saved_models, write_config):
    (tmp_path / "broken" / "7").mkdir(parents=True)
    config = write_config(("good", saved_models / "half_plus_two", ""), ("bad", tmp_path / "broken", ""))
    text = failed_start(f"--port={free_port()}", f"--model_config_file={config}", *NO_RETRIES)
    assert text == (
        "UNKNOWN: 1 servable(s) did not become available: {{{name: bad version: 7} due to error: NOT_FOUND: "
        "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
        f"{tmp_path}/broken/7. Check that the directory exists and that you have the right permissions for "
        "accessing it.}, }"
    )


def test_tags_that_the_model_does_not_have_end_the_start(saved_models):
    text = failed_start(
        f"--port={free_port()}", f"--model_base_path={saved_models}/matmul", "--saved_model_tags=gpu", *NO_RETRIES
    )
    assert "NOT_FOUND: Could not find meta graph def matching supplied tags: { gpu }." in text


@pytest.mark.usefixtures("embedded_only")
def test_a_taken_port_fails_with_a_sentence(saved_models):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = failed_start(f"--port={port}", f"--model_base_path={saved_models}/matmul")
    assert text.startswith(f"UNAVAILABLE: cannot listen on 0.0.0.0:{port}: Address already in use; ")


def test_the_port_stays_closed_until_a_missing_model_is_there(tmp_path, saved_models):
    """Upstream waits without limit for a base path, and for a version under it."""
    base_path = tmp_path / "model"
    with ServerProcess(tmp_path, f"--model_base_path={base_path}") as server:
        eventually(lambda: f"{base_path}" in server.log.read_text(), "a line about the missing folder")
        assert not server.is_listening()
        (base_path / "x").mkdir(parents=True)
        eventually(lambda: "No versions of servable default found" in server.log.read_text(), "a line about versions")
        assert not server.is_listening()
        shutil.copytree(saved_models / "matmul" / "1", tmp_path / "copy")
        (tmp_path / "copy").rename(base_path / "00000005")
        server.wait_until_ready()


def test_a_config_without_a_list_opens_the_port_and_knows_no_labels(tmp_path):
    (tmp_path / "models.config").touch()
    with ServerProcess(tmp_path, f"--model_config_file={tmp_path}/models.config") as server:
        server.wait_until_ready()
        with pytest.raises(grpc.RpcError) as caught:
            server.predict(predict_request("m", label="stable"))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "Model labels does not init yet.stable"


@pytest.mark.usefixtures("embedded_only")
def test_stopped_while_waiting_for_a_model(tmp_path):
    with ServerProcess(tmp_path, f"--model_base_path={tmp_path}/model") as server:
        eventually(lambda: "Could not find base path" in server.log.read_text(), "a line about the missing folder")
        server.process.terminate()
        assert server.process.wait(30) == 0


def test_help_lists_every_flag():
    done = run_to_exit("--help")
    assert done.returncode == (255 if UPSTREAM else 0)
    for flag in ("port", "model_config_file", "enable_batching", "ssl_config_file"):
        assert f"--{flag}=" in done.stdout, COMMAND
