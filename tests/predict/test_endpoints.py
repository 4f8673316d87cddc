import asyncio
import socket

import pytest

from orchestrator.predict.servers.endpoints import (
    DnsEndpoints,
    EndpointsUnknown,
    StaticEndpoints,
    is_address,
    source_of,
)


@pytest.fixture
def names(monkeypatch):
    """What the resolver of the machine would say, by name; a test changes it."""
    known = {}

    def getaddrinfo(host, port, *_, **__):
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        families = [(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip) for ip in known[host]]
        return [(family, socket.SOCK_STREAM, 6, "", (ip, port)) for family, ip in families]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def endpoints(source):
    return asyncio.run(source.endpoints())


def test_a_name_stands_for_all_its_addresses_and_is_asked_again(names):
    source = DnsEndpoints({"rnet": ["dns:///tf:8500"]})
    names["tf"] = ["10.0.0.1", "fd00::1"]
    assert endpoints(source) == {"rnet": {"10.0.0.1:8500", "[fd00::1]:8500"}}
    names["tf"] = ["10.0.0.2"]
    assert endpoints(source) == {"rnet": {"10.0.0.2:8500"}}


def test_a_model_whose_name_is_unknown_keeps_its_servers_and_the_others_do_not_wait_for_it(names):
    names["a"] = ["10.0.0.1"]
    source = DnsEndpoints({"rnet": ["dns:///a:1"], "onet": ["dns:///b:1"], "pnet": ["unix:/run/x", "dns:///a:2"]})
    assert endpoints(source) == {"rnet": {"10.0.0.1:1"}, "pnet": {"unix:/run/x", "10.0.0.1:2"}}


def test_no_known_name_is_not_the_same_as_no_server(names):
    with pytest.raises(EndpointsUnknown, match="dns:///a:1"):
        endpoints(DnsEndpoints({"rnet": ["dns:///a:1"]}))


def test_the_resolver_of_the_machine_is_asked():
    found = endpoints(DnsEndpoints({"rnet": ["dns:///localhost:8500"]}))["rnet"]
    assert found <= {"127.0.0.1:8500", "[::1]:8500"}
    assert found


def test_the_source_follows_from_the_addresses():
    assert isinstance(source_of({"rnet": ["a:1", "unix:/run/x"]}), StaticEndpoints)
    assert isinstance(source_of({"rnet": ["a:1"], "onet": ["dns:///b:1"]}), DnsEndpoints)


@pytest.mark.parametrize(("text", "good"), [
    ("a:1", True), ("[::1]:65535", True), ("unix:/run/x", True), ("dns:///tf.models.svc:8500", True),
    ("a", False), (":1", False), ("a:0", False), ("a:65536", False), ("a:b", False), ("dns:///a", False),
    ("http://a:1", False), ("", False),
])  # fmt: skip
def test_addresses_are_told_from_other_texts(text, good):
    assert is_address(text) is good
