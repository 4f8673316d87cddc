import asyncio
import signal

import grpc
import numpy as np
import pytest

from exporters.signatures import CONTRACTS
from facegrid.errors import DeadlineExceeded, FacegridError, InternalError, Overloaded, Unavailable
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.predict.servers.messages import explain
from tests.model_server.helpers.process import ServerProcess
from tests.support.ports import free_port

CROPS = {"crops": np.zeros((1, 24, 24, 3), np.uint16)}


def predict(port, *, timeout_s=30.0):
    async def main():
        predictor = BalancedPredictor(StaticEndpoints(dict.fromkeys(CONTRACTS, (f"127.0.0.1:{port}",))))
        await predictor.start()
        try:
            return await predictor.predict("rnet", CROPS, deadline=Deadline(timeout_s))
        finally:
            await predictor.close()

    return asyncio.run(main())


@pytest.fixture(scope="module")
def only_onet(exported_models, tmp_path_factory):
    flags = ("--model_name=onet", f"--model_base_path={exported_models / 'onet'}")
    with ServerProcess(tmp_path_factory.mktemp("server"), *flags) as process:
        yield process.wait_until_ready()


def test_no_server_is_unavailable_and_names_the_model():
    with pytest.raises(Unavailable, match="no server of model rnet"):
        predict(free_port())


def test_a_server_without_the_model_is_unavailable_and_names_it(only_onet):
    with pytest.raises(Unavailable, match="does not have") as caught:
        predict(only_onet.port)
    assert "rnet" in caught.value.message


def test_a_server_that_stands_still_is_a_deadline_and_not_a_hang(only_onet):
    only_onet.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(DeadlineExceeded, match="rnet"):
            predict(only_onet.port, timeout_s=0.3)
    finally:
        only_onet.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("code", grpc.StatusCode)
def test_every_status_has_an_error_that_names_the_model_and_nothing_of_the_server(code):
    expected = {
        grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
        grpc.StatusCode.UNAVAILABLE: Unavailable,
        grpc.StatusCode.NOT_FOUND: Unavailable,
        grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    }.get(code, InternalError)
    empty = grpc.aio.Metadata()
    error = explain("pnet", grpc.aio.AioRpcError(code, empty, empty, "secret /models/path"), 1.0)
    assert isinstance(error, FacegridError)
    assert type(error) is expected
    assert "pnet" in error.message
    assert "secret" not in error.message
