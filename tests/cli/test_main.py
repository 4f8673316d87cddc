import signal
import subprocess
import sys
from importlib.metadata import version

import pytest

from facegrid.errors import InternalError
from tests.support.polling import eventually


def test_version(facegrid):
    result = facegrid("--version")
    assert (result.code, result.out.strip()) == (0, f"facegrid {version('facegrid')}")


@pytest.mark.parametrize("argv", [["--help"], ["detect", "--help"]])
def test_help_has_examples(facegrid, argv):
    result = facegrid(*argv)
    assert result.code == 0
    assert "examples:" in result.out
    assert "facegrid detect photo.jpg" in result.out


@pytest.mark.parametrize("argv", [[], ["find"], ["detect"], ["detect", "--min-face-px", "big", "a.jpg"]])
def test_wrong_usage_exits_with_2(facegrid, argv):
    result = facegrid(*argv)
    assert result.code == 2
    assert "usage: facegrid" in result.err


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

    monkeypatch.setattr("facegrid.cli._asking.find_pictures", fail)
    result = facegrid("detect", "a.jpg")
    assert (result.code, result.err) == (code, text)


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from facegrid.cli.main import build_parser; build_parser().format_help();"
        "print([m for m in ('tensorflow', 'ray', 'cv2', 'grpc', 'numpy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


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
