"""TLS and mutual TLS between the client and the plain host, with certificates made for the test."""

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import replace

import pytest

import facegrid
from orchestrator.api.server_tls import server_credentials
from orchestrator.settings import Settings
from orchestrator.tls_files import ServerTls, TlsError
from tests.security.identities import AUTHORITY, STRANGERS, detect, identity
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.keyfile import make_key, write_keys
from tests.support.pictures import png
from tests.support.plain_pnet import pnet


@contextmanager
def serving(folder, *, client_ca=None, settings=None):
    tls = ServerTls(cert=folder / "tls.crt", key=folder / "tls.key", client_ca=client_ca)
    predictor = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})
    with running_host(settings or Settings(), predictor, credentials=server_credentials(tls)) as address:
        yield address


def test_a_trusted_service_is_called_and_so_it_is_by_the_asynchronous_client(files):
    tls = facegrid.Tls(ca_file=files / "ca.pem")
    with serving(files / "service") as target:
        assert detect(target, tls) == 96

        async def ask():
            async with facegrid.connect_async(target, tls=tls) as client:
                return (await client.detect_detailed(png())).image_width_px

        assert asyncio.run(ask()) == 96


def test_the_authorities_of_the_system_are_those_of_its_file(files, monkeypatch):
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(files / "ca.pem"))
    with serving(files / "service") as target:
        assert detect(target, True) == 96


def test_mutual_tls_admits_the_clients_of_its_authority(files):
    with serving(files / "service", client_ca=files / "ca.pem") as target:
        assert detect(target, facegrid.Tls(ca_file=files / "ca.pem", **identity(files / "client"))) == 96
        for tls in (
            facegrid.Tls(ca_file=files / "ca.pem"),
            facegrid.Tls(ca_file=files / "ca.pem", **identity(files / "stranger")),
            facegrid.Tls(ca_file=files / "ca.pem", **identity(files / "expired")),
        ):
            with pytest.raises(facegrid.Unavailable, match=r"a certificate of yours that is valid .* --tls-cert"):
                detect(target, tls)


def test_who_is_not_trusted_is_not_called_and_the_error_says_what_to_do(files):
    trusted = facegrid.Tls(ca_file=files / "ca.pem")
    with serving(files / "service") as target:
        with pytest.raises(facegrid.Unavailable, match=r"authority .* is not trusted here: .* --tls-ca"):
            detect(target, facegrid.Tls(ca_file=files / "strangers.pem"))
        with pytest.raises(facegrid.Unavailable, match=r"it may want TLS .* --tls"):
            detect(target, None)
    AUTHORITY.issue("faces.example").write(files / "named")
    with serving(files / "named") as target:
        with pytest.raises(facegrid.Unavailable, match=r"is for another name: .* --tls-server-name"):
            detect(target, trusted)
        assert detect(target, facegrid.Tls(ca_file=files / "ca.pem", server_name="faces.example")) == 96
    AUTHORITY.issue("127.0.0.1", hours=-1).write(files / "old")
    with serving(files / "old") as target, pytest.raises(facegrid.Unavailable, match="has expired: its operator"):
        detect(target, trusted)


def test_a_service_without_tls_is_told_from_one_with(files):
    predictor = FunctionPredictor({})
    with running_host(Settings(), predictor) as target, pytest.raises(facegrid.Unavailable, match="does not speak TLS"):
        detect(target, facegrid.Tls(ca_file=files / "ca.pem"))


def test_a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(files, caplog):
    old, new = facegrid.Tls(ca_file=files / "ca.pem"), facegrid.Tls(ca_file=files / "strangers.pem")
    with serving(files / "service") as target:
        assert detect(target, old) == 96
        (files / "service" / "tls.crt").write_bytes(b"broken")
        with caplog.at_level(logging.ERROR):
            assert detect(target, old) == 96
        assert "tls.crt" in caplog.text
        assert "the certificate read before stays in use" in caplog.text
        STRANGERS.issue("127.0.0.1").write(files / "service")
        assert detect(target, new) == 96
        with pytest.raises(facegrid.Unavailable, match="not trusted here"):
            detect(target, old)


def test_a_key_travels_over_tls(files):
    key, entry = make_key("detect")
    settings = Settings(api_keys_file=str(write_keys(files / "keys.json", entry)))
    tls = facegrid.Tls(ca_file=files / "ca.pem")
    with serving(files / "service", settings=settings) as target:
        assert detect(target, tls, api_key=key) == 96
        with pytest.raises(facegrid.Unauthenticated):
            detect(target, tls)


def test_files_that_cannot_be_used_are_named_before_the_start(files):
    (files / "text").write_text("no certificate")
    service, client = files / "service", files / "client"
    good = ServerTls(cert=service / "tls.crt", key=service / "tls.key")
    for tls, words in (
        (replace(good, cert=files / "none"), "none cannot be read: No such file"),
        (replace(good, cert=files / "text"), r"not a certificate and its key"),
        (replace(good, key=client / "tls.key"), r"not a certificate and its key"),
        (
            ServerTls(cert=service / "tls.crt", key=service / "tls.key", client_ca=files / "text"),
            "holds no certificate",
        ),
    ):
        with pytest.raises(TlsError, match=words):
            server_credentials(tls)
