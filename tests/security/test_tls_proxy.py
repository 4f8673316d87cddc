"""HAProxy as TLS proxy, before the plain host instead of Ray Serve's ingress; tests/cluster has the whole stack."""

import os
import signal
import sys
from pathlib import Path

import pytest

import facegrid
from orchestrator.settings import Settings
from tests.security.identities import AUTHORITY, STRANGERS, detect, identity
from tests.security.proxied import TIMEOUT_S, proxied
from tests.support.certificates import Authority
from tests.support.keyfile import make_key, write_keys
from tests.support.pictures import png
from tests.support.polling import eventually

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Ray brings HAProxy on Linux only")


def test_calls_and_streams_go_through_with_their_key(files):
    key, entry = make_key("detect")
    settings = Settings(api_keys_file=str(write_keys(files / "keys.json", entry)))
    tls = facegrid.Tls(ca_file=files / "ca.pem")
    with proxied(files, settings=settings) as (target, log, process):
        with facegrid.connect(target, tls=tls, api_key=key) as client:
            client.wait_until_ready(TIMEOUT_S)
            assert client.detect_detailed(png()).image_width_px == 96
            answers = list(client.detect_many([png(96, 80), b"no picture", png(64, 64)]))
            assert sorted(item.index for item in answers if item.error is None) == [0, 2]
        with pytest.raises(facegrid.Unauthenticated, match="asks for an API key"):
            detect(target, tls)
        with pytest.raises(facegrid.Unavailable, match="it may want TLS"):
            detect(target, None)
        with pytest.raises(facegrid.Unavailable, match="not trusted here"):
            detect(target, facegrid.Tls(ca_file=files / "strangers.pem"))
        assert key[12:] not in log.read_text()
    assert process.returncode == 0


def test_mutual_tls_admits_the_clients_of_its_authority(files):
    with proxied(files, f"--client-ca={files}/ca.pem") as (target, _, _):
        known = facegrid.Tls(ca_file=files / "ca.pem", **identity(files / "client"))
        assert detect(target, known) == 96
        for folder in (None, "stranger", "expired"):
            shown = identity(files / folder) if folder else {}
            with pytest.raises(facegrid.Unavailable) as caught:
                detect(target, facegrid.Tls(ca_file=files / "ca.pem", **shown))
            assert "--tls-cert" in caught.value.message


def test_renewed_files_are_shown_and_broken_ones_are_not(files):
    old, new = facegrid.Tls(ca_file=files / "ca.pem"), facegrid.Tls(ca_file=files / "strangers.pem")
    with proxied(files) as (target, log, _):
        assert detect(target, old) == 96
        (files / "service" / "tls.crt").write_bytes(b"broken")
        eventually(lambda: "the certificate read before stays in use" in log.read_text(), "the broken file is reported")
        assert detect(target, old) == 96
        STRANGERS.issue("127.0.0.1").write(files / "service")
        eventually(lambda: "read a new certificate" in log.read_text(), "the new file is read")
        assert detect(target, new) == 96


def test_renewed_authorities_admit_others(files):
    trusted = files / "trusted.pem"
    AUTHORITY.write(trusted)
    stranger = facegrid.Tls(ca_file=files / "ca.pem", **identity(files / "stranger"))
    with proxied(files, f"--client-ca={trusted}") as (target, log, _):
        with pytest.raises(facegrid.Unavailable):
            detect(target, stranger)
        trusted.write_bytes(STRANGERS.certificate + AUTHORITY.certificate)
        eventually(lambda: "read a new certificate" in log.read_text(), "the new file is read")
        assert detect(target, stranger) == 96


def test_the_key_lies_in_files_of_this_user_alone(files):
    with proxied(files):
        for file in (files / "run").iterdir():
            assert file.stat().st_mode & 0o077 == 0, file


def test_it_ends_with_haproxy_and_says_what_is_wrong_with_its_files(files):
    with proxied(files) as (_, _, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        process.wait(TIMEOUT_S)
        assert process.returncode != 0
    (files / "run" / "admin.sock").unlink(missing_ok=True)
    Authority("other").issue("a").write(files / "a")
    (files / "service" / "tls.key").write_bytes((files / "a" / "tls.key").read_bytes())
    with proxied(files) as (_, log, process):
        assert process.wait(TIMEOUT_S) == 1
        assert "not a certificate and its key" in log.read_text()
