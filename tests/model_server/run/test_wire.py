"""Our messages and tensors are TensorFlow's own on the wire; the comparison is in wire_checks.py."""

import json
import subprocess
import sys

import pytest

from tests.support.paths import REPOSITORY

pytest.importorskip("tensorflow_serving", reason="the published messages are not installed")


@pytest.fixture(scope="module")
def results() -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.model_server.helpers.wire_checks"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["wire of", "names of", "enums", "encoding", "decoding"])
def test_equals_tensorflow(results, kind):
    of_kind = {name: wrong for name, wrong in results.items() if name.startswith(kind)}
    assert of_kind
    wrong = {name: why for name, why in of_kind.items() if why}
    assert not wrong, "\n".join(f"{name}: {why}" for name, why in wrong.items())
