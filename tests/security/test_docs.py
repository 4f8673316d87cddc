"""The commands of docs/security.md make certificates that work, and its tables are those of the code."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import facegrid
from facegrid.cli.main import main
from orchestrator.api.server_tls import server_credentials
from orchestrator.keys.file import read_keys
from orchestrator.keys.scopes import SCOPE_OF, SCOPES
from orchestrator.settings import Settings
from orchestrator.tls_files import ServerTls
from tests.support.doubles import FunctionPredictor
from tests.support.hosts import running_host

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text()


def test_the_scopes_and_their_methods_are_those_of_the_code():
    for scope in SCOPES:
        methods = [method for method, needed in SCOPE_OF.items() if needed == scope]
        assert f"| `{scope}` | {', '.join(methods)} |" in PAGE


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_the_certificates_of_the_page_admit_a_caller(tmp_path):
    commands = [line for line in PAGE.splitlines() if line.startswith("openssl ")]
    assert len(commands) == 3
    for command in commands:
        subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True, timeout=60)
    tls = ServerTls(cert=tmp_path / "tls.crt", key=tmp_path / "tls.key", client_ca=tmp_path / "ca.pem")
    known = facegrid.Tls(
        ca_file=tmp_path / "ca.pem", cert_file=tmp_path / "client.crt", key_file=tmp_path / "client.key"
    )
    with running_host(Settings(), FunctionPredictor({}), credentials=server_credentials(tls)) as target:
        with facegrid.connect(target, tls=known) as client:
            assert client.health(timeout_s=60) is facegrid.Health.SERVING
        unknown = facegrid.Tls(ca_file=tmp_path / "ca.pem")
        with facegrid.connect(target, tls=unknown) as client, pytest.raises(facegrid.Unavailable):
            client.health(timeout_s=60)


def test_the_commands_for_keys_do_what_they_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    new, listing, revoke = (line for line in PAGE.splitlines() if line.startswith("facegrid keys "))
    assert main(shlex.split(new)[1:]) == 0
    key = capsys.readouterr().out.strip()
    key_id = key.split("_")[1]
    assert main(shlex.split(listing)[1:]) == 0
    assert key_id in capsys.readouterr().out
    assert main([key_id if word == "3f9a61c2" else word for word in shlex.split(revoke)[1:]]) == 0
    assert read_keys(tmp_path / "keys.json") == {}


def test_links_within_the_page_lead_somewhere():
    headings = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in PAGE.splitlines() if line.startswith("#")}  # fmt: skip
    assert set(re.findall(r"\]\(#([a-z0-9-]+)\)", PAGE)) <= headings
