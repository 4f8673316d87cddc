"""TLS and mutual TLS between the orchestrator and a real model server."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.common.stand_ins import crops
from exporters.signatures import CONTRACTS
from facegrid.errors import Unavailable
from facegrid.tfserving.v1.ssl_config_pb2 import SSLConfig
from orchestrator.deadline import Deadline
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints, source_of
from orchestrator.predict.servers.options import BalanceOptions
from orchestrator.predict.servers.tls import ModelServerTls
from orchestrator.settings import Settings, SettingsError
from tests.model_server.helpers.process import ServerProcess
from tests.support.certificates import Authority
from tests.support.polling import eventually

NAME = "model-server.test"
CROPS = {"crops": np.zeros((1, 24, 24, 3), np.uint16)}
OURS, OTHERS = Authority("ours"), Authority("others")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    OURS.write(folder / "ca.pem")
    OTHERS.write(folder / "others.pem")
    OURS.issue("orchestrator").write(folder / "client")
    OTHERS.issue("orchestrator").write(folder / "stranger")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """A model server that asks for certificates. It has no models: whoever is let in hears so."""
    identity = OURS.issue(NAME)
    config = SSLConfig(
        server_key=identity.key.decode(),
        server_cert=identity.certificate.decode(),
        custom_ca=OURS.certificate.decode(),
        client_verify=True,
    )
    (folder / "ssl.config").write_text(str(config))
    (folder / "models.config").write_text("model_config_list {}")
    flags = (f"--ssl_config_file={folder}/ssl.config", f"--model_config_file={folder}/models.config")
    with ServerProcess(folder, *flags) as process:
        eventually(process.is_listening, "the port is open")
        yield process


@pytest.fixture
def tls(folder):
    client = folder / "client"
    return ModelServerTls(ca=folder / "ca.pem", cert=client / "tls.crt", key=client / "tls.key", server_name=NAME)


def refusal(server, tls):
    async def main():
        source = StaticEndpoints(dict.fromkeys(CONTRACTS, (f"127.0.0.1:{server.port}",)))
        predictor = BalancedPredictor(source, BalanceOptions(tls=tls))
        await predictor.start()
        try:
            await predictor.predict("rnet", CROPS, deadline=Deadline(20))
        finally:
            await predictor.close()

    with pytest.raises(Unavailable) as caught:
        asyncio.run(main())
    return caught.value.message


def test_a_model_server_that_trusts_and_is_trusted_answers(server, tls):
    assert refusal(server, tls) == "the server of model rnet does not have it"


def test_nobody_else_is_answered_or_believed(server, tls, folder):
    stranger = folder / "stranger"
    for wrong in (
        None,
        replace(tls, cert=None, key=None),
        replace(tls, cert=stranger / "tls.crt", key=stranger / "tls.key"),
        replace(tls, ca=folder / "others.pem"),
        replace(tls, server_name=""),
    ):
        assert refusal(server, wrong) == "no server of model rnet can be reached"


def test_calls_are_spread_over_servers_that_speak_tls_and_go_on_when_one_is_gone(folder, exported_models):
    """With the settings of a static list, as for servers elsewhere."""
    client, identity = folder / "client", OURS.issue(NAME)
    flags = [f"--ssl_config_file={folder}/two.config", "--model_name=rnet", f"--model_base_path={exported_models}/rnet"]
    config = SSLConfig(server_key=identity.key.decode(), server_cert=identity.certificate.decode())
    config.custom_ca, config.client_verify = OURS.certificate.decode(), True
    (folder / "two.config").write_text(str(config))

    async def main(first, second):
        addresses = f"127.0.0.1:{first.port}|127.0.0.1:{second.port}"
        settings = Settings(
            model_servers=",".join(f"{model}={addresses}" for model in CONTRACTS),
            model_server_ca=str(folder / "ca.pem"),
            model_server_cert=str(client / "tls.crt"),
            model_server_key=str(client / "tls.key"),
            model_server_name=NAME,
        )
        predictor = BalancedPredictor(source_of(settings.targets()), settings.balance_options())
        await predictor.start()
        try:
            call = lambda: predictor.predict("rnet", crops(2), deadline=Deadline(60))  # noqa: E731
            answers = await asyncio.gather(*(call() for _ in range(40)))
            used = {server.address for server in predictor._balancer.all_servers() if server.load._observed_s}
            first.process.kill()
            answers += [await call() for _ in range(10)]
        finally:
            await predictor.close()
        return answers, used

    with ServerProcess(folder, *flags) as first, ServerProcess(folder, *flags) as second:
        for server in (first, second):
            eventually(server.is_listening, "the port is open")
        answers, used = asyncio.run(main(first, second))
        assert used == {f"127.0.0.1:{server.port}" for server in (first, second)}
    assert all(np.array_equal(one["scores"], answers[0]["scores"]) for one in answers)
    assert answers[0]["scores"].shape == (2,)


def test_files_that_cannot_be_used_end_the_start(folder):
    client = folder / "client"
    (folder / "text").write_text("nothing")
    good = {"model_server_ca": folder / "ca.pem", "model_server_cert": client / "tls.crt"}
    for given, words in (
        ({"model_server_ca": folder / "none"}, "none cannot be read"),
        ({"model_server_ca": folder / "text"}, "holds no certificate"),
        (good, "go together"),
        ({**good, "model_server_key": folder / "stranger" / "tls.key"}, "not a certificate and its key"),
        ({"model_server_cert": client / "tls.crt"}, "FACEGRID_MODEL_SERVER_CA is not"),
    ):
        with pytest.raises(SettingsError, match=words):
            Settings(**{name: str(path) for name, path in given.items()})
    settings = Settings(**{name: str(path) for name, path in good.items()}, model_server_key=str(client / "tls.key"))
    assert settings.model_server_tls().ca == folder / "ca.pem"
    assert settings.balance_options().tls == settings.model_server_tls()
    assert Settings().model_server_tls() is None
    with pytest.raises(SettingsError, match="that Ray runs speak no TLS"):
        Settings(model_server_ca=str(folder / "ca.pem"), model_servers="ray")
