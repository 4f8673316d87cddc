"""Another list of models while serving. One server for all: each test says the whole list it wants."""

import grpc
import pytest
from google.protobuf import text_format

from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from facegrid.tfserving.v1.model_status_pb2 import ModelVersionStatus
from tests.model_server.helpers.lifecycle_calls import at_zero, refusal, reload, states
from tests.model_server.helpers.process import UPSTREAM, ServerProcess
from tests.support.polling import eventually

END = ModelVersionStatus.STATE_END


@pytest.fixture(scope="module")
def server(saved_models, write_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reload")
    config = write_config(("m", saved_models / "half_plus_two", ""))
    flags = ("--model_config_file_poll_wait_seconds=0", "--max_num_load_retries=0")
    with ServerProcess(folder, f"--model_config_file={config}", *flags) as running:
        yield running.wait_until_ready()


@pytest.fixture
def entry(saved_models):
    def text(name, folder, more="", platform="tensorflow") -> str:
        path = folder if str(folder).startswith(("/", "relative")) else saved_models / folder
        return f'config {{ name: "{name}" base_path: "{path}" model_platform: "{platform}" {more} }}'

    return text


@pytest.fixture(autouse=True)
def _served_before(server, entry):
    """Every test begins with m = x / 2 + 2 and nothing else."""
    reload(server, entry("m", "half_plus_two"))


def test_a_new_model_is_available_when_the_call_returns(server, entry):
    for _ in range(3):  # what was unloaded comes back as well
        response = reload(server, entry("m", "half_plus_two"), entry("n", "half_plus_three"))
        assert (response.HasField("status"), response.status.error_code) == (True, 0)
        assert (at_zero(server), at_zero(server, "n")) == (2.0, 3.0)
        reload(server, entry("m", "half_plus_two"))
        eventually(lambda: states(server, "n") == {1: END}, "n unloaded")
        assert refusal(lambda: at_zero(server, "n"))[1] == "Servable not found for request: Latest(n)"
    assert at_zero(server) == 2.0


@pytest.mark.skipif(bool(UPSTREAM), reason="its count of warm-up records is not known")
def test_the_response_says_how_much_the_named_metrics_rose(server, entry):
    records, latency = "/tensorflow/serving/model_warmup_records_read", "/tensorflow/serving/model_warmup_latency"
    names = (records, latency, "/unknown", records)
    config = text_format.Parse(
        f"model_config_list {{ {entry('m', 'half_plus_two')} {entry('w', 'warm')} }}", ModelServerConfig()
    )
    method = server.method("ModelService/HandleReloadConfigRequest", ReloadConfigRequest, ReloadConfigResponse)
    for rise in (3, 0):  # w is loaded by the first call, with three records
        response = method(ReloadConfigRequest(config=config, metric_names=names), timeout=60.0)
        assert len(response.metric) == 3
        assert {metric.name: metric.int64_value_increase for metric in response.metric} == {
            records: rise,
            latency: 0,
            "/unknown": 0,
        }


REFUSED = {
    "a model twice": (
        (("a", "matmul"), ("a", "matmul")), "Illegal to list model a multiple times in config list"
    ),
    "a relative path": (
        (("a", "relative/path"),),
        "Expected model a to have an absolute path or URI; got base_path()=relative/path",
    ),
    "another platform of a served model": (
        (("m", "half_plus_two", "", "onnx"),),
        "Illegal to change a model's platform. For model m platform was tensorflow and new platform requested is onnx",
    ),
    "an unknown platform": ((("a", "matmul", "", "onnx"),), "Model a requests unsupported platform onnx"),
    "no platform": (
        (("a", "matmul", "", ""),),
        (
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform, model name is a"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("entries", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_a_config_that_is_refused_changes_nothing(server, entry, entries, text):
    refused = refusal(lambda: reload(server, *(entry(*arguments) for arguments in entries)))
    assert refused == (grpc.StatusCode.INVALID_ARGUMENT, text)
    assert at_zero(server) == 2.0


@pytest.mark.parametrize("config", [ModelServerConfig(), ModelServerConfig(custom_model_config={"type_url": "x"})])
def test_only_lists_are_taken(server, config):
    method = server.method("ModelService/HandleReloadConfigRequest", ReloadConfigRequest, ReloadConfigResponse)
    assert refusal(lambda: method(ReloadConfigRequest(config=config), timeout=60.0)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        (
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        ),
    )


def test_labels_need_an_available_version(server, entry):
    def label(name, version):
        return f'version_labels {{ key: "{name}" value: {version} }}'

    reload(server, entry("m", "half_plus_two", label("stable", 123)))
    assert at_zero(server, label="stable") == 2.0
    text = "Request to assign label to version 99 of model m, which is not currently available for inference"
    refused = refusal(lambda: reload(server, entry("m", "half_plus_two", label("stable", 99))))
    assert refused == (grpc.StatusCode.FAILED_PRECONDITION, text)
    assert at_zero(server, label="stable") == 2.0
    reload(server, entry("m", "half_plus_two"))
    assert refusal(lambda: at_zero(server, label="stable"))[1] == "Unrecognized servable version label: stable"


def test_a_model_that_cannot_be_loaded_is_reported_each_time(server, entry, tmp_path):
    (tmp_path / "broken" / "7").mkdir(parents=True)
    for _ in range(2):
        code, text = refusal(lambda: reload(server, entry("m", "half_plus_two"), entry("bad", tmp_path / "broken")))
        assert code is grpc.StatusCode.UNKNOWN
        assert text.startswith(
            "1 model(s) did not become available: {{{name: bad version: 7} due to error: NOT_FOUND: "
        )
        assert at_zero(server) == 2.0
        reload(server, entry("m", "half_plus_two"))


@pytest.mark.usefixtures("embedded_only")
def test_a_missing_model_is_waited_for_until_the_deadline(server, entry, tmp_path):
    nowhere = entry("late", tmp_path / "nowhere")
    code, _ = refusal(lambda: reload(server, entry("m", "half_plus_two"), nowhere, timeout_s=0.3))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert at_zero(server) == 2.0
    reload(server, entry("m", "half_plus_two"))


def test_the_config_file_is_read_again(tmp_path, saved_models, entry):
    """A model that is not there, a new one, nonsense that is reported and changes nothing, and a model dropped."""
    file = tmp_path / "models.config"

    def write(*entries):
        (tmp_path / "aside").write_text("model_config_list {" + " ".join(entries) + "}")
        (tmp_path / "aside").rename(file)

    write(entry("m", "half_plus_two"))
    flags = (f"--model_config_file={file}", "--model_config_file_poll_wait_seconds=1")
    with ServerProcess(tmp_path, *flags) as running:
        running.wait_until_ready()
        write(entry("m", "half_plus_two"), entry("late", tmp_path / "nowhere"))
        eventually(
            lambda: f"Could not find base path {tmp_path}/nowhere for servable late" in running.log.read_text(),
            "a line of the log",
        )
        write(entry("m", "half_plus_two"), entry("n", "half_plus_three"))
        ready = {1: ModelVersionStatus.STATE_AVAILABLE}
        eventually(lambda: states_or_none(running, "n") == ready, "n available")
        write("nonsense")
        log = running.log.read_text
        eventually(lambda: "Failed to read ModelServerConfig file: INVALID_ARGUMENT" in log(), "a line of the log")
        assert (at_zero(running), at_zero(running, "n")) == (2.0, 3.0)
        write(entry("n", "half_plus_three"), entry("n", "half_plus_three"))
        eventually(lambda: "PollFilesystemAndReloadConfig failed to ReloadConfig: " in log(), "a line of the log")
        write(entry("n", "half_plus_three"))
        eventually(lambda: states(running, "m") == {123: END}, "m unloaded")
        assert at_zero(running, "n") == 3.0


def states_or_none(server, name):
    try:
        return states(server, name)
    except grpc.RpcError:
        return None
