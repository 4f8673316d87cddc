"""Which files of a folder are taken, and what is said of the others."""

import os
from pathlib import Path

import pytest
from PIL import Image

from facegrid.cli.usage import UsageError
from facegrid.media import convert
from facegrid.media import picture_files as files
from facegrid.media.picture_files import find_pictures


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pictures"
    root.mkdir()
    Image.new("RGB", (20, 20)).save(root / "IMG_1.JPG")
    for name in ("IMG_2.jfif", "IMG_3.jpe", "IMG_4.HEIC", "IMG_5.tif", "IMG_6.avif", "7.mpo", "8.bmp", "9.gif"):
        (root / name).write_bytes((root / "IMG_1.JPG").read_bytes())
    return root


def test_pictures_are_taken_whatever_they_are_called(folder):
    found = find_pictures([folder])
    assert [path.name for path in found.pictures] == sorted(path.name for path in folder.iterdir())
    assert found.left_out.sentence() is None


def test_what_is_left_out_is_counted_by_its_kind(folder, monkeypatch):
    monkeypatch.setattr(convert, "find_spec", lambda _: None)
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    for name in ("a.heic", "b.HEIC", "c.psd", "d.NEF", "notes.txt", ".hidden.psd"):
        (folder / name).write_bytes(heic)
    found = find_pictures([folder])
    assert len(found.pictures) == 9
    assert found.left_out.sentence() == (
        "4 files were left out: 2 .heic (needs pillow-heif), 1 .nef, 1 .psd"
    )  # fmt: skip


def test_folders_that_are_not_walked_are_named(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "album").symlink_to(tmp_path / "elsewhere")
    assert find_pictures([folder]).left_out.sentence() == f"1 folder was left out: {folder / 'album'} (a link)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_named(folder):
    (folder / "locked").mkdir(mode=0)
    assert "Permission denied" in find_pictures([folder]).left_out.sentence()


def test_a_folder_of_other_pictures_alone_says_so(tmp_path):
    (tmp_path / "a.psd").touch()
    with pytest.raises(UsageError, match=r"no picture .*; 1 file was left out: 1 .psd"):
        find_pictures([tmp_path])


def test_a_name_that_is_too_long_is_a_file_that_cannot_be_read():
    assert find_pictures([Path("x" * 5000)]).pictures == [Path("x" * 5000)]


def test_every_suffix_that_is_drawn_is_one_that_pillow_writes(tmp_path):
    for suffix in files._WRITTEN:
        Image.new("RGB", (20, 20)).save(tmp_path / f"a{suffix}")
