"""Tests import helpers from modules that are no tests: tests/support/, or a module beside them."""

import ast

import pytest

from tests.support.paths import REPOSITORY

TESTS = REPOSITORY / "tests"


@pytest.mark.parametrize("folder", sorted(path.name for path in TESTS.iterdir() if path.is_dir()))
def test_no_module_imports_a_test_or_a_conftest(folder):
    for path in sorted((TESTS / folder).rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]:
            if module.startswith("tests."):
                last = module.rpartition(".")[2]
                assert last != "conftest", f"{path} imports {module}"
                assert not last.startswith("test_"), f"{path} imports {module}"
