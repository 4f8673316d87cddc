"""Videos that are written whole or not at all."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

av = pytest.importorskip("av")

from facegrid.media.video.errors import VideoError  # noqa: E402
from facegrid.media.video.writer import VideoWriter  # noqa: E402

SUFFIXES = [".mp4", ".mov", ".mkv"]


def frames(path: Path):
    with av.open(f"file:{path}") as container:
        return [(frame.time, frame.width, frame.height) for frame in container.decode(video=0)]


def write(path, count=30, size=(640, 480)):
    with VideoWriter(path, Fraction(25)) as writer:
        for number in range(count):
            writer.write(number / 25, Image.effect_noise(size, 100).convert("RGB"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_video_appears_when_it_is_complete(tmp_path, suffix):
    path = tmp_path / f"out: 1{suffix}"
    with VideoWriter(path, Fraction(25)) as writer:
        for number in range(10):
            writer.write(number / 25, Image.new("RGB", (64, 48), (20 * number, 0, 0)))
            assert not path.exists()
    assert [time_s for time_s, _, _ in frames(path)] == pytest.approx([number / 25 for number in range(10)], abs=0.001)
    assert list(tmp_path.iterdir()) == [path]


def test_frames_of_different_sizes_get_the_size_of_the_first(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", Fraction(25)) as writer:
        for number, size in enumerate([(64, 48), (48, 64), (120, 20), (1, 1)]):
            writer.write(number / 25, Image.new("RGB", size, "red"))
    assert {size for _, *size in map(tuple, frames(tmp_path / "a.mp4")) for size in [tuple(size)]} == {(64, 48)}


def test_a_video_without_pictures_is_not_there(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", Fraction(25)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_was_drawn_before_another_error_is_kept(tmp_path):
    def fail():
        with VideoWriter(tmp_path / "a.mp4", Fraction(25)) as writer:
            writer.write(0, Image.new("RGB", (64, 48)))
            raise RuntimeError("the service is gone")

    with pytest.raises(RuntimeError):
        fail()
    assert len(frames(tmp_path / "a.mp4")) == 1


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(VideoError, match=r"cannot write .*a.mp4: No such file or directory"):
        VideoWriter(tmp_path / "none" / "a.mp4", Fraction(25))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("limit", [0, 5_000, 200_000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, suffix, limit):
    """A limit on the size of files fails a write as a full disk does; in a process of its own, which may not crash."""
    older = tmp_path / f"a{suffix}"
    older.write_text("older")
    code = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
from pathlib import Path
from facegrid.media.video.errors import VideoError
from tests.media.test_video_writer import write
try:
    write(Path({str(older)!r}))
except VideoError as err:
    print(err)
"""
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, cwd=root, check=False, timeout=120
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"cannot write {older}: File too large\n"
    assert older.read_text() == "older"
    assert list(tmp_path.iterdir()) == [older]
