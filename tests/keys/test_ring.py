import logging
import os

import pytest

from orchestrator.keys.file import KeysError
from orchestrator.keys.ring import KeyRing
from tests.support.clock import Clock
from tests.support.keyfile import make_key, write_keys
from tests.support.polling import eventually

FIRST, FIRST_ENTRY = make_key()
SECOND, SECOND_ENTRY = make_key()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ring(tmp_path, clock):
    return KeyRing(write_keys(tmp_path / "keys.json", FIRST_ENTRY), clock)


def test_a_key_is_found_and_nothing_else_is(ring):
    assert ring.find(FIRST) == FIRST_ENTRY
    for wrong in ("", SECOND, FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1"), FIRST[:11] + SECOND[11:]):
        assert ring.find(wrong) is None


def test_no_file_no_start(tmp_path):
    with pytest.raises(KeysError):
        KeyRing(tmp_path / "keys.json")


def test_a_new_file_holds_after_a_second(ring, tmp_path, clock):
    write_keys(tmp_path / "keys.json", SECOND_ENTRY)
    assert ring.find(FIRST) == FIRST_ENTRY
    clock.now_s += 1
    assert ring.find(FIRST) is None
    assert ring.find(SECOND) == SECOND_ENTRY
    assert ring.still_has(FIRST_ENTRY) is None


def test_a_file_written_over_is_noticed(ring, tmp_path, clock):
    path, other = tmp_path / "keys.json", write_keys(tmp_path / "other.json", SECOND_ENTRY)
    before = path.stat().st_mtime_ns

    def written() -> bool:
        path.write_bytes(other.read_bytes())
        return path.stat().st_mtime_ns != before  # whose clock may tick every few milliseconds only

    eventually(written, "the file is of another time")
    clock.now_s += 1
    assert ring.find(SECOND) == SECOND_ENTRY


def test_a_secret_that_kubernetes_swaps_is_noticed(tmp_path, clock):
    """As kubelet does: keys.json -> ..data/keys.json, ..data -> ..TIME, and a new ..data renamed over the old."""
    for name, entry in (("..1", FIRST_ENTRY), ("..2", SECOND_ENTRY)):
        (tmp_path / name).mkdir()
        write_keys(tmp_path / name / "keys.json", entry)
    written_ns = (tmp_path / "..1" / "keys.json").stat().st_mtime_ns
    os.utime(tmp_path / "..2" / "keys.json", ns=(written_ns, written_ns))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "keys.json").symlink_to("..data/keys.json")
    ring = KeyRing(tmp_path / "keys.json", clock)
    assert ring.find(FIRST)
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    clock.now_s += 1
    assert ring.find(FIRST) is None
    assert ring.find(SECOND)


@pytest.mark.parametrize("broken", [b"{", None])
def test_a_broken_file_is_reported_once_and_the_old_keys_stay(ring, tmp_path, clock, caplog, broken):
    path = tmp_path / "keys.json"
    path.write_bytes(broken) if broken else path.unlink()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            clock.now_s += 1
            assert ring.find(FIRST) == FIRST_ENTRY
    (record,) = set(caplog.records)  # one, by however many handlers that other tests left it is kept
    assert "keys.json" in record.getMessage()
    assert "the 1 keys read before stay valid" in record.getMessage()
    write_keys(path, SECOND_ENTRY)
    clock.now_s += 1
    assert ring.find(SECOND)


def test_the_file_is_read_only_when_it_has_changed(ring, clock, monkeypatch):
    reads = []
    monkeypatch.setattr("orchestrator.keys.ring.read_keys", reads.append)
    for _ in range(5):
        clock.now_s += 1
        ring.find(FIRST)
    assert reads == []


def test_a_bucket_outlives_a_reload_but_not_a_new_rate(tmp_path, clock):
    key, entry = make_key(rps=1, burst=1)
    path = write_keys(tmp_path / "keys.json", entry)
    ring = KeyRing(path, clock)
    assert ring.bucket(ring.find(key)).take() == 0
    write_keys(path, entry, FIRST_ENTRY)
    clock.now_s += 0.9
    assert ring.bucket(ring.find(key)).take() > 0
    ring.bucket(entry).reserve()
    clock.now_s += 1
    assert ring.find(FIRST)
    assert ring.bucket(ring.find(key)).take() > 0
    assert ring.bucket(FIRST_ENTRY) is None
