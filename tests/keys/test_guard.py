"""Who is let in; over gRPC: tests/keys/test_host.py."""

import logging
import re
from pathlib import Path

import pytest

from facegrid.errors import InternalError, PermissionDenied, RateLimited, Unauthenticated
from orchestrator.api.status import status_metadata
from orchestrator.keys.guard import Guard, open_guard
from orchestrator.keys.ring import KeyRing
from orchestrator.keys.scopes import SCOPE_OF, SCOPES
from tests.support.clock import Clock
from tests.support.keyfile import FUTURE, PAST, bearer, make_key, write_keys

PROTOS = Path(__file__).resolve().parents[2] / "protos" / "facegrid" / "v1"


@pytest.fixture
def guard_of(tmp_path):
    def make(*entries, clock=None):
        path = write_keys(tmp_path / "keys.json", *entries)
        return Guard(KeyRing(path, clock) if clock else KeyRing(path))

    return make


def test_every_method_of_every_service_has_a_scope():
    methods = {name for proto in PROTOS.glob("*.proto") for name in re.findall(r"\brpc (\w+)\(", proto.read_text())}
    assert len(methods) >= 13
    assert methods <= SCOPE_OF.keys()
    assert set(SCOPE_OF.values()) == set(SCOPES)


@pytest.mark.parametrize("method", SCOPE_OF)
def test_a_key_opens_the_methods_of_its_scopes_alone(guard_of, method):
    entries = {scope: make_key(scope) for scope in SCOPES}
    guard = guard_of(*(entry for _, entry in entries.values()))
    for scope, (key, entry) in entries.items():
        if scope == SCOPE_OF[method]:
            guard.admit(method, bearer(key))
        else:
            with pytest.raises(PermissionDenied, match=f"{entry.id} is for {scope}, and {method} needs"):
                guard.admit(method, bearer(key))


def test_without_a_valid_key_nobody_is_let_in(guard_of):
    key, entry = make_key(expires_at=FUTURE)
    expired, expired_entry = make_key(expires_at=PAST)
    guard = guard_of(entry, expired_entry)
    for metadata, words in (
        ([], "asks for an API key"),
        ([("x-api-key", key)], "asks for an API key"),
        (bearer(make_key()[0]), "not one of this service"),
        (bearer(key[:-1]), "not one of this service"),
        (bearer(""), "not one of this service"),
        ([("authorization", key)], "must be `Bearer KEY`"),
        ([("authorization", f"Basic {key}")], "must be `Bearer KEY`"),
        (bearer(key) * 2, "2 times"),
        (bearer("x" * 300), "too long"),
        ([("authorization", f"Bearer {key}".encode())], "times, or too long"),
        (bearer(expired), f"{expired_entry.id} expired at"),
    ):
        with pytest.raises(Unauthenticated, match=words) as caught:
            guard.admit("Detect", metadata)
        assert key.split("_")[2] not in str(caught.value)
    for scheme in ("Bearer", "bearer", "BEARER"):
        guard.admit("Detect", [("authorization", f"{scheme} {key}")])


def test_a_method_without_a_scope_is_refused(guard_of):
    key, entry = make_key()
    with pytest.raises(InternalError):
        guard_of(entry).admit("Unheard", bearer(key))


def test_a_key_that_asks_too_often_is_told_when_to_come_back(guard_of):
    clock = Clock()
    key, entry = make_key(rps=4, burst=2)
    other, other_entry = make_key()
    guard = guard_of(entry, other_entry, clock=clock)
    guard.admit("Detect", bearer(key))
    guard.admit("Verify", bearer(key))
    with pytest.raises(RateLimited, match=r"4 times a second, 2 at once; try again in 0\.250 s") as caught:
        guard.admit("Detect", bearer(key))
    assert caught.value.retry_after_s == 0.25
    assert status_metadata(caught.value) == (("grpc-retry-pushback-ms", "250"),)
    guard.admit("Detect", bearer(other))  # whoever else asks is not concerned
    clock.now_s += 0.25
    guard.admit("Detect", bearer(key))


def test_a_call_that_is_refused_takes_no_token(guard_of):
    key, entry = make_key("detect", rps=1, burst=1)
    guard = guard_of(entry)
    for _ in range(3):
        with pytest.raises(PermissionDenied):
            guard.admit("Enroll", bearer(key))
    guard.admit("Detect", bearer(key))


def test_without_a_file_everybody_is_let_in_and_the_log_says_so_once(caplog):
    with caplog.at_level(logging.WARNING):
        guard = open_guard("")
        for _ in range(3):
            guard.admit("Detect", [])
    assert [record.getMessage() for record in caplog.records] == [
        "no API keys are needed: any caller that reaches this service may use it (FACEGRID_API_KEYS_FILE)"
    ]


def test_a_flood_of_wrong_keys_is_one_line_and_no_key_is_in_it(guard_of, caplog):
    key, entry = make_key()
    wrong = make_key()[0]
    with caplog.at_level(logging.INFO):
        guard = guard_of(entry)
        for _ in range(1000):
            with pytest.raises(Unauthenticated):
                guard.admit("Detect", bearer(wrong))
        guard.admit("Detect", bearer(key))
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "1 UNAUTHENTICATED" in text
    assert len(caplog.records) == 1
    for secret in (key, wrong):
        assert secret[12:] not in text
