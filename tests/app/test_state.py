"""The state file comes back as it was written, or is refused; run folders leave room for Ray's sockets."""

import json
import re
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from orchestrator.app.errors import StackError
from orchestrator.app.ingress import ingress_environment
from orchestrator.app.options import default_state_dir, stop_command
from orchestrator.app.state import StateFolder
from tests.app.example_state import some_state


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def test_a_state_comes_back_as_it_was_saved(folder: StateFolder, tmp_path: Path) -> None:
    state = some_state(tmp_path)
    with folder.locked():
        folder.save(state)
    assert folder.load() == state


def test_there_is_no_state_before_the_first_up(folder: StateFolder) -> None:
    assert folder.load() is None


def test_clearing_removes_the_run_folder_and_keeps_the_logs(folder: StateFolder, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / "socket").touch()
    with folder.locked():
        folder.logs.mkdir()
        state = some_state(run_dir)
        folder.save(state)
        folder.clear(state)
    assert folder.load() is None
    assert not run_dir.exists()
    assert folder.logs.is_dir()


@pytest.mark.parametrize(
    "text", ["", "not json", "[]", "{}", '{"format": 1}', '{"format": 2, "processes": [{"pid": 1}]}', '{"format": 2}']
)
def test_a_file_that_is_not_ours_is_refused(folder: StateFolder, text: str) -> None:
    with folder.locked():
        (folder.path / "stack.json").write_text(text)
    with pytest.raises(StackError, match="not written by this version") as caught:
        folder.load()
    assert "remove" in caught.value.advice


def test_the_state_file_is_readable_json(folder: StateFolder, tmp_path: Path) -> None:
    with folder.locked():
        folder.save(some_state(tmp_path))
    assert json.loads((folder.path / "stack.json").read_text())["port"] == 9001


def test_a_second_holder_is_refused_until_the_first_lets_go(folder: StateFolder) -> None:
    with folder.locked(), pytest.raises(StackError, match="another facegrid"), StateFolder(folder.path).locked():
        pass
    with StateFolder(folder.path).locked():
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="cannot write") as caught, StateFolder(tmp_path / "file" / "state").locked():
        pass
    assert "--state-dir" in caught.value.advice


@pytest.mark.parametrize(("name_length", "inside"), [(1, True), (27, True), (28, False), (120, False)])
def test_a_run_folder_is_private_and_short_enough_for_sockets(tmp_path: Path, name_length: int, inside: bool) -> None:
    path = Path("/tmp") / ("s" * name_length)  # /tmp/NAME/run
    folder = StateFolder(path)
    try:
        with folder.locked():
            run_dir = folder.make_run_dir({})
        assert run_dir.is_relative_to(path) == inside
        assert stat.S_IMODE(run_dir.stat().st_mode) == 0o700
        assert list(run_dir.iterdir()) == []
        # What Ray adds, as seen in a session's folder.
        socket = run_dir / "ray" / "session_2026-01-01_00-00-00_000000_4194304" / "sockets" / "plasma_store"
        assert len(str(socket)) <= 107
        haproxy = Path(ingress_environment("haproxy", run_dir)["RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH"])
        assert len(str(haproxy.parent / ("0" * 56) / haproxy.name)) <= 97
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)
        shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize("name", ["a b", "it's", 'a"b', "a#b", "a;b", "50%", "a,b", "a=b", "Ünï"])
def test_a_run_folder_needs_no_quoting_whatever_the_state_folder(name: str) -> None:
    path = Path("/tmp") / name
    folder = StateFolder(path)
    try:
        with folder.locked():
            run_dir = folder.make_run_dir({})
        assert re.fullmatch(r"[A-Za-z0-9/._-]+", str(run_dir))
        assert not run_dir.is_relative_to(path)
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)
        shutil.rmtree(path, ignore_errors=True)


def test_the_run_folder_of_a_service_is_where_systemd_says(tmp_path: Path) -> None:
    given = Path(tempfile.mkdtemp(dir="/tmp", prefix="r"))
    try:
        run_dir = StateFolder(tmp_path / "a b").make_run_dir({"RUNTIME_DIRECTORY": f"{given}:/another"})
        assert run_dir.parent == given
    finally:
        shutil.rmtree(given)


def test_what_stops_a_stack_names_its_state_folder_where_that_is_not_the_default() -> None:
    env = {"FACEGRID_STATE_DIR": "/default"}
    assert stop_command(Path("/default"), env) == "facegrid down"
    assert stop_command(Path("/a b"), env) == "facegrid down --state-dir '/a b'"


def test_the_address_is_on_this_machine(tmp_path: Path) -> None:
    assert some_state(tmp_path).address == "127.0.0.1:9001"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"FACEGRID_STATE_DIR": "/a", "XDG_STATE_HOME": "/b"}, Path("/a")),
        ({"XDG_STATE_HOME": "/b"}, Path("/b/facegrid")),
        ({"FACEGRID_STATE_DIR": "", "XDG_STATE_HOME": ""}, Path.home() / ".local/state/facegrid"),
        ({}, Path.home() / ".local/state/facegrid"),
    ],
)
def test_the_state_folder_is_where_the_environment_says(env: dict[str, str], expected: Path) -> None:
    assert default_state_dir(env) == expected
