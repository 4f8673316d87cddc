"""What Predict answers when nothing is wrong."""

import threading

import grpc
import ml_dtypes
import numpy as np
import pytest

from facegrid.tfserving.v1.tensor_pb2 import DataType
from tests.model_server.helpers.messages import FLOAT, floats, ints, predict_request, tensor, values
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually


def test_answers_the_default_signature_in_float_val(server):
    response = server.predict(predict_request("half_plus_two", {"x": floats([[2], [4]])}))
    assert values(response.outputs["y"]) == [3.0, 4.0]
    assert [dim.size for dim in response.outputs["y"].tensor_shape.dim] == [2, 1]


@pytest.mark.parametrize("chosen", [{}, {"version": 123}, {"label": "stable"}])
def test_model_spec_says_what_was_served_by_number(server, chosen):
    spec = server.predict(predict_request("labelled", {"x": floats([[0]])}, **chosen)).model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("labelled", 123, "serving_default")
    assert spec.WhichOneof("version_choice") == "version"


def test_a_shape_the_signature_does_not_have_is_left_to_the_network(server):
    response = server.predict(predict_request("half_plus_two", {"x": floats([2, 4, 6])}))
    assert values(response.outputs["y"]) == [3.0, 4.0, 5.0]


def test_an_input_left_out_has_its_default(server):
    request = predict_request("two_inputs", {"values": floats([[1, 2, 3]])})
    assert values(server.predict(request).outputs["scaled"]) == [2.0, 4.0, 6.0]
    request.inputs["count"].CopyFrom(ints(10))
    assert values(server.predict(request).outputs["total"]) == [60.0]


def test_no_filter_gives_every_output_and_a_filter_the_named(server):
    inputs = {"values": floats([[1, 2, 3]])}
    assert set(server.predict(predict_request("two_inputs", inputs)).outputs) == {"scaled", "total"}
    assert list(server.predict(predict_request("two_inputs", inputs, outputs=["total"])).outputs) == ["total"]


def test_too_few_values_are_filled_up_with_the_last(server):
    def doubled(**fields):
        request = predict_request("two_inputs", {"values": tensor(FLOAT, (2, 3), **fields)})
        return values(server.predict(request).outputs["scaled"])

    assert doubled(float_val=[1, 2]) == [2, 4, 4, 4, 4, 4]
    assert doubled(float_val=[]) == [0] * 6
    assert doubled(float_val=[1, 2, 3, 4, 5, 6, 7]) == [2, 4, 6, 8, 10, 12]
    assert doubled(double_val=[1]) == [0] * 6


def test_a_scalar_has_a_shape_without_dimensions(server):
    proto = server.predict(predict_request("echo", {"x": floats(1.5)}, signature="float32")).outputs["y"]
    assert proto.HasField("tensor_shape")
    assert (len(proto.tensor_shape.dim), values(proto)) == (0, [1.5])


def test_a_tensor_without_elements_has_a_shape_only(server):
    proto = server.predict(predict_request("echo", {"x": floats(np.empty((0, 3)))}, signature="float32")).outputs["y"]
    assert ([dim.size for dim in proto.tensor_shape.dim], values(proto)) == ([0, 3], [])


ECHOES = {
    "float32": (DataType.DATA_TYPE_FLOAT, "float_val", [1.5, -0.0, float("inf")], np.float32),
    "float64": (DataType.DATA_TYPE_DOUBLE, "double_val", [1e300, -2.0], np.float64),
    "int32": (DataType.DATA_TYPE_INT32, "int_val", [-(2**31), -1, 2**31 - 1], np.int32),
    "uint8": (DataType.DATA_TYPE_UINT8, "int_val", [0, 255], np.uint8),
    "int16": (DataType.DATA_TYPE_INT16, "int_val", [-(2**15), 2**15 - 1], np.int16),
    "int8": (DataType.DATA_TYPE_INT8, "int_val", [-128, 127], np.int8),
    "int64": (DataType.DATA_TYPE_INT64, "int64_val", [-(2**63), 2**63 - 1], np.int64),
    "bool": (DataType.DATA_TYPE_BOOL, "bool_val", [True, False], np.bool_),
    "uint16": (DataType.DATA_TYPE_UINT16, "int_val", [0, 65535], np.uint16),
    "uint32": (DataType.DATA_TYPE_UINT32, "uint32_val", [0, 2**32 - 1], np.uint32),
    "uint64": (DataType.DATA_TYPE_UINT64, "uint64_val", [0, 2**64 - 1], np.uint64),
    "half": (DataType.DATA_TYPE_HALF, "half_val", [0x3C00, 0xBC00], np.uint16),
    "bfloat16": (DataType.DATA_TYPE_BFLOAT16, "half_val", [0x3F80, 0xBF80], np.uint16),
    "complex64": (DataType.DATA_TYPE_COMPLEX64, "scomplex_val", [1.0, 2.0, 3.0, 4.0], np.float32),
    "complex128": (DataType.DATA_TYPE_COMPLEX128, "dcomplex_val", [1.0, 2.0], np.float64),
}


@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("sent_as", ["field", "content"])
def test_every_dtype_comes_back_in_its_own_field(server: ServerProcess, name, sent_as):
    data_type, field, sent, memory = ECHOES[name]
    count = len(sent) // 2 if name.startswith("complex") else len(sent)
    fields = {field: sent} if sent_as == "field" else {"tensor_content": np.array(sent, memory).tobytes()}
    request = predict_request("echo", {"x": tensor(data_type, (count,), **fields)}, signature=name)
    proto = server.predict(request).outputs["y"]
    assert proto.dtype == data_type
    assert list(getattr(proto, field)) == sent
    assert proto.tensor_content == b""


@pytest.mark.parametrize(
    "fields",
    [{"string_val": [b"", b"\xff\x00", b"a" * 200]}, {"tensor_content": b"\x00\x02\xc8\x01\xff\x00" + b"a" * 200}],
)
def test_strings_come_back_in_string_val(server, fields):
    request = predict_request("echo", {"x": tensor(DataType.DATA_TYPE_STRING, (3,), **fields)}, signature="string")
    assert list(server.predict(request).outputs["y"].string_val) == [b"", b"\xff\x00", b"a" * 200]


def test_a_string_without_dimensions_comes_back(server):
    request = predict_request(
        "echo", {"x": tensor(DataType.DATA_TYPE_STRING, (), string_val=[b"a"])}, signature="string"
    )
    proto = server.predict(request).outputs["y"]
    assert (len(proto.tensor_shape.dim), list(proto.string_val)) == (0, [b"a"])


def test_an_answer_larger_than_grpc_allows_by_default(server):
    sent = np.arange(3_000_000, dtype=np.float32)
    proto = server.predict(predict_request("echo", {"x": floats(sent)}, signature="float32")).outputs["y"]
    assert np.array_equal(np.array(proto.float_val, np.float32), sent)


def test_callers_at_once_get_their_own_answers(server):
    wrong: list[object] = []

    def call(seed: int) -> None:
        for step in range(20):
            number = float(seed * 100 + step)
            response = server.predict(predict_request("half_plus_two", {"x": floats([[number]])}))
            if values(response.outputs["y"]) != [number / 2 + 2]:
                wrong.append((seed, step))

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_deadline_ends_the_call_and_the_work_for_it(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(predict_request("slow", {"steps": ints(10_000_000)}), timeout_s=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: server.busy_threads() == 0, "the run has ended", timeout_s=30)


def test_bfloat16_bits_are_those_of_the_reference_type():
    assert np.array(ECHOES["bfloat16"][2], np.uint16).view(ml_dtypes.bfloat16).tolist() == [1.0, -1.0]
