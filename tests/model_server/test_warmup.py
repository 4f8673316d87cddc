"""Requests that a version brings along are run before it is served; one that fails fails the load."""

import pytest

from tests.model_server.process import UPSTREAM, ServerProcess, free_port, run_to_exit

FAILURES = {
    "warm_wrong": "INVALID_ARGUMENT: Expects arg[0] to be float but int32 is provided",
    "warm_garbage": ". Please verify your warmup data is in TFRecord format.",
    "warm_regress": "UNIMPLEMENTED: ",
    "warm_many": "INVALID_ARGUMENT: Number of warmup records exceeds the maximum (1000) at ",
}


def test_records_are_replayed(tmp_path, saved_models):
    with ServerProcess(tmp_path, f"--model_base_path={saved_models}/warm") as server:
        server.wait_until_ready()
        assert "Number of warmup records read: 3" in server.log.read_text()


@pytest.mark.skipif(bool(UPSTREAM), reason="tensorflow_model_server replays regressions")
def test_a_record_that_fails_fails_the_load(saved_models, write_config):
    config = write_config(*((name, saved_models / name, "") for name in FAILURES))
    flags = (f"--model_config_file={config}", f"--port={free_port()}", "--max_num_load_retries=0")
    done = run_to_exit(*flags)
    assert done.returncode == 255
    assert "Error: UNKNOWN: 4 servable(s) did not become available: {{{name: warm_wrong version: 1}" in done.stdout
    for name, text in FAILURES.items():
        _, _, rest = done.stdout.partition(f"{{name: {name} version: 1}} due to error: ")
        assert text in rest.partition("}, ")[0]
