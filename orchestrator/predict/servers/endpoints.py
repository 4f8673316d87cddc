"""Where the servers of each model are: a fixed list, DNS, or another source."""

import asyncio
import socket
from collections.abc import Collection, Mapping
from typing import Protocol

DNS_PREFIX = "dns:///"

Endpoints = Mapping[str, frozenset[str]]
"""The gRPC addresses of each model's servers, by model."""


class EndpointsUnknown(Exception):
    """It is not known now where the servers are; the message says which source failed."""


class EndpointSource(Protocol):
    """Knows where the servers of each model are; it is asked repeatedly."""

    async def endpoints(self) -> Endpoints:
        """Returns the gRPC addresses of each model's servers now, by model.

        A model that is left out keeps its addresses; an empty set says that it has no server.

        Raises:
            EndpointsUnknown: They are not known now: the last ones stay.
        """
        ...


class StaticEndpoints:
    """Servers at fixed addresses.

    Args:
        addresses: HOST:PORT or unix:PATH of each model's servers, by model.
    """

    def __init__(self, addresses: Mapping[str, Collection[str]]) -> None:
        self._endpoints = {model: frozenset(of_model) for model, of_model in addresses.items()}

    async def endpoints(self) -> Endpoints:
        """See `EndpointSource.endpoints`."""
        return self._endpoints


class DnsEndpoints:
    """Servers behind names: every address of a name is a server, as in a headless Service of Kubernetes.

    Args:
        addresses: dns:///NAME:PORT of each model's servers, by model; other addresses may be among them.
    """

    def __init__(self, addresses: Mapping[str, Collection[str]]) -> None:
        self._addresses = {model: frozenset(of_model) for model, of_model in addresses.items()}

    async def endpoints(self) -> Endpoints:
        """See `EndpointSource.endpoints`. A model with a name that cannot be resolved is left out.

        Raises:
            EndpointsUnknown: No model's names can be resolved.
        """
        names = sorted(frozenset[str]().union(*self._addresses.values()))
        answers = await asyncio.gather(*map(_resolve, names))
        resolved = {name: answer for name, answer in zip(names, answers, strict=True) if answer}
        if not resolved:
            raise EndpointsUnknown(f"no address for any of {', '.join(names)}")
        return {
            model: frozenset[str]().union(*(resolved[name] for name in of_model))
            for model, of_model in self._addresses.items()
            if of_model <= resolved.keys()
        }


def source_of(addresses: Mapping[str, Collection[str]]) -> EndpointSource:
    """Returns the source that understands all these addresses."""
    by_name = any(address.startswith(DNS_PREFIX) for of_model in addresses.values() for address in of_model)
    return DnsEndpoints(addresses) if by_name else StaticEndpoints(addresses)


def is_address(text: str) -> bool:
    """Returns whether that is an address: HOST:PORT, unix:PATH or dns:///NAME:PORT."""
    if text.startswith(("unix:", "unix-abstract:")):
        return True
    host, _, port = text.removeprefix(DNS_PREFIX).rpartition(":")
    return bool(host) and "/" not in host and port.isdecimal() and 0 < int(port) < 2**16


async def _resolve(address: str) -> frozenset[str]:
    """Returns the addresses behind one, none where its name has none now."""
    if not address.startswith(DNS_PREFIX):
        return frozenset([address])
    host, _, port = address.removeprefix(DNS_PREFIX).rpartition(":")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(
        f"[{where[0]}]:{port}" if family == socket.AF_INET6 else f"{where[0]}:{port}" for family, *_, where in found
    )
