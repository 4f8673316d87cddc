import subprocess
import sys
from pathlib import Path

from tests.support.paths import REPOSITORY


def test_the_stubs_are_those_of_the_protos(tmp_path: Path):
    # In a process of its own: the compiler's native code does not bear TensorFlow's beside it.
    command = [sys.executable, "scripts/generate_stubs.py", "--out", str(tmp_path)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    generated = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.py*")}
    packages = {path.parts[:-1] for path in generated}
    committed = {
        path.relative_to(REPOSITORY): path.read_text()
        for parts in packages
        for path in REPOSITORY.joinpath(*parts).glob("*_pb2*.py*")
    }
    assert generated.keys() == committed.keys()
    assert [path for path in generated if generated[path] != committed[path]] == [], "run `make protos`"
