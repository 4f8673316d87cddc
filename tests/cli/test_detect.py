import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from PIL import Image

from facegrid.cli.usage import UsageError
from facegrid.media.picture_files import drawing_paths
from facegrid.v1 import detect_pb2
from tests.client.face_server import Refused


def names(result) -> list[str]:
    return sorted(Path(line["file"]).name for line in result.lines)


def test_the_table_has_a_row_for_each_file_in_order(facegrid, server, folder):
    result = facegrid("detect", folder)
    assert result.code == 0
    heading, *rows = result.out.splitlines()
    assert heading.split() == ["file", "faces", "size", "best", "score", "ms"]
    assert [row.split()[0] for row in rows] == [str(folder / name) for name in ("a.png", "b.jpg", "deep/a.png")]
    for row in rows:
        assert row.split()[1:4] == ["1", "64x48", "0.5000"]
    assert re.fullmatch(r"3 pictures, 3 faces, 0 failed in [0-9.]+ s \([0-9.]+ pictures/s\)\n", result.err)


def test_json_has_a_line_for_each_file(facegrid, server, folder):
    result = facegrid("detect", folder, "--json")
    assert result.code == 0
    assert names(result) == ["a.png", "a.png", "b.jpg"]
    for line in result.lines:
        assert (line["width"], line["height"]) == (64, 48)
        [face] = line["faces"]
        assert (face["box"], face["score"]) == ([1, 2, 11, 22], 0.5)
        assert list(face["landmarks"]) == ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"]
        assert face["landmarks"]["nose"] == [5, 6]


def test_one_file_that_fails_is_reported_and_the_others_answered(facegrid, server, folder):
    (folder / "bad.jpg").write_text("no picture")
    result = facegrid("detect", folder, folder / "none.jpg", "--json")
    assert result.code == 1
    errors = {Path(line["file"]).name: line["error"] for line in result.lines if "error" in line}
    assert errors == {
        "bad.jpg": {"reason": "INVALID_IMAGE", "message": "not a JPEG, PNG or WebP file"},
        "none.jpg": {"reason": "UNREADABLE_FILE", "message": "No such file or directory"},
    }
    assert len(result.lines) == 5
    table = facegrid("detect", folder, folder / "none.jpg")
    assert table.code == 1
    assert f"facegrid: {folder / 'bad.jpg'}: not a JPEG, PNG or WebP file\n" in table.err
    assert f"facegrid: {folder / 'none.jpg'}: No such file or directory\n" in table.err
    assert len(table.out.splitlines()) == 1 + 5, "one line for each file"


def test_a_broken_stream_prints_what_was_answered(facegrid, server, folder):
    (folder / "z.jpg").write_bytes(b"break")
    result = facegrid("detect", folder, folder / "z.jpg", "--window", 1)
    assert result.code == 1
    assert result.out.count("64x48") == 3
    assert result.err.count("z.jpg: not answered") == 2
    assert "3 pictures, 3 faces, 0 failed, 2 not answered in " in result.err
    assert "facegrid: cannot reach" in result.err
    assert "1 of the 4 pictures sent are unanswered" in result.err


def test_no_service_is_one_sentence(facegrid, folder):
    result = facegrid("detect", folder, "--target", "127.0.0.1:1")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("facegrid: cannot reach the service at 127.0.0.1:1")
    assert result.err.count("\n") == 1


def test_options_reach_the_service(facegrid, server, folder):
    facegrid("detect", folder / "a.png", "--min-face-px", 40, "--onet-threshold", 0.5, "--timeout-s", 2.5)
    [request] = server.servicer.requests
    assert (request.options.min_face_px, request.options.onet_threshold, request.timeout_ms) == (40, 0.5, 2500)
    assert not request.options.HasField("pyramid_factor")


def test_the_target_is_the_flag_before_the_environment(facegrid, server, folder, monkeypatch):
    monkeypatch.setenv("FACEGRID_TARGET", "127.0.0.1:1")
    assert facegrid("detect", folder / "a.png", "--target", server.target).code == 0


@pytest.mark.parametrize("option", [["--target", "here"], ["--timeout-s", "0"], ["--window", "0"]])
def test_a_refused_option_is_one_sentence(facegrid, server, folder, option):
    result = facegrid("detect", folder, *option)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("facegrid: ")


def test_a_folder_without_pictures_is_wrong_usage(facegrid, tmp_path):
    result = facegrid("detect", tmp_path)
    assert result.code == 2
    assert result.err.startswith("facegrid: no picture (.jpg, .jpeg, ")
    assert result.err.endswith(f") in {tmp_path}\n")


def test_what_is_left_out_of_a_folder_is_said_at_the_end(facegrid, server, folder):
    (folder / "raw.NEF").write_bytes(b"II*")
    (folder / "scan.tif").write_bytes(b"")
    Image.open(folder / "a.png").save(folder / "scan.tif")
    result = facegrid("detect", folder)
    assert result.code == 0
    assert result.err.splitlines()[-1] == "facegrid: 1 file was left out: 1 .nef"
    assert "scan.tif" in result.out
    assert facegrid("detect", folder, "--json").err.splitlines()[-1] == result.err.splitlines()[-1]


def test_a_warning_of_the_service_is_shown(facegrid, server, folder):
    async def warn(request):
        return detect_pb2.DetectResponse(image_width_px=64, image_height_px=48, warnings=["it lacks its end mark"])

    server.servicer.detect = warn
    result = facegrid("detect", folder / "a.png")
    assert result.code == 0
    assert result.err.splitlines()[0] == f"facegrid: {folder / 'a.png'}: it lacks its end mark"
    [line] = facegrid("detect", folder / "a.png", "--json").lines
    assert line["warnings"] == ["it lacks its end mark"]


def test_draw_writes_one_picture_for_each_input(facegrid, server, folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    out = tmp_path / "out" / "today"
    assert facegrid("detect", folder, "--draw", out).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["a-2.png", "a.png", "b.jpg"]
    for drawn, picture in (("a.png", "a.png"), ("b.jpg", "b.jpg"), ("a-2.png", "deep/a.png")):
        with Image.open(out / drawn) as left, Image.open(folder / picture) as right:
            assert left.size == right.size
            assert left.tobytes() != right.tobytes()
    assert before == {path: path.read_bytes() for path in before}


def test_drawn_copies_inside_the_folder_are_not_taken_for_pictures(facegrid, server, folder):
    for _ in range(2):
        assert len(facegrid("detect", folder, "--draw", folder / "out", "--json").lines) == 3


def test_draw_never_overwrites_a_picture(facegrid, server, folder):
    for inputs in ([folder / "a.png"], [folder / "deep" / "a.png", folder / "a.png"]):
        result = facegrid("detect", *inputs, "--draw", folder)
        assert result.code == 2
        assert "would overwrite the picture" in result.err
    assert server.servicer.requests == []


def test_a_picture_that_cannot_be_drawn_is_told_and_the_others_drawn(facegrid, server, folder, tmp_path):
    out = tmp_path / "out"
    (out / "a.png").mkdir(parents=True)  # in the way of the first
    result = facegrid("detect", folder, "--draw", out)
    assert result.code == 1
    assert f"facegrid: {folder / 'a.png'} was not drawn" in result.err
    assert {path.name for path in out.iterdir() if path.is_file()} == {"a-2.png", "b.jpg"}


def test_names_of_drawings_are_unique_whatever_the_case():
    pictures = [
        Path(name) for name in ("1/a.JPG", "2/A.jpg", "3/a-2.jpg", "4/a.jpg", "5/scan.tif", "6/scan.tif.png", "7/x")
    ]
    paths = drawing_paths(pictures, Path("out"))
    assert [path.name for path in paths] == [
        "a.JPG",
        "A-2.jpg",
        "a-2-2.jpg",
        "a-3.jpg",
        "scan.tif.png",
        "scan.tif-2.png",
        "x.png",
    ]
    with pytest.raises(UsageError):
        drawing_paths([Path("2/a.jpg"), Path("out/a-2.jpg"), Path("3/A.jpg")], Path("out"))


def test_names_that_are_no_text_or_look_like_markup_are_printed(facegrid, server, folder):
    odd = os.fsdecode(b"\xff[red]x.png")
    shutil.copy(folder / "a.png", folder / odd)
    assert "\ufffd[red]x.png" in facegrid("detect", folder).out
    assert odd in {Path(line["file"]).name for line in facegrid("detect", folder, "--json").lines}


def test_the_bar_is_on_standard_error_of_a_terminal_and_json_is_not(on_terminal, server, folder):
    result, screen = on_terminal("detect", folder, "--json")
    assert len(result.lines) == 3
    assert "3/3" in screen
    assert '"file"' not in screen


def test_there_is_no_bar_for_one_file_or_without_a_terminal(on_terminal, facegrid, server, folder):
    assert on_terminal("detect", folder / "a.png")[1].startswith("1 picture, ")
    assert facegrid("detect", folder).err.startswith("3 pictures, ")


def run_with_ascii(*argv: object, **options) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "facegrid.cli.main", *map(str, argv)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60, **options)


def test_json_lines_are_utf8_in_any_locale_and_parse_one_by_one(server, folder):
    odd = os.fsdecode(b"\xff.png")
    for name in ("grüße\n.png", odd):
        shutil.copy(folder / "a.png", folder / name)
    done = run_with_ascii("detect", folder, "--json")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode("utf-8").splitlines()
    assert {Path(json.loads(line)["file"]).name for line in lines} == {"a.png", "b.jpg", "grüße\n.png", odd}
    assert any("grüße" in line for line in lines)


def test_a_terminal_that_cannot_show_a_letter_gets_a_question_mark(server, folder):
    shutil.copy(folder / "a.png", folder / "grüße.png")
    (folder / os.fsdecode("ñ".encode() + b"\xff.jpg")).write_text("no picture")
    done = run_with_ascii("detect", folder)
    assert done.returncode == 1
    assert b"gr??e.png" in done.stdout
    assert b"??.jpg: not a JPEG, PNG or WebP file" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("reason", ["OVERLOADED", "DEADLINE_EXCEEDED"])
def test_a_picture_that_a_busy_service_leaves_is_asked_about_once_more(facegrid, server, folder, reason):
    failures = iter(range(1))

    async def detect(request):
        if next(failures, None) is not None:
            raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{reason}: too much to do")
        return await server.servicer.look(request)

    server.servicer.detect = detect
    result = facegrid("detect", folder)
    assert result.code == 0
    assert result.err.startswith("3 pictures, 3 faces, 0 failed")
    assert len(result.out.splitlines()) == 1 + 3
    failures = iter(range(100))
    again = facegrid("detect", folder, "--json")
    assert (again.code, [line["error"]["reason"] for line in again.lines]) == (1, [reason] * 3)
