"""Settings of the orchestrator, read once at the edge.

Every field is an environment variable: FACEGRID_ and the field's name in capitals. Precedence: a flag of the command
line where there is one, then the environment, then the default here.

The table of docs/configuration.md is generated from the texts and ranges of this file: `make configuration`.
"""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from exporters.signatures import CONTRACTS, EMBEDDER_VERSION, EMBEDDERS
from orchestrator.predict.servers.endpoints import is_address
from orchestrator.predict.servers.options import BalanceOptions
from orchestrator.predict.servers.tls import ModelServerTls
from orchestrator.tls_files import TlsError

RAY = "ray"
"""Value of `Settings.model_servers` for the servers that Ray runs (orchestrator/fleet)."""


class SettingsError(Exception):
    """A variable has an unusable value; the message has the variable, the value and what is expected."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the orchestrator behaves. The text under each field is its entry in docs/configuration.md."""

    model_servers: str = "127.0.0.1:8500"
    """Where the networks are served: one `HOST:PORT` for all of them, or `MODEL=HOST:PORT` for each, with commas
    between. `|` joins several servers of one model. `dns:///NAME:PORT` means every server that the name resolves to.
    `ray` alone means the servers that Ray runs; `facegrid up` sets it."""
    endpoint_refresh_s: float = BalanceOptions.endpoint_refresh_s
    """Seconds between two lookups of the model servers' names. `facegrid up` sets 0.5 unless the variable is set."""
    max_calls_per_model_server: int = BalanceOptions.max_calls
    """Calls of one model that a replica has under way on one model server; further calls wait."""
    max_calls_queued: int = BalanceOptions.max_calls_queued
    """Calls of one model that may wait in a replica; further calls are refused at once with `OVERLOADED`."""
    hedged_percent: float = BalanceOptions.hedged_percent
    """Percent of the calls to model servers, the slowest, that are also sent to a second server. With 0 that happens
    only where a server seems frozen."""
    timeout_s: float = 30.0
    """Seconds for one request whose caller sets no time limit."""
    max_timeout_s: float = 120.0
    """Longest time limit of a request, in seconds; a longer one is cut to it."""
    max_image_bytes: int = 32 * 1024 * 1024
    """Largest encoded picture, in bytes."""
    max_image_px: int = 40_000_000
    """Most pixels of a picture. Work on a picture takes 12 bytes of memory for each pixel."""
    max_image_side_px: int = 16_384
    """Longest side of a picture, in pixels."""
    max_candidates: int = 8_192
    """Most candidates of pnet that are examined in one picture. Those with the lowest scores are dropped, and the
    answer counts them in `dropped_candidates`."""
    max_images_at_once: int = 8
    """Pictures that one replica works on at the same time; further pictures wait."""
    max_px_at_once: int = 80_000_000
    """Pixels of the pictures that one replica works on at the same time, at 12 bytes of memory each. A picture with
    more pixels is worked on alone."""
    max_images_queued: int = 64
    """Pictures that may wait in a replica. Further pictures are refused at once with `OVERLOADED`, and so is a picture
    that would miss its time limit."""
    stream_window: int = 8
    """Pictures of one stream that are worked on at the same time; the service reads no further ahead."""
    max_stream_id_bytes: int = 256
    """Longest id of an item in a stream, in bytes."""
    gallery: str = ""
    """Where the enrolled people are kept: a folder, or the URI of an object store such as `s3://bucket/prefix`
    (docs/gallery.md). Without it there is no gallery. `facegrid up` sets the folder `gallery` in its state folder
    unless the variable is set."""
    gallery_chips: int = 1
    """Whether to keep the aligned pictures of enrolled faces, which a new embedder needs: 1 yes, 0 no."""
    embedder_version: int = EMBEDDER_VERSION
    """Version of the embedder for Embed, Verify and a new gallery. A gallery with faces keeps the version that made
    them."""
    max_enroll_images: int = 64
    """Most pictures in one call of Enroll."""
    max_generate_count: int = 10_000
    """Most pictures in one call of Generate or Discriminate."""
    metrics_address: str = ""
    """Where each process serves its metrics (docs/operations.md#metrics): `HOST:PORT`, with port 0 for any free port,
    or `HOST:FIRST-LAST`, which takes the first free port of the range. Without it there are no metrics. `facegrid up`
    sets `127.0.0.1:0` unless the variable is set."""
    metrics_targets_dir: str = ""
    """Folder where each process writes its metrics address, in the format of Prometheus' `file_sd_configs`. `facegrid
    up` sets it to `metrics` in its state folder."""
    log_format: str = "text"
    """Format of log entries (docs/operations.md#logs): `text`, or `json` for one object on each line."""
    log_level: str = "INFO"
    """Lowest level that is logged. `INFO` has an entry for each call."""
    model_server_ca: str = ""
    """PEM file of the authorities that sign the model servers' certificates. Without it they are called without TLS."""
    model_server_cert: str = ""
    """PEM file of the orchestrator's own certificate, for model servers that ask for one (mutual TLS)."""
    model_server_key: str = ""
    """PEM file of that certificate's key."""
    model_server_name: str = ""
    """Name in the model servers' certificates, if it is not the host of their address. Servers found by DNS are called
    by IP address and need it."""
    api_keys_file: str = ""
    """File of the API keys that callers need (docs/security.md), read again when it changes. Without it callers need no
    key."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise _unfit(name, value, f"a number from {low} to {high}")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise _unfit(name, getattr(self, name), f"one of {', '.join(map(str, allowed))}")
        if self.metrics_address and not METRICS_ADDRESS.fullmatch(self.metrics_address):
            raise _unfit("metrics_address", self.metrics_address, "HOST:PORT or HOST:FIRST-LAST")
        tls = self.model_server_tls()
        if self.model_servers != RAY:
            self.targets()
        elif tls is not None:
            raise SettingsError(
                f"{variable('model_server_ca')} is set, and the model servers that Ray runs speak no TLS"
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Returns the settings that the variables give. A variable that is absent or empty leaves the default.

        Raises:
            SettingsError: A value has the wrong form or is out of its range.
        """
        given = {}
        for field in fields(cls):
            text = environment.get(variable(field.name), "")
            if not text:
                continue
            parse: Callable[[str], object] = type(field.default)
            try:
                given[field.name] = parse(text)
            except ValueError as err:
                raise _unfit(field.name, text, _FORMS[parse]) from err
        return cls(**given)  # type: ignore[arg-type]

    def targets(self) -> dict[str, frozenset[str]]:
        """Returns the addresses of each model's servers.

        Raises:
            SettingsError: `model_servers` has the wrong form, or leaves a model out.
        """
        parts = [part.strip() for part in self.model_servers.split(",") if part.strip()]
        if len(parts) == 1 and "=" not in parts[0]:
            pairs = dict.fromkeys(CONTRACTS, parts[0])
        else:
            pairs = dict(part.split("=", 1) for part in parts if "=" in part)
        targets = {model: frozenset(addresses.split("|")) for model, addresses in pairs.items()}
        well_formed = all(is_address(address) for addresses in targets.values() for address in addresses)
        if not well_formed or len(pairs) < len(parts) or not pairs.keys() >= CONTRACTS.keys():
            raise _unfit(
                "model_servers",
                self.model_servers,
                f"HOST:PORT, or MODEL=HOST:PORT for each of {', '.join(CONTRACTS)}; "
                "several servers of a model are joined by |",
            )
        return targets

    def budget_s(self, timeout_ms: int) -> float:
        """Returns the time budget of a request that asks for `timeout_ms`; 0: for the default."""
        return min(timeout_ms / 1000 if timeout_ms else self.timeout_s, self.max_timeout_s)

    def balance_options(self) -> BalanceOptions:
        """Returns how the client of the model servers behaves."""
        return BalanceOptions(
            endpoint_refresh_s=self.endpoint_refresh_s,
            max_calls=self.max_calls_per_model_server,
            max_calls_queued=self.max_calls_queued,
            hedged_percent=self.hedged_percent,
            tls=self.model_server_tls(),
        )

    def model_server_tls(self) -> ModelServerTls | None:
        """Returns what TLS with the model servers needs; None: they are called without TLS.

        Raises:
            SettingsError: A file cannot be used, or a certificate is given without `model_server_ca`.
        """
        if not self.model_server_ca:
            if self.model_server_cert or self.model_server_key:
                raise SettingsError(
                    f"{variable('model_server_cert')} or {variable('model_server_key')} is set, and "
                    f"{variable('model_server_ca')} is not: without authorities there is no TLS"
                )
            return None
        tls = ModelServerTls(
            ca=Path(self.model_server_ca),
            cert=Path(self.model_server_cert) if self.model_server_cert else None,
            key=Path(self.model_server_key) if self.model_server_key else None,
            server_name=self.model_server_name,
        )
        try:
            tls.check()
        except TlsError as err:
            raise SettingsError(f"TLS with the model servers ({variable('model_server_ca')}): {err}") from err
        return tls


def variable(field: str) -> str:
    """Returns the environment variable of a field of `Settings`."""
    return f"FACEGRID_{field.upper()}"


def overridden(environment: Mapping[str, str], args: Mapping[str, object]) -> dict[str, str]:
    """Returns the environment with some settings overridden, given by the fields' names.

    Raises:
        SettingsError: There is no such setting.
    """
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(args.keys() - known):
        raise SettingsError(f"there is no setting {', '.join(unknown)}; expected {', '.join(sorted(known))}")
    return {**environment, **{variable(name): str(value) for name, value in args.items()}}


MODEL_SERVER_TLS_VARIABLES = tuple(map(variable, ("model_server_ca", "model_server_cert", "model_server_key")))
"""The variables that decide whether model servers are called over TLS."""


def _unfit(field: str, value: object, expected: str) -> SettingsError:
    return SettingsError(f"{variable(field)} is {value!r}, expected {expected}")


RANGES: dict[str, tuple[float, float]] = {
    "timeout_s": (0.001, 86_400),
    "max_timeout_s": (0.001, 86_400),
    "max_image_bytes": (1, 2**31 - 1),
    "max_image_px": (144, 2**31 - 1),
    "max_image_side_px": (12, 32_766),
    "max_candidates": (1, 1_000_000),
    "endpoint_refresh_s": (0.1, 3_600),
    "max_calls_per_model_server": (1, 1_024),
    "max_calls_queued": (0, 65_536),
    "hedged_percent": (0, 50),
    "max_images_at_once": (1, 1_024),
    "max_px_at_once": (144, 2**40),
    "max_images_queued": (0, 65_536),
    "stream_window": (1, 1_024),
    "max_stream_id_bytes": (1, 65_536),
    "max_enroll_images": (1, 1_024),
    "gallery_chips": (0, 1),
    "max_generate_count": (1, 1_000_000),
}
"""Least and greatest value of each setting that is a number."""

CHOICES: dict[str, tuple[object, ...]] = {
    "embedder_version": tuple(EMBEDDERS),
    "log_format": ("text", "json"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
}
"""Values of each setting that has a few."""

METRICS_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^\s:]+):(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?")
"""HOST:PORT, where port 0 is any free one, or HOST:FIRST-LAST for the first port of these that is free."""

_FORMS: dict[object, str] = {int: "a whole number", float: "a number"}
