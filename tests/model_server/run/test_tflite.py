"""TensorFlow Lite networks with --prefer_tflite_model: y = x / 2 + 2."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from facegrid.tfserving.v1.tensor_pb2 import DataType
from tests.model_server.helpers.messages import FLOAT, floats, ints, predict_request, tensor, values
from tests.model_server.helpers.process import ServerProcess, run_to_exit
from tests.support.ports import free_port

WORDS = tensor(DataType.DATA_TYPE_STRING, (2,), string_val=[b"a\x00", b"\xff"])


@pytest.fixture(scope="module", params=[(), ("--enable_batching",)], ids=["alone", "batched"])
def lite_server(request, saved_models, write_config, tmp_path_factory):
    names = ("lite", "lite_early", "lite_late", "half_plus_two")
    config = write_config(*((name, saved_models / name, "") for name in names))
    flags = (
        f"--model_config_file={config}",
        "--prefer_tflite_model=true",
        "--num_tflite_pools=2",
        "--max_num_load_retries=0",
    )
    with ServerProcess(tmp_path_factory.mktemp("lite"), *flags, *request.param) as running:
        yield running.wait_until_ready()


def shape(proto) -> list[int]:
    return [dim.size for dim in proto.tensor_shape.dim]


def test_tensors_have_their_own_names_without_a_signature(lite_server):
    response = lite_server.predict(predict_request("lite", {"x": floats([[2]])}))
    assert (values(response.outputs["y"]), response.model_spec.version.value) == ([3.0], 123)


def test_as_many_values_of_another_shape_are_taken_for_the_network_s(lite_server):
    output = lite_server.predict(predict_request("lite", {"x": floats([2])})).outputs["y"]
    assert (values(output), shape(output)) == ([3.0], [1, 1])


def test_each_run_may_have_its_own_number_of_rows(lite_server):
    for rows in (3, 1, 2):
        output = lite_server.predict(predict_request("lite", {"x": floats([[4.0]] * rows)})).outputs["y"]
        assert (values(output), shape(output)) == ([4.0] * rows, [rows, 1])


@pytest.mark.parametrize("signature", ["", "custom_signature_key"])
def test_a_signature_of_an_early_converter(lite_server, signature):
    """The only one is the default one too."""
    response = lite_server.predict(predict_request("lite_early", {"given": floats([[2]])}, signature=signature))
    assert values(response.outputs["found"]) == [3.0]


def test_a_signature_of_today_with_strings(lite_server):
    response = lite_server.predict(predict_request("lite_late", {"x": floats([[2], [4]]), "words": WORDS}))
    assert values(response.outputs["y"]) == [3.0, 4.0]
    assert list(response.outputs["turned"].string_val) == [b"\xff", b"a\x00"]


def test_metadata(lite_server):
    request = GetModelMetadataRequest(model_spec=ModelSpec(name="lite_late"), metadata_field=["signature_def"])
    packed = lite_server.metadata(request).metadata["signature_def"]
    signature = SignatureDefMap.FromString(packed.value).signature_def["serving_default"]
    ports = {**signature.inputs, **signature.outputs}
    assert {alias: (info.dtype, shape(info)) for alias, info in ports.items()} == {
        "x": (FLOAT, [-1, 1]),
        "words": (DataType.DATA_TYPE_STRING, [2]),
        "y": (FLOAT, [-1, 1]),
        "turned": (DataType.DATA_TYPE_STRING, [2]),
    }
    assert signature.method_name == "tensorflow/serving/predict"


def test_a_saved_model_is_served_where_there_is_no_other(lite_server):
    assert values(lite_server.predict(predict_request("half_plus_two", {"x": floats([[2]])})).outputs["y"]) == [3.0]


def test_callers_at_once_get_their_own_answers(lite_server):
    def call(number: float) -> list[float]:
        rows = int(number) % 3 + 1
        return values(lite_server.predict(predict_request("lite", {"x": floats([[number]] * rows)})).outputs["y"])

    numbers = [float(number) for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, numbers))
    assert answers == [[number / 2 + 2] * (int(number) % 3 + 1) for number in numbers]


def test_another_dtype_is_refused_and_leaves_the_network_as_it_was(lite_server):
    with pytest.raises(grpc.RpcError) as caught:
        lite_server.predict(predict_request("lite", {"x": ints([[2]])}))
    expected = "Expects input tensor x to be float32 but int32 is provided"
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.INVALID_ARGUMENT, expected)
    assert values(lite_server.predict(predict_request("lite", {"x": floats([[2]])})).outputs["y"]) == [3.0]


REFUSED = {
    "lite_broken": "Cannot build FlatBufferModel from buffer. ",
    "lite_odd": "Invalid SignatureDefs found in TfLite model: ",
}


def test_a_file_that_is_not_tflite_fails_the_load(saved_models, write_config):
    config = write_config(*((name, saved_models / name, "") for name in REFUSED))
    flags = (f"--model_config_file={config}", "--prefer_tflite_model", "--max_num_load_retries=0")
    done = run_to_exit(*flags, f"--port={free_port()}")
    assert done.returncode == 255
    for name, text in REFUSED.items():
        expected = f"{{name: {name} version: 123}} due to error: INVALID_ARGUMENT: {text}"
        assert f"{expected}{saved_models}/{name}/00000123/model.tflite: " in done.stdout
