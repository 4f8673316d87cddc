"""What is added to the logs of a folder is copied line by line, whole, and once."""

import io

import pytest

from orchestrator.app.foreground import LogFollower


@pytest.fixture
def output():
    return io.StringIO()


def test_lines_are_copied_whole_and_once_after_the_name_of_their_log(tmp_path, output):
    follower = LogFollower(tmp_path, output)
    (tmp_path / "a.log").write_text("one\ntw")
    follower.copy()
    assert output.getvalue() == "a: one\n"
    with (tmp_path / "a.log").open("a") as log:
        log.write("o\n")
    (tmp_path / "b.log").write_bytes(b"\xff is no text\n")
    (tmp_path / "c.txt").write_text("not a log\n")
    follower.copy()
    follower.copy()
    assert output.getvalue() == "a: one\na: two\nb: � is no text\n"


def test_what_was_there_before_is_left_out(tmp_path, output):
    (tmp_path / "a.log").write_text("old\n")
    follower = LogFollower(tmp_path, output)
    follower.skip()
    with (tmp_path / "a.log").open("a") as log:
        log.write("new\n")
    follower.copy()
    assert output.getvalue() == "a: new\n"


def test_a_log_that_begins_again_is_copied_from_its_start(tmp_path, output):
    (tmp_path / "a.log").write_text("a long line of an earlier log\n")
    follower = LogFollower(tmp_path, output)
    follower.copy()
    (tmp_path / "a.log").write_text("new\n")
    follower.copy()
    assert output.getvalue().splitlines()[-1] == "a: new"


def test_a_folder_that_is_not_there_yet_is_no_error(tmp_path, output):
    follower = LogFollower(tmp_path / "none", output)
    follower.skip()
    follower.copy()
    assert output.getvalue() == ""
