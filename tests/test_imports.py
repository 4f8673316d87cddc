"""Dependencies point one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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
    "facegrid": {"orchestrator", "exporters", "model_server", "ray", "cv2", "tensorflow"},
    "facegrid/v1": {"facegrid.tfserving"},
}  # fmt: skip
ALLOWED = {
    # Commands that a client's installation does not have load what they start when they are run.
    "facegrid/cli": {"orchestrator", "exporters"},
}


def imports(path: Path, *, lazy: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if lazy else ast.iter_child_nodes(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it points"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_import_points_the_wrong_way(folder):
    for path in (ROOT / folder).rglob("*.py"):
        allowed = {name for part, names in ALLOWED.items() if (ROOT / part) in path.parents for name in names}
        for name in imports(path, lazy=True):
            for forbidden in FORBIDDEN[folder] - allowed:
                assert name != forbidden, path
                assert not name.startswith(f"{forbidden}."), path


def test_the_command_line_loads_no_service_when_it_is_imported():
    for path in (ROOT / "facegrid" / "cli").glob("*.py"):
        for name in imports(path, lazy=False):
            if not path.name.startswith("_"):
                assert name.split(".")[0] not in {"orchestrator", "model_server", "tensorflow", "ray"}, path


def test_the_orchestrator_loads_no_tensorflow():
    code = (
        "import sys, orchestrator.api.grpc_host, orchestrator.deployments.face;"
        "print([name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'tensorflow_serving', 'keras')])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_what_is_observed_needs_the_standard_library_alone():
    found = imports(ROOT / "orchestrator" / "observer.py", lazy=True)
    assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names


def test_the_contract_needs_the_standard_library_alone():
    assert imports(ROOT / "exporters" / "signatures.py", lazy=True) <= {
        "dataclasses", "dataclasses.dataclass", "typing", "typing.Literal",
    }  # fmt: skip
