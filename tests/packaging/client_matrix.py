"""Installs the client with the oldest and newest versions that pyproject.toml allows, and asks a real host with each.

Each row is an environment of its own, made with uv, with the wheel and the client's dependencies only. The row for
TensorFlow 2.19 has the versions of protobuf and NumPy that TensorFlow allows, and resolves both packages together
without installing TensorFlow. Needs a package index.

    python -m tests.packaging.client_matrix    # or: make client-matrix
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from orchestrator.settings import Settings
from tests.packaging.environments import build_wheel
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.paths import REPOSITORY
from tests.support.plain_pnet import pnet


def oldest() -> list[str]:
    """Returns the client's dependencies, each at its lower bound."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.sub(r">=([^,]+),.*", r"==\1", one) for one in project["dependencies"]]


TENSORFLOW = ["tensorflow==2.19.*", "numpy<2"]
ROWS = {
    "oldest": oldest(),
    "beside TensorFlow 2.19": ["protobuf<6", "numpy<2"],
    "protobuf 6": ["protobuf<7"],
    "newest": [],
}
PACKAGES = ("protobuf", "numpy", "grpcio", "pillow")
PROGRAM = """
import sys, json, warnings
warnings.simplefilter("error")
import facegrid, numpy
from importlib.metadata import version
with facegrid.connect(sys.argv[1]) as client:
    picture = numpy.zeros((64, 64, 3), numpy.uint8)
    client.detect(picture)
    [item] = client.detect_many([picture])
    item.require()
print(json.dumps({name: version(name) for name in sys.argv[2:]}))
"""


def uv(*arguments: str) -> None:
    """Runs uv.

    Raises:
        CalledProcessError: It failed; what it wrote is on standard error.
    """
    subprocess.run([sys.executable, "-m", "uv", *arguments], check=True, stdout=subprocess.DEVNULL)


def row(name: str, wheel: Path, folder: Path, target: str) -> str:
    """Returns a line of the table, with the versions or with what failed."""
    python = folder / "bin" / "python"
    uv("venv", "--quiet", "--python", sys.executable, str(folder))
    uv("pip", "install", "--quiet", "--python", str(python), str(wheel), *ROWS[name])
    done = subprocess.run(
        [str(python), "-c", PROGRAM, target, *PACKAGES], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"| {name} | failed: {done.stderr.splitlines()[-1]} |"
    versions = json.loads(done.stdout)
    return f"| {name} | {' | '.join(versions[package] for package in PACKAGES)} |"


def main() -> int:
    """Prints the table; returns 1 when a row failed."""
    lines = []
    predictor = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})
    with tempfile.TemporaryDirectory() as scratch, running_host(Settings(), predictor) as target:
        wheel = build_wheel(Path(scratch))
        for number, name in enumerate(ROWS):
            lines.append(row(name, wheel, Path(scratch, str(number)), target))
        # In an environment of its own, which stays empty.
        empty = Path(scratch, "empty")
        uv("venv", "--quiet", "--python", sys.executable, str(empty))
        uv("pip", "install", "--quiet", "--dry-run", "--python", str(empty / "bin" / "python"), str(wheel), *TENSORFLOW)
    heading = [f"| environment | {' | '.join(PACKAGES)} |", "|---" * (1 + len(PACKAGES)) + "|"]
    together = "The client and TensorFlow 2.19 with NumPy 1 can be installed together."
    sys.stdout.write("\n".join([*heading, *lines, together]) + "\n")
    return int(any("failed" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
