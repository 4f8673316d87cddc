"""`facegrid keys`, and how the commands that ask a service show theirs."""

import json
import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from orchestrator.keys.file import read_keys
from orchestrator.keys.ring import KeyRing
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.keyfile import make_key, write_keys
from tests.support.pictures import png
from tests.support.plain_pnet import pnet


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.delenv("FACEGRID_API_KEYS_FILE", raising=False)
    return tmp_path / "keys.json"


@pytest.fixture
def new(facegrid, file):
    def make(*argv):
        result = facegrid("keys", "new", *argv, "--file", file)
        assert result.code == 0, result.err
        return result

    return make


def test_a_new_key_is_printed_once_and_its_hash_kept(new, file):
    result = new("shop", "--scopes", "detect,recognise", "--expires", "90d", "--rps", 50)
    key = result.out.removesuffix("\n")
    entry = KeyRing(file).find(key)
    assert entry.name == "shop"
    assert entry.scopes == {"detect", "recognise"}
    assert (entry.rps, entry.most_at_once) == (50, 50)
    assert abs(entry.expires_at - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)
    assert key[12:] not in file.read_text()
    assert key[12:] not in result.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_are_added_listed_and_revoked(new, facegrid, file):
    first, second = (new(name, "--scopes", "manage").out.strip() for name in ("one", "two"))
    listed = facegrid("keys", "list", "--json", "--file", file)
    assert [line["name"] for line in listed.lines] == ["one", "two"]
    assert not any("sha256" in line for line in listed.lines)
    table = facegrid("keys", "list", "--file", file).out
    assert "one" in table
    assert "never" in table
    revoked = facegrid("keys", "revoke", first.split("_")[1], "--file", file)
    assert (revoked.code, revoked.out) == (0, "")
    ring = KeyRing(file)
    assert ring.find(first) is None
    assert ring.find(second)
    again = facegrid("keys", "revoke", first.split("_")[1], "--file", file)
    assert again.code == 1
    assert f"no key {first.split('_')[1]}" in again.err


def test_the_file_may_come_from_the_environment(facegrid, file, monkeypatch):
    assert facegrid("keys", "list").code == 2
    monkeypatch.setenv("FACEGRID_API_KEYS_FILE", str(file))
    assert facegrid("keys", "new", "x", "--scopes", "detect").code == 0
    assert len(facegrid("keys", "list", "--json").lines) == 1


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["x", "--scopes", "all"], "the scopes are 'all', known are detect, recognise, manage, generate"),
        (["x", "--scopes", ","], "the scopes are none"),
        (["x", "--scopes", "detect", "--expires", "soon"], "--expires is 'soon', expected a time such as 90d"),
        (["x", "--scopes", "detect", "--expires", "0d"], "--expires is '0d'"),
        (["x", "--scopes", "detect", "--expires", "999999d"], "up to 36500d"),
        (["x", "--scopes", "detect", "--rps", "0"], "rps is 0.0, expected"),
        (["x", "--scopes", "detect", "--burst", "3"], "beside rps"),
        (["", "--scopes", "detect"], "1 to 64 printable"),
    ],
)
def test_wrong_usage_makes_no_key(facegrid, file, argv, words):
    result = facegrid("keys", "new", *argv, "--file", file)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert not file.exists()


def test_a_broken_file_is_left_as_it_is(facegrid, file):
    file.write_text("{")
    result = facegrid("keys", "new", "x", "--scopes", "detect", "--file", file)
    assert (result.code, result.out) == (1, "")
    assert "keys.json cannot be used: it is not JSON" in result.err
    assert file.read_text() == "{"


def test_keys_made_at_the_same_time_are_all_kept(file):
    command = [sys.executable, "-m", "facegrid.cli.main", "keys", "new", "x", "--scopes", "detect", "--file", str(file)]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    keys = [maker.communicate(timeout=60)[0].decode().strip() for maker in makers]
    ring = KeyRing(file)
    assert all(ring.find(key) for key in keys)
    assert len(read_keys(file)) == 4


@pytest.fixture
def host(file):
    """A service that asks for keys; gives its address and a key."""
    key, entry = make_key("detect")
    write_keys(file, entry)
    predictor = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})
    with running_host(Settings(api_keys_file=str(file)), predictor) as target:
        yield target, key


def test_the_key_comes_from_a_file_or_the_environment(facegrid, host, tmp_path, monkeypatch):
    target, key = host
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "key").write_text(key + "\n")
    (tmp_path / "empty").write_text("\n")
    ask = ("detect", tmp_path / "a.png", "--json", "--target", target)
    refused = facegrid(*ask)
    assert refused.code == 1
    assert "asks for an API key" in refused.err
    assert facegrid(*ask, "--api-key-file", tmp_path / "key").code == 0
    monkeypatch.setenv("FACEGRID_API_KEY", key)
    assert facegrid(*ask).code == 0
    assert facegrid(*ask, "--api-key-file", tmp_path / "empty").code == 2
    denied = facegrid("subjects", "list", "--target", target)
    assert denied.code == 1
    assert "is for detect, and ListSubjects needs manage" in denied.err
    assert facegrid("subjects", "list", "--target", "faces.example.org:9000").code == 1
    assert "--tls" in facegrid("subjects", "list", "--target", "faces.example.org:9000").err


def test_no_key_is_seen_in_ps_nor_in_what_is_said(host, tmp_path):
    target, key = host
    (tmp_path / "key").write_text(key)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(30):
        (pictures / f"{number}.png").write_bytes(png(200, 200))
    command = [sys.executable, "-m", "facegrid.cli.main", "detect", pictures, "--json", "--target", target]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    asking = subprocess.Popen(
        [*map(str, command), "--api-key-file", str(tmp_path / "key")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    seen, over = [], threading.Event()

    def watch():
        while not over.wait(0.02):
            for process in psutil.process_iter(["cmdline"]):
                seen.extend(process.info["cmdline"] or [])

    watching = threading.Thread(target=watch)
    watching.start()
    out, err = asking.communicate(timeout=120)
    over.set()
    watching.join()
    assert asking.returncode == 0, err
    assert len([json.loads(line) for line in out.splitlines()]) == 30
    assert str(tmp_path / "key") in seen  # it was looked at while it ran
    assert not any(key[12:] in text for text in (*seen, out, err))


def test_tls_is_asked_for_by_flags_or_the_environment(facegrid, monkeypatch, tmp_path):
    ask = ("subjects", "list", "--target", "127.0.0.1:1")
    assert "needs its key" in facegrid(*ask, "--tls-cert", "x").err
    monkeypatch.setenv("FACEGRID_TLS_CA", str(tmp_path / "none"))
    assert "none cannot be read" in facegrid(*ask).err
    monkeypatch.setenv("FACEGRID_TLS_CA", "")
    monkeypatch.setenv("FACEGRID_TLS", "maybe")
    result = facegrid(*ask)
    assert (result.code, "FACEGRID_TLS is 'maybe', expected 1 or 0" in result.err) == (2, True)
