"""Settings of the orchestrator, read once at the edge.

Every field is an environment variable: FACEGRID_ and the field's name in capitals. Precedence: a
flag of the command line where there is one, then the environment, then the default here.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from exporters.signatures import CONTRACTS, EMBEDDER_VERSION, EMBEDDERS


class SettingsError(Exception):
    """A variable holds a value that cannot be used; the message has the variable, the value and what is expected."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the orchestrator behaves; each field says its unit and its variable's format."""

    model_servers: str = "127.0.0.1:8500"
    """Where the networks are served: one HOST:PORT for all, or MODEL=HOST:PORT for each, with commas between."""
    timeout_s: float = 30.0
    """Time for one picture whose caller gives none, in seconds."""
    max_timeout_s: float = 120.0
    """Longest time a caller may ask for; more is cut to it."""
    max_image_bytes: int = 32 * 1024 * 1024
    """Largest encoded picture, in bytes."""
    max_image_px: int = 40_000_000
    """Most pixels a picture may have; working on it takes 12 bytes of memory for each."""
    max_image_side_px: int = 16_384
    """Longest side a picture may have, in pixels; at most 32,766."""
    max_candidates: int = 8_192
    """Proposals of pnet looked at in one picture; the worst beyond are dropped, and their number is reported."""
    max_images_at_once: int = 8
    """Pictures worked on at the same time by one replica; more wait for their turn until their time is over."""
    stream_window: int = 8
    """Pictures of one stream worked on at the same time; the service reads no further ahead."""
    max_stream_id_bytes: int = 256
    """Longest id of an item in a stream, in bytes."""
    gallery: str = ""
    """Where the enrolled people are kept: a folder, or the URI of an object store; empty: nobody can be enrolled."""
    gallery_chips: int = 1
    """Whether the aligned pictures of enrolled faces are kept, which a new embedder needs: 1 yes, 0 no."""
    embedder_version: int = EMBEDDER_VERSION
    """Version of the embedder for Embed, Verify and a new gallery; a gallery with faces keeps to its own."""
    max_enroll_images: int = 64
    """Pictures in one call of Enroll."""
    max_generate_count: int = 10_000
    """Pictures in one call of Generate, or of Discriminate."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise SettingsError(f"{variable(name)} is {value}, expected is a number from {low} to {high}")
        if self.embedder_version not in EMBEDDERS:
            known = ", ".join(map(str, EMBEDDERS))
            raise SettingsError(
                f"{variable('embedder_version')} is {self.embedder_version}, expected is one of {known}"
            )
        self.targets()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Returns the settings that the variables give; a variable that is absent or empty leaves the default.

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
                raise SettingsError(f"{variable(field.name)} is {text!r}, expected is {_FORMS[parse]}") from err
        return cls(**given)  # type: ignore[arg-type]

    def targets(self) -> dict[str, str]:
        """Returns the address of each model's server.

        Raises:
            SettingsError: `model_servers` has the wrong form, or leaves a model out.
        """
        parts = [part.strip() for part in self.model_servers.split(",") if part.strip()]
        if len(parts) == 1 and "=" not in parts[0]:
            return dict.fromkeys(CONTRACTS, parts[0])
        pairs = dict(part.split("=", 1) for part in parts if "=" in part)
        if len(pairs) != len(parts) or not pairs.keys() >= CONTRACTS.keys():
            raise SettingsError(
                f"{variable('model_servers')} is {self.model_servers!r}, expected is HOST:PORT, "
                f"or MODEL=HOST:PORT for each of {', '.join(CONTRACTS)}"
            )
        return pairs


def variable(field: str) -> str:
    """Returns the environment variable of a field of `Settings`."""
    return f"FACEGRID_{field.upper()}"


_RANGES: dict[str, tuple[float, float]] = {
    "timeout_s": (0.001, 86_400),
    "max_timeout_s": (0.001, 86_400),
    "max_image_bytes": (1, 2**31 - 1),
    "max_image_px": (144, 2**31 - 1),
    "max_image_side_px": (12, 32_766),
    "max_candidates": (1, 1_000_000),
    "max_images_at_once": (1, 1_024),
    "stream_window": (1, 1_024),
    "max_stream_id_bytes": (1, 65_536),
    "max_enroll_images": (1, 1_024),
    "gallery_chips": (0, 1),
    "max_generate_count": (1, 1_000_000),
}

_FORMS: dict[object, str] = {int: "a whole number", float: "a number"}
