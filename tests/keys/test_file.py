import json
from datetime import UTC, datetime

import pytest

from orchestrator.keys.file import KeysError, dump_keys, parse_keys, read_keys
from tests.support.keyfile import make_key

GOOD = {"id": "3f9a61c2", "name": "shop", "sha256": "a" * 64, "scopes": ["detect"]}


def parse(*keys):
    return parse_keys(json.dumps({"keys": keys}).encode())


def test_what_is_written_is_read():
    entries = [
        make_key()[1],
        make_key("detect", expires_at=datetime(2027, 1, 1, tzinfo=UTC), rps=0.5)[1],
        make_key("manage", "recognise", rps=50, burst=7)[1],
    ]
    by_id = {entry.id: entry for entry in entries}
    assert parse_keys(dump_keys(by_id)) == by_id


def test_no_keys_is_a_file_with_none():
    assert parse() == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "3F9A61C2"}, r"key 1 of 1: id does not have the form"),
        ({"sha256": "a" * 63}, "sha256 does not have the form"),
        ({"scopes": []}, "the scopes are none, known are detect, recognise, manage, generate"),
        ({"scopes": ["detect", "all"]}, "the scopes are 'detect', 'all', known are"),
        ({"scopes": "detect"}, "not a list"),
        ({"expires": "2027-01-01"}, r"unknown \['expires'\]"),
        ({"expires_at": "2027-01-01T00:00:00"}, "expected a time with its zone"),
        ({"expires_at": "soon"}, "expected a time with its zone"),
        ({"expires_at": 1}, "expected a time with its zone"),
        ({"rps": 0}, "rps is 0, expected"),
        ({"rps": True}, "rps is True, expected"),
        ({"rps": float("nan")}, "rps is nan, expected"),
        ({"rps": 1, "burst": 0}, "burst is 0, expected"),
        ({"burst": 3}, "burst is 3, expected .* beside rps"),
        ({"name": ""}, "1 to 64 printable"),
        ({"name": "a\nb"}, "1 to 64 printable"),
    ],
)
def test_an_entry_that_is_not_as_documented_is_refused(change, words):
    with pytest.raises(KeysError, match=words):
        parse({**GOOD, **change})


def test_an_id_is_there_once():
    with pytest.raises(KeysError, match="key 2 of 2: the id 3f9a61c2 is there twice"):
        parse(GOOD, GOOD)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"keys": {}}', b'{"keys": [], "x": 1}', b"\xff", b'{"keys": [1]}']
)
def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path, data):
    (tmp_path / "keys.json").write_bytes(data)
    with pytest.raises(KeysError, match=r"keys\.json cannot be used: "):
        read_keys(tmp_path / "keys.json")


def test_an_absent_and_an_endless_file_are_refused(tmp_path):
    with pytest.raises(KeysError, match="No such file"):
        read_keys(tmp_path / "none")
    (tmp_path / "large").write_bytes(bytes(5 * 2**20))
    with pytest.raises(KeysError, match="5242880 bytes, at most 4194304"):
        read_keys(tmp_path / "large")
