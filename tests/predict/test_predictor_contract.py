"""The double and the real predictor keep one contract."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from exporters.signatures import CONTRACTS, EMBEDDER_VERSION, EMBEDDERS
from facegrid.errors import DeadlineExceeded, InternalError, Unavailable
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from tests.support.doubles import FunctionPredictor, discriminator, embedder, generator, onet, rnet
from tests.support.plain_pnet import pnet

SIGNATURES = [(model, signature) for model, contract in CONTRACTS.items() for signature in contract.signatures]


@pytest.fixture(params=["double", "balanced"])
def predictor(request):
    if request.param == "double":
        networks = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}
        return FunctionPredictor({**networks, "generator": generator, "discriminator": discriminator})
    port = request.getfixturevalue("exported_server").port
    return BalancedPredictor(StaticEndpoints(dict.fromkeys(CONTRACTS, (f"127.0.0.1:{port}",))))


def run(predictor, *calls):
    async def main():
        await predictor.start()
        try:
            return await asyncio.gather(*(predictor.predict(*args, **options) for args, options in calls))
        finally:
            await predictor.close()

    return asyncio.run(main())


def batch(model, signature, rows):
    return {name: values(spec, rows) for name, spec in CONTRACTS[model].signatures[signature].inputs.items()}


def values(spec, rows):
    rng, shape = np.random.default_rng(rows), (rows, *spec.shape[1:])
    if spec.dtype == "float32":
        return rng.random(shape, np.float32)
    return rng.integers(0, np.iinfo(spec.dtype).max, shape, spec.dtype, endpoint=True)


def call(model, inputs, signature, timeout_s=60.0, **options):
    return (model, inputs), {"signature": signature, "deadline": Deadline(timeout_s), **options}


@pytest.mark.parametrize(("model", "signature"), SIGNATURES)
def test_answers_have_the_contracts_names_types_and_rows(predictor, model, signature):
    (outputs,) = run(predictor, call(model, batch(model, signature, 3), signature))
    specs = CONTRACTS[model].signatures[signature].outputs
    assert outputs.keys() == specs.keys()
    for name, spec in specs.items():
        assert (outputs[name].dtype, outputs[name].shape) == (np.dtype(spec.dtype), (3, *spec.shape[1:]))


@pytest.mark.parametrize(("model", "signature"), SIGNATURES)
def test_a_row_does_not_depend_on_its_batch(predictor, model, signature):
    inputs = batch(model, signature, 5)
    alone = {name: array[[3]] for name, array in inputs.items()}
    together, single = run(predictor, call(model, inputs, signature), call(model, alone, signature))
    for name, array in together.items():
        # Matrix products choose another order of additions for one row than for five.
        np.testing.assert_allclose(single[name][0], array[3], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "inputs",
    [
        {"crops": np.zeros((0, 24, 24, 3), np.uint16)},
        {"crops": np.zeros((24, 24, 3), np.uint16)},
        {"crops": np.zeros((1, 23, 24, 3), np.uint16)},
        {"crops": np.zeros((1, 24, 24, 3), np.uint8)},
        {"tiles": np.zeros((1, 24, 24, 3), np.uint16)},
        {},
    ],
)
def test_what_breaks_the_contract_is_not_sent(predictor, inputs):
    with pytest.raises(InternalError, match="rnet"):
        run(predictor, call("rnet", inputs, "serving_default"))


def test_no_time_is_a_deadline_that_names_the_model(predictor):
    with pytest.raises(DeadlineExceeded, match="pnet"):
        run(predictor, call("pnet", batch("pnet", "maps", 8), "maps", timeout_s=0.001))


def test_a_deadline_that_has_passed_is_one_that_names_the_model(predictor):
    with pytest.raises(DeadlineExceeded, match="it waited for model pnet"):
        run(predictor, call("pnet", batch("pnet", "serving_default", 1), "serving_default", timeout_s=0))


def test_the_version_asked_for_answers(predictor):
    inputs = batch("embedder", "serving_default", 2)
    asked, newest = run(
        predictor,
        call("embedder", inputs, "serving_default", version=EMBEDDER_VERSION),
        call("embedder", inputs, "serving_default"),
    )
    np.testing.assert_array_equal(asked["embeddings"], newest["embeddings"])  # there is only one


def test_a_version_that_is_not_served_is_unavailable_and_named(predictor, monkeypatch):
    monkeypatch.setitem(EMBEDDERS, 7, replace(EMBEDDERS[1], version=7))
    inputs = batch("embedder", "serving_default", 1)
    with pytest.raises(Unavailable, match="embedder version 7"):
        run(predictor, call("embedder", inputs, "serving_default", version=7))


def test_each_version_is_held_to_its_own_chips(predictor, monkeypatch):
    monkeypatch.setitem(EMBEDDERS, 7, replace(EMBEDDERS[1], version=7, chip_px=112))
    inputs = batch("embedder", "serving_default", 1)
    with pytest.raises(
        InternalError, match=r"input of embedder, chips is uint8 \[1, 150, 150, 3\].* \[1, 112, 112, 3\]"
    ):
        run(predictor, call("embedder", inputs, "serving_default", version=7))
