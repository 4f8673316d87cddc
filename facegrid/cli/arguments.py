"""The arguments that several commands share."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from facegrid.cli.usage import UsageError
from facegrid.client.channel import DEFAULT_TARGET
from facegrid.client.credentials import Tls, TlsChoice
from facegrid.client.sync import Client, connect

_KEY_VARIABLE = "FACEGRID_API_KEY"


def _access(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Access", **settings)


@dataclass(frozen=True)
class AccessArguments:
    """How to get in. The API key is not among them: all users could read it in `ps`."""

    api_key_file: Annotated[
        Path | None, _access(metavar="FILE", help=f"holds the API key and nothing else; else ${_KEY_VARIABLE}")
    ] = None
    tls: Annotated[
        bool | None,
        _access(
            "--tls/--no-tls",
            help="encrypt the connection; with --no-tls send even a key without (default: $FACEGRID_TLS, 1 or 0)",
        ),
    ] = None
    tls_ca: Annotated[
        str | None,
        _access(
            metavar="FILE",
            envvar="FACEGRID_TLS_CA",
            help="authorities that may have signed the service's certificate (default: those of this system)",
        ),
    ] = None
    tls_cert: Annotated[
        str | None,
        _access(
            metavar="FILE", envvar="FACEGRID_TLS_CERT", help="your own certificate, where the service asks for one"
        ),
    ] = None
    tls_key: Annotated[str | None, _access(metavar="FILE", envvar="FACEGRID_TLS_KEY", help="its key")] = None
    tls_server_name: Annotated[
        str | None, _access(metavar="NAME", help="the name in the service's certificate, if not the target's")
    ] = None

    def connect_to(self, target: str) -> Client:
        """Returns a client of a service.

        Raises:
            UsageError: The file of the key is empty, or $FACEGRID_TLS is neither 0 nor 1.
            OSError: The file of the key cannot be read.
            InvalidOption: See `facegrid.connect`.
        """
        return connect(target, api_key=self.api_key(), tls=self.tls_choice())

    def api_key(self) -> str | None:
        """Returns the key, or None where there is none. Raises what `connect_to` does."""
        if self.api_key_file is None:
            return os.environ.get(_KEY_VARIABLE) or None
        key = self.api_key_file.read_text(encoding="ascii", errors="replace").strip()
        if not key:
            raise UsageError(f"{self.api_key_file} holds no API key; it is empty")
        return key

    def tls_choice(self) -> TlsChoice:
        """Returns how to encrypt, as `facegrid.connect` takes it. Raises what `connect_to` does."""
        if self.tls is False:
            return False
        files = {"ca_file": self.tls_ca, "cert_file": self.tls_cert, "key_file": self.tls_key}
        if self.tls or self.tls_server_name or any(files.values()):
            return Tls(**files, server_name=self.tls_server_name)
        switch = os.environ.get("FACEGRID_TLS", "")
        if switch not in {"", "0", "1"}:
            raise UsageError(f"FACEGRID_TLS is {switch!r}, expected 1 or 0")
        return {"": None, "0": False, "1": True}[switch]


@dataclass(frozen=True)
class ConnectionArguments(AccessArguments):
    """Where the service is and how to get in."""

    target: Annotated[str, typer.Option(metavar="HOST:PORT", envvar="FACEGRID_TARGET", help="the service")] = (
        DEFAULT_TARGET
    )

    def connect(self) -> Client:
        """Returns a client of the service. Raises what `connect_to` does."""
        return self.connect_to(self.target)


@dataclass(frozen=True)
class ServiceArguments(ConnectionArguments):
    """What every command that asks a service takes."""

    json: Annotated[bool, typer.Option("--json", help="print JSON lines instead of text")] = False
    timeout_s: Annotated[
        float | None, typer.Option(metavar="S", help="time the service may spend on each call or picture")
    ] = None


@dataclass(frozen=True)
class DetectArguments:
    """How to look for faces: `facegrid.DetectOptions`. None takes the service's default, which the help repeats."""

    min_face_px: Annotated[
        float | None,
        typer.Option(metavar="X", help="side of the smallest face to find, in pixels; 12 to 10000, default 20"),
    ] = None
    pyramid_factor: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="ratio of each level of the image pyramid to the one before; 0.1 to 0.95, default 0.709"
        ),
    ] = None
    pnet_threshold: Annotated[
        float | None, typer.Option(metavar="X", help="least score for a proposal; 0 to 1, default 0.6")
    ] = None
    rnet_threshold: Annotated[
        float | None, typer.Option(metavar="X", help="least score for a candidate; 0 to 1, default 0.7")
    ] = None
    onet_threshold: Annotated[
        float | None, typer.Option(metavar="X", help="least score for a face; 0 to 1, default 0.8")
    ] = None

    def options(self) -> dict[str, Any]:
        """Returns the options as the client takes them."""
        return asdict(self)


Pictures = Annotated[list[Path], typer.Argument(metavar="IMAGE|FOLDER", help="what to look at", show_default=False)]
Window = Annotated[int, typer.Option(metavar="N", help="pictures in progress at a time")]
TopK = Annotated[int | None, typer.Option(metavar="N", help="candidates for each face; 1 to 100, default 5")]


def refuse_both(first: str, first_value: object, second: str, second_value: object) -> None:
    """Checks that two options are not given together; None is an option that is not given.

    Raises:
        UsageError: Both are given.
    """
    if first_value is not None and second_value is not None:
        raise UsageError(f"{first} and {second} exclude each other")


def refuse_less(option: str, value: float | None, least: float) -> None:
    """Checks that a number is finite and not too small; None is an option that is not given.

    Raises:
        UsageError: It is.
    """
    if value is not None and not least <= value < float("inf"):
        raise UsageError(f"{option} is {value:g}, at least {least:g} is needed")
