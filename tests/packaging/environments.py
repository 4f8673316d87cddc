"""Environments with the wheel, outside the repository and without a network."""

import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.paths import REPOSITORY


def build_wheel(folder: Path) -> Path:
    """Builds the wheel from a copy of the tracked files; returns it."""
    source = folder / "source"
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.split("\0")[:-1]:
        if (file := REPOSITORY / name).exists() or file.is_symlink():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, source / name, follow_symlinks=False)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), "."], cwd=source, check=True, timeout=120)
    (wheel,) = folder.glob("facegrid-*.whl")
    return wheel


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a folder in which its commands run."""

    folder: Path

    @classmethod
    def with_wheel(cls, wheel: Path, folder: Path) -> "Environment":
        """Makes an environment with the wheel and nothing that it depends on."""
        venv.create(folder / "env", symlinks=True)
        environment = cls(folder)
        environment.work.mkdir()
        pip = [sys.executable, "-m", "pip", "--python", str(environment.python), "install", "--quiet"]
        subprocess.run([*pip, "--no-index", "--no-deps", "--no-compile", str(wheel)], check=True, timeout=120)
        return environment

    @property
    def python(self) -> Path:
        return self.folder / "env" / "bin" / "python"

    @property
    def work(self) -> Path:
        """Where its commands run."""
        return self.folder / "work"

    @property
    def site_packages(self) -> Path:
        (found,) = (self.folder / "env" / "lib").glob("python*/site-packages")
        return found

    def add_client_dependencies(self) -> None:
        """Links what the wheel requires without an extra, and what that requires, from the environment of the tests."""
        for name in _required("facegrid") - {"facegrid"}:
            found = distribution(name)
            for top in {Path(file).parts[0] for file in found.files or () if Path(file).parts[0] != ".."}:
                if not (self.site_packages / top).exists():
                    (self.site_packages / top).symlink_to(Path(str(found.locate_file(top))))

    def borrow_all_dependencies(self) -> None:
        """Makes every package of the tests' environment importable, but for the repository."""
        folders = [path for path in sys.path if Path(path).name == "site-packages"]
        # A folder that a .pth file names is searched after this environment's own, and its .pth files are not read:
        # an editable installation stays out.
        (self.site_packages / "borrowed.pth").write_text("\n".join(folders))

    def run(self, *command: object, timeout_s: float = 280, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the environment, or Python where `command` begins with a flag."""
        first, *others = map(str, command)
        program = [str(self.python), first] if first.startswith("-") else [str(self.python.with_name(first))]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FACEGRID_", "PYTHON"))}
        return subprocess.run(
            [*program, *others],
            cwd=self.work, env={**kept, **variables},
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip


def _required(name: str) -> set[str]:
    """The distribution and those that it requires without an extra, and so on."""
    found, new = set(), {name}
    while new:
        found |= new
        lines = [line for one in new for line in distribution(one).requires or ()]
        requirements = [Requirement(line) for line in lines]
        new = {
            re.sub(r"[-_.]+", "-", one.name).lower()
            for one in requirements
            if one.marker is None or one.marker.evaluate({"extra": ""})
        } - found
    return found
