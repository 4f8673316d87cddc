"""Dependencies point one way."""

import ast
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from facegrid.cli.lazy_group import GROUP

ROOT = Path(__file__).resolve().parents[1]

TELEMETRY = {"orchestrator.telemetry", "prometheus_client", "opentelemetry"}

FORBIDDEN = {
    # what may not import what
    "orchestrator/pipeline": {
        "ray", "grpc", "google", "facegrid.v1", "facegrid.tfserving", "orchestrator.api", *TELEMETRY,
    },
    "orchestrator/predict": {
        "ray", "cv2", "orchestrator.api", "orchestrator.deployments", "orchestrator.app", *TELEMETRY,
    },
    "orchestrator/gallery": {
        "ray", "grpc", "google", "facegrid.v1", "cv2", "orchestrator.api", "orchestrator.predict", *TELEMETRY,
    },
    "orchestrator/telemetry": {"ray", "cv2", "orchestrator.api", "orchestrator.deployments", "orchestrator.app"},
    "orchestrator/fleet": {"cv2", "orchestrator.api", "orchestrator.deployments", "orchestrator.app"},
    "orchestrator/keys": {"ray", "grpc", "google", "facegrid.v1", "cv2", "numpy", "orchestrator.api"},
    "orchestrator/api": {"ray", "cv2", "orchestrator.deployments", "orchestrator.app"},
    "orchestrator/deployments": {"orchestrator.app"},
    "orchestrator": {"tensorflow", "tensorflow_serving", "model_server", "exporters.networks", "exporters.export"},
    "exporters": {"orchestrator", "model_server", "ray", "grpc"},
    "model_server": {"orchestrator", "exporters", "ray", "cv2"},
    "facegrid": {"orchestrator", "exporters", "model_server", "benchmarks", "ray", "cv2", "tensorflow"},
    "facegrid/v1": {"facegrid.tfserving"},
}  # fmt: skip


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it points"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_import_points_the_wrong_way(folder):
    for path in (ROOT / folder).rglob("*.py"):
        for name in imports(path):
            for forbidden in FORBIDDEN[folder]:
                assert name != forbidden, path
                assert not name.startswith(f"{forbidden}."), path


def test_the_command_line_imports_no_command():
    """What a command line loads when it runs is tested in tests/cli/test_main.py."""
    commands = {one.module for one in entry_points(group=GROUP)}
    for name in ("main", "lazy_group", "command"):
        assert not imports(ROOT / "facegrid" / "cli" / f"{name}.py") & commands


def test_the_orchestrator_loads_no_tensorflow():
    code = (
        "import sys, orchestrator.api.grpc_host, orchestrator.deployments.face;"
        "print([name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'tensorflow_serving', 'keras')])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_what_is_observed_needs_the_standard_library_alone():
    found = imports(ROOT / "orchestrator" / "observer.py")
    assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names


def test_the_contract_needs_the_standard_library_alone():
    assert imports(ROOT / "exporters" / "signatures.py") <= {
        "dataclasses", "dataclasses.dataclass", "typing", "typing.Literal",
    }  # fmt: skip
