"""The double and the real predictor keep one contract."""

import asyncio

import numpy as np
import pytest

from exporters.signatures import CONTRACTS
from facegrid.errors import DeadlineExceeded, InternalError
from orchestrator.app.model_config import local_model_config, read_model_config, write_model_config
from orchestrator.models.tf_serving import TfServingPredictor
from tests.doubles import FunctionPredictor, onet, rnet
from tests.model_server.process import REPOSITORY, ServerProcess
from tests.pipeline.plain_pnet import pnet

SIGNATURES = [(model, signature) for model, contract in CONTRACTS.items() for signature in contract.signatures]


@pytest.fixture(scope="module")
def model_server(exported_models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    config = folder / "models.config"
    shipped = read_model_config(REPOSITORY / "serving_configs" / "models.config")
    write_model_config(local_model_config(shipped, exported_models), config)
    with ServerProcess(folder, f"--model_config_file={config}") as process:
        yield process.wait_until_ready()


@pytest.fixture(params=["double", "tf_serving"])
def predictor(request):
    if request.param == "double":
        return FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})
    port = request.getfixturevalue("model_server").port
    return TfServingPredictor(dict.fromkeys(CONTRACTS, f"127.0.0.1:{port}"))


def run(predictor, *calls):
    async def main():
        await predictor.start()
        try:
            return await asyncio.gather(*(predictor.predict(*args, **options) for args, options in calls))
        finally:
            await predictor.close()

    return asyncio.run(main())


def batch(model, signature, rows):
    ((name, spec),) = CONTRACTS[model].signatures[signature].inputs.items()
    return {name: np.random.default_rng(rows).integers(0, 2**16, (rows, *spec.shape[1:]), np.uint16)}


def call(model, inputs, signature, timeout_s=60.0):
    return (model, inputs), {"signature": signature, "timeout_s": timeout_s}


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
