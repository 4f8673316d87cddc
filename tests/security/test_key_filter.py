"""HAProxy refuses calls with nobody's key as the service would, and the service hears nothing of them."""

import sys
from contextlib import contextmanager

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from facegrid.v1 import detect_pb2 as pb
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.app.haproxy_admin import HAProxyRefused, renew_map
from orchestrator.keys.guard import Guard
from orchestrator.settings import Settings
from tests.security.proxied import TIMEOUT_S, proxied
from tests.support.keyfile import bearer, make_key, mount_keys, write_keys
from tests.support.pictures import png
from tests.support.polling import eventually

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Ray brings HAProxy on Linux only")

DETECTOR, DETECTOR_ENTRY = make_key("detect")
MANAGER, MANAGER_ENTRY = make_key("manage")
STRANGER, _ = make_key()
PHOTO = png() + bytes(300_000)
"""More than HAProxy's and HTTP/2's buffers: it is not waited for."""


@pytest.fixture
def asked(monkeypatch):
    """The calls that reached the service, by method."""
    calls = []
    admit = Guard.admit

    def noted(self, method, metadata):
        calls.append(method)
        return admit(self, method, metadata)

    monkeypatch.setattr(Guard, "admit", noted)
    return calls


def proxied_with_keys(files, keys_file):
    return proxied(files, f"--api-keys-file={keys_file}", settings=Settings(api_keys_file=str(keys_file)))


@contextmanager
def channel_to(target, files):
    credentials = grpc.ssl_channel_credentials((files / "ca.pem").read_bytes())
    with grpc.secure_channel(target, credentials) as channel:
        grpc.channel_ready_future(channel).result(TIMEOUT_S)
        yield channel


def answer(channel, metadata, image=None):
    """The code of a call, and its details."""
    try:
        FaceServiceStub(channel).Detect(pb.DetectRequest(image=image or png()), metadata=metadata, timeout=TIMEOUT_S)
    except grpc.RpcError as err:
        return err.code().name, err.details()
    return "OK", ""


def test_a_key_that_nobody_has_does_not_reach_the_service(files, asked):
    keys_file = write_keys(files / "keys.json", DETECTOR_ENTRY, MANAGER_ENTRY)
    with proxied_with_keys(files, keys_file) as (target, log, _), channel_to(target, files) as channel:
        for metadata, words in (
            (None, "asks for an API key"),
            (bearer(STRANGER), "is not one of this service"),
            (bearer(STRANGER[:12] + DETECTOR[12:]), "is not one of this service"),
            (bearer(DETECTOR.upper()), "is not one of this service"),
            (bearer(""), "is not one of this service"),
            ([("authorization", DETECTOR)], "is not one of this service"),
        ):
            for image in (None, PHOTO):
                code, details = answer(channel, metadata, image)
                assert code == "UNAUTHENTICATED", metadata
                assert details.startswith("UNAUTHENTICATED: ")
                assert words in details
        stream = FaceServiceStub(channel).DetectStream(iter([]), metadata=bearer(STRANGER), timeout=TIMEOUT_S)
        with pytest.raises(grpc.RpcError, match="is not one of this service"):
            list(stream)
        assert asked == []

        for form in (f"Bearer {DETECTOR}", f"bearer  {DETECTOR}", f"BEARER {DETECTOR} "):
            assert answer(channel, [("authorization", form)]) == ("OK", "")
        assert answer(channel, bearer(MANAGER))[0] == "PERMISSION_DENIED"
        assert asked == ["Detect"] * 4
        assert HealthStub(channel).Check(HealthCheckRequest(), timeout=TIMEOUT_S).status == HealthCheckResponse.SERVING
        assert STRANGER[12:] not in log.read_text()


def test_its_words_are_those_of_the_service(files):
    keys_file = write_keys(files / "keys.json", DETECTOR_ENTRY)
    settings = Settings(api_keys_file=str(keys_file))
    for metadata in (None, bearer(STRANGER)):
        answers = set()
        for flags in ((), (f"--api-keys-file={keys_file}",)):
            with proxied(files, *flags, settings=settings) as (target, _, _), channel_to(target, files) as channel:
                answers.add(answer(channel, metadata))
        assert len(answers) == 1


def test_the_keys_are_those_of_the_file_now(files, asked):
    """They lie in a Secret that a kubelet mounts and swaps."""
    many = [make_key()[1] for _ in range(450)]  # several commands' worth
    mounted = files / "keys"
    keys_file = mount_keys(mounted, *many)
    with proxied_with_keys(files, keys_file) as (target, log, _), channel_to(target, files) as channel:
        assert answer(channel, bearer(DETECTOR))[0] == "UNAUTHENTICATED"
        assert asked == []
        mount_keys(mounted, *many, DETECTOR_ENTRY)
        eventually(lambda: answer(channel, bearer(DETECTOR))[0] == "OK", "the new key is let in")
        eventually(lambda: "read 451 keys" in log.read_text(), "and that is said after it was let in")
        keys_file.write_text("{")
        eventually(lambda: "the 451 keys read before stay valid" in log.read_text(), "the broken file is reported")
        assert answer(channel, bearer(DETECTOR))[0] == "OK"
        mount_keys(mounted, MANAGER_ENTRY)
        eventually(lambda: answer(channel, bearer(DETECTOR))[0] == "UNAUTHENTICATED", "the old key is refused")
        eventually(lambda: "read 1 keys" in log.read_text(), "by HAProxy, too")
        asked.clear()
        assert answer(channel, bearer(DETECTOR))[0] == "UNAUTHENTICATED"
        assert asked == []
        # The service reads the file by itself, perhaps later than HAProxy.
        eventually(lambda: answer(channel, bearer(MANAGER))[0] == "PERMISSION_DENIED", "the new key is known to both")
    for file in (files / "run").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_no_proxy_without_its_keys(files):
    with proxied(files, f"--api-keys-file={files}/absent.json") as (_, log, process):
        assert process.wait(TIMEOUT_S) == 1
        assert "absent.json cannot be read" in log.read_text()


def test_a_map_that_haproxy_does_not_know_is_refused(files):
    with proxied(files), pytest.raises(HAProxyRefused, match="Unknown map"):
        renew_map(files / "run" / "admin.sock", files / "run" / "other.map", [b"a b"])
