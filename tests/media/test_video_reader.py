"""The frames of videos as users have them, each beside what players show."""

import io
import itertools
import shutil
import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

av = pytest.importorskip("av")

from facegrid.media.video import reader as reading  # noqa: E402
from facegrid.media.video import source as sources  # noqa: E402
from facegrid.media.video.errors import VideoError  # noqa: E402
from facegrid.media.video.reader import VideoReader  # noqa: E402
from facegrid.media.video.source import source_of  # noqa: E402
from tests.media.cameras import mjpeg_camera, udp_camera, write_video  # noqa: E402
from tests.support.ports import held_port  # noqa: E402

SAMPLES = Path(__file__).parents[2] / "samples"


def moving(count, width=160, height=120):
    """A photo that moves to the right, 3 pixels a frame."""
    photo = np.asarray(Image.open(SAMPLES / "obama.jpg").convert("RGB").resize((width, height)))
    return [np.roll(photo, 3 * number, axis=1) for number in range(count)]


def corner_picture(width=64, height=48):
    """A picture whose four corners differ: red, green / blue, white."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 255)
    return pixels


def read(source, **options):
    with VideoReader(str(source), **options) as video:
        return list(video.frames()), video


def times(frames):
    return [time_s for time_s, _ in frames]


# Which stream.


def write_streams(path, *streams):
    """Writes a file of several streams: (frames, disposition)."""
    with av.open(str(path), "w") as container:
        opened = []
        for frames, disposition in streams:
            stream = container.add_stream("mjpeg" if disposition == "attached_pic" else "libx264", rate=25)
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = "yuvj420p" if disposition == "attached_pic" else "yuv420p"
            stream.disposition = av.stream.Disposition[disposition] if disposition else av.stream.Disposition(0)
            opened.append(stream)
        for stream, (frames, _) in zip(opened, streams, strict=True):
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    "streams",
    [
        [(moving(1, 320, 240), "attached_pic"), (moving(9), None)],
        [(moving(9), None), (moving(1, 320, 240), "attached_pic")],
        [(moving(3, 64, 48), None), (moving(9), None)],
        [(moving(3, 320, 240), None), (moving(9), "default")],
        [(moving(3, 64, 48), "default"), (moving(9), "default")],
    ],
    ids=["cover first", "cover last", "preview first", "by default", "the larger of two by default"],
)
def test_the_film_is_read_that_players_show(tmp_path, streams):
    has_cover = any(disposition == "attached_pic" for _, disposition in streams)
    frames, video = read(write_streams(tmp_path / ("a.mp4" if has_cover else "a.mkv"), *streams))
    assert (len(frames), frames[0][1].shape, video.stopped_early) == (9, (120, 160, 3), None)


def test_a_thumbnail_before_the_film_is_passed_over(data):
    frames, _ = read(data / "thumbnail_first.wmv")
    assert (len(frames), frames[0][1].shape) == (30, (640, 480, 3))


def test_the_best_variant_of_a_playlist_is_read(tmp_path):
    for name, width in (("low", 64), ("high", 160)):
        with av.open(str(tmp_path / f"{name}.m3u8"), "w", format="hls", options={"hls_list_size": "0"}) as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, width * 3 // 4, "yuv420p"
            for number, pixels in enumerate(moving(10, width, width * 3 // 4)):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    (tmp_path / "all.m3u8").write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=64x48\nlow.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=9000,RESOLUTION=160x120\nhigh.m3u8\n"
    )
    frames, _ = read(tmp_path / "all.m3u8")
    assert (len(frames), frames[0][1].shape) == (10, (120, 160, 3))


def test_a_song_with_a_cover_is_no_video(tmp_path):
    with pytest.raises(VideoError, match=r"has no video stream \(its streams: picture\)"):
        read(write_streams(tmp_path / "a.mp4", (moving(1), "attached_pic")))


# When.


@pytest.mark.parametrize("rate", [10, 25, 30, 50])
@pytest.mark.parametrize(("codec", "form"), [("libx264", "h264"), ("mpeg4", "m4v")])
def test_without_times_the_frame_rate_says_them(tmp_path, codec, form, rate):
    path = tmp_path / f"a.{form}"
    write_video(path, moving(30), codec=codec, form=form, rate=rate)
    frames, video = read(path)
    assert video.rate == rate
    assert times(frames) == pytest.approx([number / rate for number in range(30)], abs=0.001)


@pytest.mark.parametrize("start", [0, 5 * 25, 5000 * 25])
def test_where_times_jump_back_or_far_ahead_the_next_frame_follows(tmp_path, start):
    parts = []
    for first in (1000 * 25, start):
        file = io.BytesIO()
        write_video(file, moving(30), form="mpegts", times=[first + number for number in range(30)])
        parts.append(file.getvalue())
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(parts))
    assert times(read(path)[0]) == pytest.approx([number / 25 for number in range(60)], abs=0.002)


def test_a_pause_within_a_recording_stays_one(tmp_path):
    pts = [0, 1, 2, 3, 400, 401, 402]
    write_video(tmp_path / "a.mkv", moving(7), times=pts)
    assert times(read(tmp_path / "a.mkv")[0]) == pytest.approx([one / 25 for one in pts], abs=0.002)


# How it looks.


@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 2), Fraction(4, 3), Fraction(64, 45), Fraction(0)])
def test_pixels_that_are_not_square_are_made_so(tmp_path, aspect):
    def before(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    picture = corner_picture()
    write_video(tmp_path / "a.mp4", [picture], before=before)
    [(_, pixels)] = read(tmp_path / "a.mp4")[0]
    width, height = 64, 48
    if aspect > 1:
        width = round(64 * aspect)
    elif aspect:
        height = round(48 / aspect)
    assert pixels.shape == (height, width, 3)
    expected = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
    assert np.abs(pixels.astype(int) - expected).mean() < 8


SHOWN = {
    # a, b, c, d of the display matrix: what FFmpeg's documentation says of it, as numpy has it.
    (1, 0, 0, 1): lambda p: p,
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),
    (-1, 0, 0, -1): lambda p: np.rot90(p, 2),
    (0, -1, 1, 0): lambda p: np.rot90(p, 1),
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (0, 1, 1, 0): lambda p: np.swapaxes(p, 0, 1),
    (0, -1, -1, 0): lambda p: np.rot90(np.swapaxes(p, 0, 1), 2),
}


@pytest.mark.parametrize("matrix", SHOWN)
def test_the_display_matrix_turns_and_mirrors(tmp_path, matrix):
    path = tmp_path / "a.mp4"
    write_video(path, [corner_picture()])
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2
    a, b, c, d = (value * 65536 for value in matrix)
    words = [a, b, 0, c, d, 0, 0, 0, 0x40000000]
    data[place : place + 36] = b"".join(word.to_bytes(4, "big", signed=True) for word in words)
    path.write_bytes(data)
    [(_, pixels)] = read(path)[0]
    expected = SHOWN[matrix](corner_picture())
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 8


def test_colours_that_cannot_be_converted_are_one_sentence_with_the_name(data):
    with pytest.raises(VideoError, match=r"ycgco.mp4: its pixels \(yuv420p, colour space 8\) cannot be converted"):
        read(data / "ycgco.mp4")


# What is damaged.


def damaged(data, seed, count=3):
    rng = np.random.default_rng(seed)
    changed = bytearray(data)
    for place in rng.integers(len(data) // 4, len(data) * 3 // 4, count):
        changed[place : place + 40] = bytes(40)
    return bytes(changed)


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libx264", "mp4"),
        ("libx264", "mkv"),
        ("libx264", "ts"),
        ("mpeg2video", "ts"),
        ("mpeg4", "avi"),
        ("mjpeg", "avi"),
    ],
)
def test_damaged_frames_are_left_out_and_counted(tmp_path, codec, suffix):
    """Of 192 frames with a dozen of damages few come through: where a decoder makes sense of changed bytes."""
    path = tmp_path / f"a.{suffix}"
    write_video(path, moving(48), codec=codec)
    whole = [pixels.astype(int) for _, pixels in read(path)[0]]
    assert len(whole) == 48
    data = path.read_bytes()
    counted = came_through = 0
    for seed in range(4):
        path.write_bytes(damaged(data, seed))
        frames, video = read(path)
        counted += video.damaged + video.missing
        for time_s, pixels in frames:
            number = round(time_s * 25)
            # Without times in the file, frames that are lost without a trace move the others.
            filmed = whole[max(0, number - 3) : number + 4] or whole
            came_through += min(np.abs(pixels - one).mean() for one in filmed) > 4
    assert counted > (6 if codec == "mjpeg" else 12), "each frame of MJPEG stands alone"
    assert came_through <= 4


def test_smears_are_left_out_up_to_the_next_key_frame(data):
    with pytest.raises(VideoError, match="has no whole frame: 30 are damaged and left out"):
        read(data / "damaged.mp4")


def test_a_file_that_is_cut_off_says_what_is_missing(tmp_path):
    write_video(tmp_path / "a.mp4", moving(48), options={"movflags": "faststart"})
    with (
        av.open(str(tmp_path / "a.mp4")) as source,
        av.open(str(tmp_path / "b.mp4"), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = (tmp_path / "b.mp4").read_bytes()
    frames, video = read(tmp_path / "b.mp4")
    assert (len(frames), video.missing, video.damaged) == (48, 0, 0)
    (tmp_path / "b.mp4").write_bytes(data[: len(data) // 2])
    frames, video = read(tmp_path / "b.mp4")
    assert 5 < len(frames) < 43
    assert len(frames) + video.damaged + video.missing == pytest.approx(48, abs=2)
    assert video.missing > 0

    write_video(tmp_path / "c.mkv", moving(100))
    data = (tmp_path / "c.mkv").read_bytes()
    assert read(tmp_path / "c.mkv")[1].stopped_early is None
    (tmp_path / "c.mkv").write_bytes(data[: len(data) // 3])
    frames, video = read(tmp_path / "c.mkv")
    assert 5 < len(frames) < 80
    assert "the file is cut off after" in video.stopped_early


# What it is called.


@pytest.mark.parametrize(
    "name", ["2024-01-26T20:57:04Z.mp4", "a: 1 %20 #?.mp4", "http:x.mp4", "\u00fc\n.mp4", "-i.mp4"]
)
def test_any_name_may_be_that_of_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_video("a.mp4", moving(3))
    shutil.move("a.mp4", name)
    assert len(read(name)[0]) == 3
    assert len(read(tmp_path / name)[0]) == 3


@pytest.mark.parametrize(
    ("text", "kind", "live"),
    [
        ("0", "camera", True),
        ("/dev/video1", "camera", True),
        ("rtsp://a/b", "url", True),
        ("RTSP://a/b", "url", True),
        ("udp://127.0.0.1:1", "url", True),
        ("tcp://127.0.0.1:1", "url", True),
        ("https://a/b.mp4", "url", False),
        ("a.mp4", "file", False),
        ("12:30.mp4", "file", False),
    ],
)
def test_what_a_text_names(text, kind, live, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = source_of(text)
    assert (source.kind, source.is_live) == (kind, live)
    assert (source.answer_s is None) == (kind == "file"), "everything but a file has a time limit"
    Path("0").touch()
    assert source_of("0").kind == "file", "a file of that name comes first"


# What does not answer.


@pytest.fixture
def hurried(monkeypatch):
    """Cameras that do not answer are given up after a second."""
    monkeypatch.setattr(sources, "ANSWER_S", 1.0)
    monkeypatch.setattr(reading, "_FIRST_PAUSE_S", 0.05)


@pytest.mark.parametrize("live", [False, True])
def test_a_server_that_says_nothing_is_one_sentence(hurried, live):
    with mjpeg_camera("silent") as url, pytest.raises(VideoError, match=r"it does not answer; is the address right"):
        VideoReader(url, live=live)


def test_a_server_that_stalls_ends_the_video_and_keeps_what_was_seen(hurried):
    with mjpeg_camera("stall") as url:
        frames, video = read(url)
    assert len(frames) >= 19
    assert video.stopped_early == f"{url} has stopped: it does not answer"


@pytest.mark.parametrize("mode", ["stall", "end"])
def test_a_live_source_that_drops_is_opened_again_a_few_times(hurried, mode):
    told = []
    with mjpeg_camera(mode) as url:
        frames, video = read(url, live=True, report=told.append)
    assert len(frames) >= 2 * 19
    assert video.stopped_early.startswith(f"{url} has stopped: ")
    assert len(told) == 1
    assert "opening it again (1 of 5)" in told[0]
    assert times(frames) == sorted(times(frames))


def test_a_live_source_that_comes_back_goes_on(hurried):
    told = []
    with mjpeg_camera("restart") as url, VideoReader(url, live=True, report=told.append) as video:
        frames = list(itertools.islice(video.frames(), 60))
    assert len(frames) == 60
    assert len(told) == 1
    assert times(frames) == sorted(times(frames))
    assert video.stopped_early is None


def test_a_camera_that_falls_silent(hurried, monkeypatch):
    monkeypatch.setattr(reading, "_GIVE_UP_S", 2.0)
    with held_port() as holder, udp_camera(holder.getsockname()[1], moving(60)) as url:
        frames, video = read(url)
    assert len(frames) > 20
    assert np.isfinite(times(frames)).all()
    assert times(frames) == sorted(times(frames))
    assert (video.live, video.damaged) == (True, 0)
    assert video.stopped_early.startswith(f"{url} has stopped: ")


def test_pictures_that_a_strict_decoder_refuses_are_shown_rather_than_none(tmp_path):
    """Each lacks its end and part of its data, as those of some webcams do."""
    write_video(tmp_path / "a.avi", moving(40), codec="mjpeg")
    with av.open(str(tmp_path / "a.avi")) as source, av.open(str(tmp_path / "b.avi"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                cut = av.Packet(bytes(packet)[: packet.size * 9 // 10])
                cut.pts, cut.dts, cut.time_base, cut.stream = packet.pts, packet.dts, packet.time_base, stream
                target.mux(cut)
    frames, video = read(tmp_path / "b.avi")
    assert (len(frames), video.damaged) == (40, 0)
    frames, video = read(tmp_path / "b.avi", live=True)
    assert (len(frames), video.damaged) == (40, 0)


@pytest.mark.parametrize("mode", ["stall", "endless"])
def test_stop_ends_the_frames_whatever_the_source_does(mode):
    with mjpeg_camera(mode) as url, VideoReader(url) as video:
        frames = video.frames()
        assert next(frames)[1].shape == (48, 64, 3)
        timer = threading.Timer(0.2, video.stop)
        timer.start()
        begun_s = time.monotonic()
        for _ in frames:
            pass
        assert time.monotonic() - begun_s < 5
        timer.join()
    assert video.stopped_early is None
