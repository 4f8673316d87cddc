import ast
import subprocess
import sys
from pathlib import Path

import pytest

import facegrid
from facegrid import client as client_package
from facegrid import errors

HEAVY = ("tensorflow", "ray", "cv2", "mtcnn", "keras", "grpc_health", "grpc_reflection", "psutil")


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_public_name_loads_and_is_listed_once():
    assert len(facegrid.__all__) == len(set(facegrid.__all__))
    assert set(facegrid._LAZY) <= set(facegrid.__all__)
    assert set(facegrid.__all__) <= set(dir(facegrid))
    for name in facegrid.__all__:
        assert getattr(facegrid, name) is not None


def test_the_whole_error_tree_is_public():
    tree = {error_type.__name__: error_type for error_type in errors.error_types().values()}
    for name, error_type in tree.items():
        assert getattr(facegrid, name) is error_type
    named_errors = {name for name in facegrid.__all__ if hasattr(errors, name)}
    assert named_errors == set(tree)


def test_public_names_for_type_checkers_are_the_same():
    imported = {
        alias.name: node.module
        for node in ast.walk(ast.parse(Path(facegrid.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("facegrid.")
        for alias in node.names
    }
    assert set(imported) == set(facegrid.__all__)
    for name, module in facegrid._LAZY.items():
        assert imported[name] == module


def test_the_client_is_found_in_its_package_too():
    assert client_package.Client is facegrid.Client
    assert client_package.connect is facegrid.connect


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'detect_face'"):
        _ = facegrid.detect_face


def test_importing_the_errors_loads_neither_grpc_nor_numpy():
    out = run_python(
        "import sys, facegrid.errors; print([m for m in ('grpc', 'numpy', 'PIL', 'rich') if m in sys.modules])"
    )
    assert out.strip() == "[]"


def test_a_client_needs_neither_tensorflow_nor_ray_nor_opencv():
    out = run_python(
        f"""
import importlib, pkgutil, sys
for name in {HEAVY}:
    sys.modules[name] = None  # any import of it fails
import facegrid
for name in facegrid.__all__:
    getattr(facegrid, name)
names = {{m.name for m in pkgutil.walk_packages(facegrid.__path__, "facegrid.")}}
for name in names:
    importlib.import_module(name)
from facegrid.cli.main import main
assert main(["--help"]) == 0
print(len(names))
"""
    )
    assert int(out.splitlines()[-1]) > 15
