"""Dependencies point one way."""

import ast
import subprocess
import sys
from collections.abc import Set as AbstractSet
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
    "orchestrator/capacity": {"ray", "cv2", "grpc", "google", "facegrid.v1", "orchestrator.api", "orchestrator.app"},
    "orchestrator/deployments": {"orchestrator.app", "orchestrator.cli"},
    "orchestrator/app": {"orchestrator.cli", "orchestrator.capacity"},
    "orchestrator/cli": {"model_server", "exporters.networks", "exporters.training", "benchmarks"},
    "orchestrator": {"tensorflow", "tensorflow_serving", "model_server", "exporters.networks", "exporters.export"},
    "exporters": {"orchestrator", "model_server", "ray", "grpc"},
    "model_server": {"orchestrator", "exporters", "ray", "cv2"},
    "facegrid": {"orchestrator", "exporters", "model_server", "benchmarks", "ray", "cv2", "tensorflow"},
    "facegrid/v1": {"facegrid.tfserving"},
}  # fmt: skip

PACKAGES = ("facegrid", "orchestrator", "exporters", "model_server", "benchmarks")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it points"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_package_has_its_rules():
    """The folders of the orchestrator each have their own; those of the other packages share one."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "tests"}
    rooms = {f"orchestrator/{path.parent.name}" for path in (ROOT / "orchestrator").glob("*/__init__.py")}
    assert packages | rooms <= FORBIDDEN.keys()


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


def imported_files() -> dict[str, set[str]]:
    """The files of ours that each file imports, in functions and for type checkers included."""
    files = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            files[name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")] = name
    return {file: {files[module] for module in imported_modules(ROOT / file, files.keys())} for file in files.values()}


def imported_modules(path: Path, modules: AbstractSet[str]) -> set[str]:
    """Of these modules those that a file imports. `from package import module` imports the module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in names}
    return found & modules


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The groups of files in which each file imports every other, directly or through others."""
    reached = {}
    for start in graph:
        reached[start], pending = set(), [start]
        while pending:
            new = graph[pending.pop()] - reached[start]
            reached[start] |= new
            pending += new
    found = [{other for other in reached[file] if file in reached[other]} for file in sorted(graph)]
    return [group for index, group in enumerate(found) if group and group not in found[:index]]


def test_no_files_import_each_other_in_a_circle():
    assert circles(imported_files()) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [{"a", "b", "c"}]
    assert circles({"a": {"a"}, "b": {"a"}}) == [{"a"}]


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
