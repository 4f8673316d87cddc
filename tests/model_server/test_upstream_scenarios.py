"""The scenarios of upstream's own server test, one for one, with networks of our own.

Upstream: model_servers/tensorflow_model_server_test.py, whose servers all get the flags of `default_server`.
Tested in other files: a bad model config (test_start.py), reloads of the config file (test_reload.py), the metrics
(test_prometheus.py), TensorFlow Lite (test_tflite.py). Not tested, because our server lacks it: the profiler.
"""

import json
import urllib.error
import urllib.request

import grpc
import pytest

from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from facegrid.tfserving.v1.tensor_pb2 import DataType
from tests.model_server.helpers.example_messages import (
    CLASSIFY,
    REGRESS,
    classes,
    classification,
    examples,
    inference,
    regression,
    send,
    served,
    values,
)
from tests.model_server.helpers.messages import FLOAT, predict_request, tensor
from tests.model_server.helpers.process import ServerProcess

X = tensor(FLOAT, (1,), float_val=[2.0])
KINDS = ("tf2_product", "compiled", "tf2_constants", "table_v1", "table_v2", "table_text")


class RestServerProcess(ServerProcess):
    """A server with the REST API too."""

    def __init__(self, folder, *flags) -> None:
        super().__init__(folder, "--rest_api_timeout_in_ms=5000", *flags, with_rest=True)

    def ask(self, path: str, document=None):
        """POSTs the document, or GETs without one; returns what the answer's JSON says."""
        body = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.rest_port}{path}", body, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture(scope="module", params=["examples", "examples_tf2"])
def default_server(request, saved_models, tmp_path_factory):
    """One model called "default", of TensorFlow 1's and then of 2's kind."""
    folder = tmp_path_factory.mktemp("scenarios")
    model = ("--model_name=default", f"--model_base_path={saved_models}/{request.param}")
    arguments = "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb"
    with RestServerProcess(folder, *model, f"--grpc_socket_path={folder}/socket", arguments) as running:
        yield running.wait_until_ready()


@pytest.fixture(scope="module")
def kinds_server(saved_models, tmp_path_factory):
    """A config file with commas between the fields, as upstream's has."""
    folder = tmp_path_factory.mktemp("kinds")
    entries = "".join(
        f'  config: {{ name: "{name}", base_path: "{saved_models}/{name}", model_platform: "tensorflow" }},\n'
        for name in (*KINDS, "half_plus_two", "half_plus_three")
    )
    file = folder / "models.config"
    file.write_text(f"model_config_list: {{\n{entries}}}\n")
    flags = (f"--model_config_file={file}", "--xla_cpu_compilation_enabled=true")
    with ServerProcess(folder, *flags) as running:
        yield running.wait_until_ready()


def test_status(default_server):
    (version,) = default_server.status(GetModelStatusRequest(model_spec=ModelSpec(name="default"))).model_version_status
    assert (version.version, version.status.error_code) == (123, 0)


def test_metadata(default_server):
    request = GetModelMetadataRequest(model_spec=ModelSpec(name="default"), metadata_field=["signature_def"])
    response = default_server.metadata(request)
    assert (response.model_spec.name, response.model_spec.version.value) == ("default", 123)
    assert list(response.metadata) == ["signature_def"]


def test_classify(default_server):
    response = send(default_server, classification("default", examples(2), signature="classify_x_to_y"))
    assert classes(response) == [[("", 3.0)]]
    assert served(response.model_spec) == ("default", 123, "classify_x_to_y")


def test_regress(default_server):
    response = send(default_server, regression("default", examples(2), signature="regress_x_to_y"))
    assert values(response) == [3.0]
    assert served(response.model_spec) == ("default", 123, "regress_x_to_y")


def test_multi_inference(default_server):
    tasks = (("default", "regress_x_to_y", REGRESS), ("default", "classify_x_to_y", CLASSIFY))
    regressed, classified = send(default_server, inference(examples(2), *tasks)).results
    assert regressed.regression_result.regressions[0].value == 3.0
    assert classified.classification_result.classifications[0].classes[0].score == 3.0


def test_classify_over_rest(default_server):
    document = {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}
    assert default_server.ask("/v1/models/default:classify", document) == {"results": [[["", 3.0]]]}


def test_regress_over_rest(default_server):
    document = {"signature_name": "regress_x_to_y", "context": {"bias": 10.0}, "examples": [{"x": 2.0}, {"x": 4.0}]}
    assert default_server.ask("/v1/models/default/versions/123:regress", document) == {"results": [11.0, 12.0]}


def test_an_error_over_rest(default_server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        default_server.ask("/v1/models/default:regress", {"signature_name": "S", "examples": [{"x": 2.0}]})
    with caught.value as answer:
        assert answer.status == 400
        assert json.load(answer) == {"error": "No signature was found with the name: S"}


def test_status_over_rest(default_server):
    status = {"error_code": "OK", "error_message": ""}
    expected = {"model_version_status": [{"version": "123", "state": "AVAILABLE", "status": status}]}
    assert default_server.ask("/v1/models/default") == expected


def test_the_socket_answers_too(default_server):
    path = default_server.log.parent / "socket"
    with grpc.insecure_channel(f"unix:{path}") as channel:
        method = channel.unary_unary(
            "/tensorflow.serving.PredictionService/Regress",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=lambda _: "answered",
        )
        assert method(regression("default", examples(2), signature="regress_x_to_y"), timeout=30) == "answered"


@pytest.mark.parametrize("outputs", [(), ("y",)])
@pytest.mark.parametrize(("model", "version", "y"), [("half_plus_two", 123, 3.0), ("half_plus_three", 1, 4.0)])
def test_two_models_of_a_config_file(kinds_server, model, version, y, outputs):
    response = kinds_server.predict(predict_request(model, {"x": X}, outputs=outputs))
    assert list(response.outputs["y"].float_val) == [y]
    assert served(response.model_spec) == (model, version, "serving_default")


@pytest.mark.parametrize(
    ("model", "signature", "y"),
    [
        ("tf2_product", "", 12.0),
        ("compiled", "", 12.0),
        ("tf2_constants", "", 1.0),
        ("tf2_constants", "custom_signature_key", 2.0),
    ],
)
def test_functions_of_tensorflow_2(kinds_server, model, signature, y):
    response = kinds_server.predict(predict_request(model, {"x": X}, signature=signature))
    assert list(response.outputs["y"].float_val) == [y]
    assert response.model_spec.version.value == 123


@pytest.mark.parametrize("model", ["table_v1", "table_v2", "table_text"])
def test_a_vocabulary_is_served_from_the_asset(kinds_server, model):
    words = tensor(DataType.DATA_TYPE_STRING, (3,), string_val=[b"second", b"first", b"neither"])
    response = kinds_server.predict(predict_request(model, {"words": words}))
    assert list(response.outputs["lines"].int64_val) == [1, 0, 2]
