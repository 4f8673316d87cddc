"""A file that is complete or not there."""

import errno
import os

import pytest

from facegrid.media.whole_file import whole_file


def test_a_file_takes_its_name_when_it_is_complete(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("older")
    with whole_file(path) as part:
        part.write_text("new")
        assert part.suffix == ".png"
        assert path.read_text() == "older"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_fails_leaves_the_older_one(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("older")

    def fail():
        with whole_file(path) as part:
            part.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"):
        fail()
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_links_are_followed_and_devices_written_to(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to("deep/a.txt")
    with whole_file(tmp_path / "link") as part:
        part.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "deep" / "a.txt").read_text() == "new"
    with whole_file(tmp_path / ".." / ".." / ".." / "../../../dev/null") as part:
        assert part == part.resolve()
