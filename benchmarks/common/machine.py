"""The conditions of a measurement."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def conditions(*packages: str) -> str:
    """Returns one line: processor, cores, load of the last minute, Python, and the packages' versions."""
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    load = os.getloadavg()[0]
    return f"{_processor()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}, {versions}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
