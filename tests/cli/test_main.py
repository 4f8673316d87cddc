import json
import signal
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
import typer

from facegrid.cli.lazy_group import GROUP, first_line, load
from facegrid.errors import InternalError
from tests.cli.parsing import command_names, parse
from tests.support.polling import eventually

ROOT = Path(__file__).resolve().parents[2]


def test_version(facegrid):
    result = facegrid("--version")
    assert (result.code, result.out.strip()) == (0, f"facegrid {version('facegrid')}")


@pytest.mark.parametrize("argv", [["--help"], ["detect", "--help"]])
def test_help_has_examples(facegrid, argv):
    result = facegrid(*argv)
    assert result.code == 0
    assert "Examples:" in result.out
    assert "facegrid detect photo.jpg" in result.out


@pytest.mark.parametrize("argv", [[], ["find"], ["detect"], ["detect", "--min-face-px", "big", "a.jpg"]])
def test_wrong_usage_exits_with_2(facegrid, argv):
    result = facegrid(*argv)
    assert result.code == 2
    assert "Usage: facegrid" in result.err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InternalError("see log entry 7"), 1, "facegrid: see log entry 7\n"),
        (KeyboardInterrupt(), 130, "facegrid: interrupted\n"),
        (PermissionError(13, "Permission denied", "/out"), 1, "facegrid: [Errno 13] Permission denied: '/out'\n"),
    ],
)
def test_errors_are_one_sentence_and_an_exit_code(facegrid, monkeypatch, error, code, text):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("facegrid.cli.pictures.find_pictures", fail)
    result = facegrid("detect", "a.jpg")
    assert (result.code, result.err) == (code, text)


def loaded_by(*argv, absent=()):
    """The modules that a command line imports, by their first name, and what it printed, in a process of its own."""
    code = (
        f"import json, sys; sys.modules.update(dict.fromkeys({absent!r}));"
        f"from facegrid.cli.main import main; code = main({list(argv)!r});"
        "print(json.dumps([code, sorted({name.split('.')[0] for name, loaded in sys.modules.items() if loaded})]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    *_, last = done.stdout.splitlines()
    code, modules = json.loads(last)
    return code, set(modules), done.stdout, done.stderr


def test_the_list_of_commands_imports_none_of_them():
    code, modules, out, _ = loaded_by("--help")
    assert code == 0
    assert "Start the service on this machine" in out
    assert not modules & {"tensorflow", "ray", "cv2", "grpc", "numpy", "rich", "pydantic", "orchestrator", "exporters"}


def test_a_command_imports_no_other():
    code, modules, out, _ = loaded_by("detect", "--help")
    assert code == 0
    assert "--min-face-px" in out
    assert not modules & {"tensorflow", "ray", "cv2", "av", "orchestrator", "exporters", "model_server"}


@pytest.mark.parametrize(
    ("argv", "absent", "words"),
    [
        (
            ["up"],
            "psutil",
            "`facegrid up` needs psutil, which is not installed; run: {} 'facegrid[serve,model-server]'",
        ),
        (
            ["status"],
            "psutil",
            "`facegrid status` needs psutil, which is not installed; run: {} 'facegrid[serve,model-server]'",
        ),
        (["gallery", "stats"], "pyarrow", "{} 'facegrid[serve,model-server]'"),
        (["video", "a.mp4"], "av", "`facegrid video` needs av, which is not installed; run: {} 'facegrid[video]'"),
        (["train", "gan"], "tensorflow", "training needs tensorflow, not installed here: {} 'facegrid[export]'"),
    ],
)
def test_a_command_without_its_packages_is_listed_and_names_the_extra(argv, absent, words):
    assert f"\n  {argv[0]} " in loaded_by("--help", absent=(absent,))[2]
    code, _, _, err = loaded_by(*argv, absent=(absent,))
    assert code == 2
    assert err.startswith("facegrid: ")
    assert words.format("pip install") in err
    assert err.count("\n") == 1


def test_a_command_whose_files_are_not_there_is_left_out(tmp_path):
    """An installation with some of the packages, such as the image that exports the networks."""
    for name in ("facegrid", "exporters"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "facegrid-0.dist-info").mkdir()
    (tmp_path / "facegrid-0.dist-info" / "METADATA").write_text("Name: facegrid\nVersion: 0\n")
    groups = (GROUP, "facegrid.local_status")
    lines = [
        line
        for group in groups
        for line in (f"[{group}]", *(f"{one.name} = {one.value}" for one in entry_points(group=group)))
    ]
    (tmp_path / "facegrid-0.dist-info" / "entry_points.txt").write_text("\n".join(lines))
    packages = str(Path(typer.__file__).parents[1])
    for argv, code, words in (
        (["--help"], 0, "\n  export  Write the networks"),
        (["export", "--help"], 0, "facegrid export --if-missing"),
        (["up"], 2, "No such command 'up'"),
        (["status"], 2, "no local service; ask another with --target"),
    ):
        program = f"import sys; sys.path += {[str(tmp_path), packages]}; from facegrid.cli.main import main; "
        command = [sys.executable, "-S", "-c", f"{program} sys.exit(main({argv}))"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code, done.stderr
        assert words in done.stdout + done.stderr
        assert "Start the service" not in done.stdout


@pytest.mark.parametrize("entry_point", entry_points(group=GROUP), ids=lambda one: one.name)
def test_a_listed_line_is_that_of_the_commands_help(entry_point):
    command = load(entry_point)
    assert command.name == entry_point.name
    assert command.help.splitlines()[0] == first_line(entry_point.module) + "."


@pytest.mark.parametrize("words", command_names(), ids=" ".join)
def test_every_help_has_examples_and_fits_80_columns(facegrid, words):
    result = facegrid(*words, "--help")
    assert result.code == 0
    assert f"facegrid {words[0]}" in result.out.split("Examples:")[-1]
    assert max(map(len, result.out.splitlines())) <= 80


def test_bash_completes_commands_and_their_options(monkeypatch, facegrid):
    def completed(line):
        monkeypatch.setenv("_FACEGRID_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
        return facegrid().out.split()

    assert completed("facegrid ro") == ["rollout", "rollback"] or completed("facegrid ro") == ["rollback", "rollout"]
    assert completed("facegrid detect --min") == ["--min-face-px"]
    assert completed("facegrid keys r") == ["revoke"]
    assert completed("facegrid up --ingress ") == ["haproxy", "python"]


def test_the_completion_for_bash_is_shown(monkeypatch, facegrid):
    monkeypatch.setenv("_FACEGRID_COMPLETE", "source_bash")
    assert "complete -o default -F _facegrid_completion facegrid" in facegrid().out


@pytest.mark.parametrize(
    ("argv", "name", "value"),
    [
        (["up"], "autoscale", None),
        (["up", "--autoscale"], "autoscale", 4),
        (["up", "--autoscale", "--port", "1"], "autoscale", 4),
        (["up", "--autoscale", "6"], "autoscale", 6),
        (["up", "--autoscale=6"], "autoscale", 6),
        (["generate", "--labels", "1", "2,3", "--seed", "4", "--json"], "labels", ["1", "2,3"]),
        (["generate", "--labels", "1", "--seed", "4", "--labels", "5", "6"], "labels", ["1", "5", "6"]),
        (["generate", "--labels=1", "--seed", "4"], "labels", ["1"]),
        (["detect", "a.jpg", "--no-tls", "b.jpg"], "pictures", [Path("a.jpg"), Path("b.jpg")]),
        (["detect", "--", "-a.jpg"], "pictures", [Path("-a.jpg")]),
        (["detect", "a.jpg"], "tls", None),
        (["detect", "a.jpg", "--no-tls"], "tls", False),
    ],
)  # fmt: skip
def test_options_have_the_value_that_is_typed(argv, name, value):
    assert parse(argv)[name] == value


def test_a_reader_that_has_enough_is_no_error(server, folder):
    command = f"{sys.executable} -m facegrid.cli.main detect --json {folder} {folder} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""


def test_an_interrupt_of_a_waiting_command_exits_with_130(server, tmp_path):
    (tmp_path / "hold.jpg").write_bytes(b"hold")
    command = [sys.executable, "-m", "facegrid.cli.main", "detect", str(tmp_path / "hold.jpg")]
    # Where the tests are a background job of a shell, they and their processes are told to ignore it.
    heeding = ["env", "--default-signal=INT"]
    process = subprocess.Popen([*heeding, *command], stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: server.servicer.held.is_set() or process.poll() is not None, timeout_s=20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == "facegrid: interrupted\n"
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_an_interrupt_prints_what_is_there(server, folder):
    (folder / "z.jpg").write_bytes(b"hold")
    command = [sys.executable, "-m", "facegrid.cli.main", "detect", str(folder), "--window", "1"]
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        eventually(lambda: server.servicer.held.is_set() or process.poll() is not None, timeout_s=20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    _, *rows = out.splitlines()
    assert [row.split()[0] for row in rows] == [str(folder / name) for name in ("a.png", "b.jpg", "deep/a.png")]
    summary, last = err.splitlines()
    assert summary.startswith("3 pictures, 3 faces, 0 failed, 1 not answered in ")
    assert last == "facegrid: interrupted"
