"""Load on a service that asks for API keys and speaks TLS."""

import asyncio

import pytest
from PIL import Image

import facegrid
from facegrid.errors import InvalidOption
from facegrid.load.calls import OK
from facegrid.load.load import LoadPlan, run
from facegrid.load.mix import build_templates
from orchestrator.api.server_tls import server_credentials
from orchestrator.settings import Settings
from orchestrator.tls_files import ServerTls
from tests.support.certificates import Authority
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.keyfile import make_key, write_keys
from tests.support.plain_pnet import pnet

AUTHORITY = Authority("ours")


@pytest.fixture
def templates(tmp_path):
    Image.new("RGB", (48, 48)).save(tmp_path / "a.png")
    return build_templates([tmp_path / "a.png"], {"detect": 1.0}, None, timeout_s=20)


def test_every_call_has_the_key_and_goes_over_tls(templates, tmp_path):
    AUTHORITY.write(tmp_path / "ca.pem")
    AUTHORITY.issue("127.0.0.1").write(tmp_path)
    key, entry = make_key("detect")
    settings = Settings(api_keys_file=str(write_keys(tmp_path / "keys.json", entry)))
    credentials = server_credentials(ServerTls(cert=tmp_path / "tls.crt", key=tmp_path / "tls.key"))
    tls = facegrid.Tls(ca_file=tmp_path / "ca.pem")
    predictor = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})
    with running_host(settings, predictor, credentials=credentials) as target:
        for given, outcome in ((key, OK), (None, "UNAUTHENTICATED UNAUTHENTICATED")):
            plan = LoadPlan(target=target, templates=templates, duration_s=0.3, connections=2, api_key=given, tls=tls)
            assert asyncio.run(run(plan)).count_outcomes().keys() == {outcome}
            assert key not in repr(plan)


def test_a_key_is_not_sent_in_the_clear(templates):
    plan = LoadPlan(target="faces.example.org:9000", templates=templates, duration_s=0.3, api_key=make_key()[0])
    with pytest.raises(InvalidOption, match="for all to read"):
        asyncio.run(run(plan))
