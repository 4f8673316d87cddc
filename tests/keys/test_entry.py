import hashlib

from orchestrator.keys.entry import id_of, new_key
from tests.support.keyfile import FUTURE, PAST, make_key


def test_a_key_has_its_id_and_256_bits():
    key_id, key = new_key()
    prefix, found_id, secret = key.split("_")
    assert (prefix, found_id) == ("fg", key_id)
    assert len(bytes.fromhex(secret)) == 32
    assert id_of(key) == key_id
    assert len({new_key()[1] for _ in range(100)}) == 100


def test_an_entry_holds_the_sha256_of_the_whole_key_and_not_the_key():
    key, entry = make_key()
    assert entry.sha256 == hashlib.sha256(key.encode()).hexdigest()
    assert key not in repr(entry)
    assert key.split("_")[2] not in repr(entry)


def test_only_the_very_key_is_of_the_entry():
    key, entry = make_key()
    assert entry.is_of(key)
    last = "0" if key[-1] != "0" else "1"
    for wrong in ("", key[:-1], key + "0", key[:-1] + last, key.upper(), "fg_" + "0" * 8 + key[11:]):
        assert not entry.is_of(wrong)


def test_what_is_no_key_has_no_id():
    key, _ = make_key()
    for text in ("", "fg_", key[:-1], key + "0", key + "\n", key.upper(), key.replace("fg", "gf"), "é" * 76):
        assert id_of(text) is None


def test_expiry_is_the_moment_itself():
    assert make_key(expires_at=PAST)[1].has_expired()
    assert not make_key(expires_at=FUTURE)[1].has_expired()
    assert make_key(expires_at=FUTURE)[1].has_expired(FUTURE)
    assert not make_key()[1].has_expired()
