"""Batching of the real process. The model `rows` returns what the network got: the size and the sum of the batch."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest

from tests.model_server.helpers.example_messages import examples, regression, send
from tests.model_server.helpers.example_messages import values as example_values
from tests.model_server.helpers.messages import floats, predict_request, values
from tests.model_server.helpers.process import ServerProcess, run_to_exit
from tests.support.polling import eventually
from tests.support.ports import free_port

HOUR = "batch_timeout_micros { value: 3600000000 }"
PARAMETERS = {
    # Nothing is run before the batch is full, so an answer proves which callers shared it.
    "fours": f"max_batch_size {{ value: 4 }} {HOUR}",
    # A batch that the next request does not fit into is run without it.
    "padded": f"max_batch_size {{ value: 8 }} {HOUR} allowed_batch_sizes: [2, 4, 8]",
    "full": f"max_batch_size {{ value: 4 }} {HOUR} max_enqueued_batches {{ value: 1 }}",
    "split": (
        "max_batch_size { value: 9 } enable_large_batch_splitting { value: true } "
        "max_execution_batch_size { value: 4 } allowed_batch_sizes: [4, 9]"
    ),
    "at_once": "max_batch_size { value: 1000 }",
}


@pytest.fixture(scope="module")
def server(saved_models, write_config, tmp_path_factory):
    """Every model is `rows` with parameters of its own; `alone` has none."""
    root = tmp_path_factory.mktemp("batched")
    for name, text in PARAMETERS.items():
        shutil.copytree(saved_models / "rows" / "1", root / name / "1")
        (root / name / "1" / "batching_params.pbtxt").write_text(text)
    shutil.copytree(saved_models / "examples" / "123", root / "examples" / "123")
    (root / "examples" / "123" / "batching_params.pbtxt").write_text(PARAMETERS["fours"])
    config = write_config(
        *((name, root / name, "") for name in (*PARAMETERS, "examples")),
        ("alone", saved_models / "rows", ""),
    )
    flags = ("--enable_batching", "--enable_per_model_batching_parameters", "--grpc_max_threads=32")
    with ServerProcess(root, f"--model_config_file={config}", *flags) as running:
        yield running.wait_until_ready()


@pytest.fixture
def callers():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def ask(server, model, rows, signature="", outputs=()):
    """Returns the values of each output."""
    response = server.predict(predict_request(model, {"x": floats(rows)}, signature=signature, outputs=outputs))
    return {alias: values(tensor) for alias, tensor in response.outputs.items()}


def refusal(server, *arguments, **others) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        ask(server, *arguments, **others)
    return caught.value.code(), caught.value.details()


def test_callers_share_a_batch_and_get_their_own_rows(server, callers):
    asked = [callers.submit(ask, server, "fours", [[float(index)]] * rows) for index, rows in enumerate((1, 2, 1))]
    answers = [future.result(30) for future in asked]
    assert [answer["x"] for answer in answers] == [[0.0], [1.0, 1.0], [2.0]]
    assert [answer["size"] for answer in answers] == [[4.0], [4.0, 4.0], [4.0]]
    assert {answer["sum"][0] for answer in answers} == {4.0}


def test_examples_share_a_batch(server, callers):
    """Regressions of different callers; the signature returns the size of the batch."""
    request = regression("examples", examples(1, 2), signature="regress_batch_size")
    asked = [callers.submit(send, server, request) for _ in range(2)]
    assert [example_values(future.result(30)) for future in asked] == [[4.0, 4.0]] * 2


def test_another_shape_or_output_is_another_batch(server, callers):
    """Upstream fails all of a batch of two shapes."""
    narrow = [callers.submit(ask, server, "fours", [[1.0]] * 2) for _ in range(2)]
    wide = [callers.submit(ask, server, "fours", [[1.0, 1.0]] * 2) for _ in range(2)]
    filtered = [callers.submit(ask, server, "fours", [[3.0]] * 2, "", ("sum", "x")) for _ in range(2)]
    assert [future.result(30)["sum"] for future in narrow] == [[4.0, 4.0]] * 2
    assert [future.result(30)["sum"] for future in wide] == [[8.0, 8.0]] * 2
    assert [future.result(30) for future in filtered] == [{"sum": [12.0, 12.0], "x": [3.0, 3.0]}] * 2


def test_padding_is_the_last_task_s_first_row(server, callers):
    """Three rows and six do not fit into eight; which batch is run first depends on which caller is first."""
    small = callers.submit(ask, server, "padded", [[1.0], [10.0], [100.0]])
    large = callers.submit(ask, server, "padded", [[2.0]] + [[0.0]] * 5)
    eventually(lambda: small.done() or large.done(), "the first of the two", timeout_s=30)
    first_was_small = small.done()
    fill = callers.submit(ask, server, "padded", [[0.0]] * (2 if first_was_small else 5))
    if first_was_small:
        assert small.result(30) == {"x": [1.0, 10.0, 100.0], "size": [4.0] * 3, "sum": [112.0] * 3}
        assert large.result(30)["size"] == [8.0] * 6
    else:
        assert large.result(30) == {"x": [2.0] + [0.0] * 5, "size": [8.0] * 6, "sum": [6.0] * 6}
        assert small.result(30)["size"] == [8.0] * 3
    fill.result(30)


def test_a_large_request_is_run_in_parts(server):
    rows = np.arange(9.0)[:, np.newaxis]
    answer = ask(server, "split", rows)
    assert answer["x"] == list(range(9))
    assert answer["size"] == [4.0] * 9
    assert answer["sum"] == [6.0] * 4 + [22.0] * 4 + [32.0]  # 0+1+2+3, 4+5+6+7, four times 8
    text = "Task size 10 is larger than maximum input batch size 9"
    assert refusal(server, "split", [[1.0]] * 10) == (grpc.StatusCode.INVALID_ARGUMENT, text)


def test_a_full_queue(server, callers):
    """Of two requests for three rows each, one waits and the other is refused."""
    asked = [callers.submit(refusal_or_answer, server, "full", [[1.0]] * 3) for _ in range(2)]
    eventually(lambda: any(future.done() for future in asked), "the refusal", timeout_s=30)
    ask(server, "full", [[1.0]])
    text = (
        "The batch scheduling queue to which this task was submitted is full; "
        "currently 1 batches enqueued and max_enqueued_batches is 1"
    )
    answers = [future.result(30) for future in asked]
    assert (grpc.StatusCode.UNAVAILABLE, text) in answers
    assert [4.0] * 3 in answers


def refusal_or_answer(server, model, rows):
    try:
        return ask(server, model, rows)["size"]
    except grpc.RpcError as error:
        return error.code(), error.details()


def test_a_version_without_parameters_is_not_batched(server):
    assert ask(server, "alone", [[1.0]] * 3, "odd")["scalar"] == [3.0]


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("scalar", "Batched output tensor has 0 dimensions"),
        (
            "twice",
            (
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes "
                "of the input tensors"
            ),
        ),
    ],
)
def test_outputs_that_cannot_be_split(server, output, text):
    assert refusal(server, "at_once", [[1.0]], "odd", (output,)) == (grpc.StatusCode.FAILED_PRECONDITION, text)


def test_a_request_without_rows(server):
    assert ask(server, "at_once", np.zeros((0, 1))) == {"x": [], "size": [], "sum": []}


@pytest.fixture(scope="module")
def one_for_all(saved_models, write_config, tmp_path_factory):
    """The file of the flag counts for every model, warm-up included."""
    folder = tmp_path_factory.mktemp("one_for_all")
    file = folder / "batching.config"
    file.write_text("max_batch_size { value: 4 } allowed_batch_sizes: 4 num_batch_threads { value: 1 }")
    config = write_config(*((name, saved_models / name, "") for name in ("two_inputs", "rows", "warm")))
    flags = ("--enable_batching", f"--batching_parameters_file={file}")
    with ServerProcess(folder, f"--model_config_file={config}", *flags) as running:
        yield running.wait_until_ready()


def test_one_file_for_all_models(one_for_all):
    assert ask(one_for_all, "rows", [[1.0], [2.0]]) == {"x": [1.0, 2.0], "size": [4.0] * 2, "sum": [5.0] * 2}
    assert ask(one_for_all, "warm", [[2.0]]) == {"y": [3.0]}
    assert "Number of warmup records read: 3" in one_for_all.log.read_text()


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"values": floats([[1, 2, 3]])}, "must have at least one dimension"),  # the default of count is a scalar
        ({"values": floats([[1, 2, 3]]), "count": floats([1, 2])}, "must have equal 0th-dimension size"),
    ],
)
def test_inputs_without_a_common_size(one_for_all, inputs, text):
    with pytest.raises(grpc.RpcError) as caught:
        one_for_all.predict(predict_request("two_inputs", inputs))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == f"Batching Run() input tensors {text}"


def test_a_file_that_is_not_batching_parameters(tmp_path, saved_models):
    file = tmp_path / "batching.config"
    file.write_text("max_batch_size: 4")
    flags = (f"--model_base_path={saved_models}/rows", "--enable_batching", f"--batching_parameters_file={file}")
    done = run_to_exit(f"--port={free_port()}", *flags)
    assert done.returncode == 255
    assert f"Invalid protobuf file: '{file}'" in done.stdout
    assert "Error parsing text-format tensorflow.serving.BatchingParameters: 1:" in done.stderr
