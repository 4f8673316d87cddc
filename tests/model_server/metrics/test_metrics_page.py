"""The metrics of a running server. Other tests ask it too, so each test here looks at what its own requests add."""

import re

import pytest

from tests.model_server.helpers.example_messages import (
    CLASSIFY,
    REGRESS,
    classification,
    examples,
    inference,
    regression,
    send,
)
from tests.model_server.helpers.messages import floats, ints, predict_request
from tests.model_server.helpers.rest_calls import call, get, predict

PATH = "/monitoring/prometheus/metrics"
SERVING = ":tensorflow:serving:"


def numbers(server) -> dict[str, float]:
    """Name and labels of every line to its number."""
    lines = get(server, PATH).body.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


@pytest.fixture
def added(server):
    """Returns by how much each number rises while a function runs; sums of latencies and their buckets left out."""

    def by(ask) -> dict[str, float]:
        before = numbers(server)
        ask()
        rises = {name: value - before.get(name, 0.0) for name, value in numbers(server).items()}
        kept = {name: rise for name, rise in rises.items() if rise and not re.search(r"latency_(sum|bucket)", name)}
        return {name.removeprefix(SERVING): rise for name, rise in kept.items() if name.startswith(SERVING)}

    return by


def latency(model, api, entrypoint) -> str:
    return f'request_latency_count{{model_name="{model}",API="{api}",entrypoint="{entrypoint}"}}'


def runtime(model, api) -> str:
    return f'runtime_latency_count{{model_name="{model}",API="{api}",runtime="TF1"}}'


def requests(model, status="OK") -> str:
    return f'request_count{{model_name="{model}",status="{status}"}}'


def test_the_form_of_the_page(server):
    server.predict(predict_request("half_plus_two", {"x": floats([[1]])}))
    answer = get(server, PATH)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")
    text = answer.body.decode()
    assert text.endswith("\n")
    types = re.findall("^# (.*)$", text, re.MULTILINE)
    assert f"TYPE {SERVING}request_count counter" in types
    assert f"TYPE {SERVING}request_latency histogram" in types
    assert types == sorted(types)
    samples = [line for line in text.splitlines() if not line.startswith("# TYPE ")]
    label = r'[A-Za-z_]+="([^"\\]|\\.)*"'
    assert all(re.fullmatch(rf"[:a-z_]+{{({label}(,{label})*)?}} [-+.e\d]+", line) for line in samples)


def test_the_buckets_of_a_latency(server):
    server.predict(predict_request("half_plus_two", {"x": floats([[1]])}))
    labels = 'model_name="half_plus_two",API="Predict",entrypoint="GRPC"'
    prefix = f"{SERVING}request_latency_bucket{{{labels},le="
    counts = {name.removeprefix(prefix): count for name, count in numbers(server).items() if name.startswith(prefix)}
    limits = [limit.strip('"}') for limit in counts]
    assert (len(limits), limits[:4], limits[-1]) == (34, ["10", "18", "32.4", "58.32"], "+Inf")
    assert list(counts.values()) == sorted(counts.values())
    assert list(counts.values())[-1] == numbers(server)[f"{SERVING}request_latency_count{{{labels}}}"]


def test_predict(server, added):
    rises = added(lambda: server.predict(predict_request("matmul", {"x": floats([[1, 2, 3, 4]])})))
    assert rises == {requests("matmul"): 1, latency("matmul", "Predict", "GRPC"): 1, runtime("matmul", "Predict"): 1}


REFUSED = {
    "by the network": (predict_request("matmul", {"x": ints([[1, 2, 3, 4]])}), "matmul", "INVALID_ARGUMENT"),
    "without a signature": (predict_request("matmul", signature="no"), "matmul", "FAILED_PRECONDITION"),
    "without a model": (predict_request("nobody's"), "nobody's", "NOT_FOUND"),
}


@pytest.mark.parametrize(("request_", "model", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_counted_and_not_timed(server, added, request_, model, status):
    def ask() -> None:
        with pytest.raises(Exception, match=status):
            server.predict(request_)

    assert added(ask) == {requests(model, status): 1}


def example_counts(number) -> dict[str, float]:
    """What a request of that many examples adds."""
    limits = [2**power for power in range(15) if 2**power > number]
    buckets = {f'request_example_counts_bucket{{model="examples",le="{limit}"}}': 1.0 for limit in (*limits, "+Inf")}
    return {
        **buckets,
        'request_example_counts_sum{model="examples"}': number,
        'request_example_counts_count{model="examples"}': 1,
        'request_example_count_total{model="examples"}': number,
    }


EXAMPLES = {
    "Classify": (classification("examples", examples(1, 2, 3), signature="classify_x_to_y"), 3),
    "Regress": (regression("examples", examples(1, 2), signature="regress_x_to_y"), 2),
}


@pytest.mark.parametrize(("api", "request_", "number"), [(api, *each) for api, each in EXAMPLES.items()])
def test_examples(server, added, api, request_, number):
    assert added(lambda: send(server, request_)) == example_counts(number) | {
        requests("examples"): 1,
        latency("examples", api, "GRPC"): 1,
        runtime("examples", api): 1,
    }


def test_multi_inference_counts_its_run_but_not_the_request(server, added):
    tasks = (("examples", "regress_x_to_y", REGRESS), ("examples", "classify_x_to_y", CLASSIFY))
    rises = added(lambda: send(server, inference(examples(2), *tasks)))
    assert rises == example_counts(1) | {runtime("examples", "MultiInference"): 1}


def test_rest(server, added):
    """The name of the method is the path's, as upstream has it."""
    assert added(lambda: predict(server, "half_plus_two", {"instances": [[1.0]]})) == {
        requests("half_plus_two"): 1,
        latency("half_plus_two", "predict", "REST"): 1,
        runtime("half_plus_two", "Predict"): 1,
    }
    assert added(lambda: predict(server, "nobody's", {"instances": [[1.0]]})) == {requests("nobody's", "NOT_FOUND"): 1}


@pytest.mark.parametrize("path", ["/v1/models/half_plus_two", "/v1/models/half_plus_two/metadata", "/v1/nothing", "/x"])
def test_other_requests_are_not_counted(server, added, path):
    assert added(lambda: get(server, path)) == {}


def test_a_name_cannot_forge_a_line(server):
    name = 'x"} 9\n:forged{a="'
    with pytest.raises(Exception, match="NOT_FOUND"):
        server.predict(predict_request(name))
    assert ":forged" not in {line.partition("{")[0] for line in get(server, PATH).body.decode().splitlines()}


@pytest.mark.parametrize("path", [PATH + "/", "/metrics", "/monitoring"])
def test_other_paths_are_not_found(server, path):
    assert get(server, path).status == 404


def test_the_method_and_the_query_do_not_matter(server):
    assert call(server, "POST", PATH, b"").status == 200
    assert get(server, PATH + "?a=b").status == 200
