"""Requests that a version brings along are run before it is served; one that fails fails the load."""

import pytest

from tests.model_server.helpers.process import ServerProcess, run_to_exit
from tests.support.ports import free_port

FAILURES = {
    "warm_wrong": "INVALID_ARGUMENT: Expects arg[0] to be float but int32 is provided",
    "warm_garbage": ". Please verify your warmup data is in TFRecord format.",
    "warm_torn": ". Please verify your warmup data is in TFRecord format.",
    "warm_many": "INVALID_ARGUMENT: Number of warmup records exceeds the maximum (1000) at ",
    "warm_unparsable": "INVALID_ARGUMENT: Failed to parse warmup record: \N{REPLACEMENT CHARACTER}malformed from ",
    "warm_session": "UNIMPLEMENTED: Unsupported log_type for warmup: 5",
    "warm_streamed": "UNIMPLEMENTED: Unsupported log_type for warmup: 7",
    "warm_regress": "INVALID_ARGUMENT: No regression inputs found in SignatureDef: ",
    "warm_no_examples": "INVALID_ARGUMENT: Input is empty.",
    "warm_no_tasks": "INVALID_ARGUMENT: Tensor :0, specified in either feed_devices or fetch_devices was not found",
}


@pytest.mark.parametrize("batching", [(), ("--enable_batching",)], ids=["alone", "batched"])
def test_records_of_every_kind_are_replayed(tmp_path, saved_models, write_config, batching):
    counts = {"warm": 3, "warm_examples": 3, "warm_limit": 1000}
    config = write_config(*((name, saved_models / name, "") for name in (*counts, "matmul")))
    with ServerProcess(tmp_path, f"--model_config_file={config}", *batching) as server:
        server.wait_until_ready()
        log = server.log.read_text()
    for name, count in counts.items():
        place = saved_models / name / "1/assets.extra/tf_serving_warmup_requests"
        assert f"warmup data for model at {place}. Number of warmup records read: {count}. Elapsed time (micro" in log
    assert f"No warmup data file found at {saved_models}/matmul/1/assets.extra/tf_serving_warmup_requests\n" in log


def test_without_warm_up_no_record_is_read(tmp_path, saved_models, write_config):
    config = write_config(*((name, saved_models / name, "") for name in FAILURES))
    with ServerProcess(tmp_path, f"--model_config_file={config}", "--enable_model_warmup=false") as server:
        server.wait_until_ready()
        assert "warmup data" not in server.log.read_text()


def test_a_record_that_fails_fails_the_load(saved_models, write_config):
    config = write_config(*((name, saved_models / name, "") for name in FAILURES))
    flags = (f"--model_config_file={config}", f"--port={free_port()}", "--max_num_load_retries=0")
    done = run_to_exit(*flags)
    assert done.returncode == 255
    assert (
        f"Error: UNKNOWN: {len(FAILURES)} servable(s) did not become available: {{{{{{name: warm_wrong " in done.stdout
    )
    for name, text in FAILURES.items():
        _, _, rest = done.stdout.partition(f"{{name: {name} version: 1}} due to error: ")
        assert text in rest.partition("}, {")[0], name
