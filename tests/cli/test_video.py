import io
import itertools
import json
import os
import signal
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.media.cameras import mjpeg_camera
from tests.support.polling import eventually

av = pytest.importorskip("av")

DATA = Path(__file__).parents[1] / "media" / "data"


def pictures(count, width=64, height=48):
    """Frames whose grey says their number."""
    return [np.full((height, width, 3), 40 + 5 * number, np.uint8) for number in range(count)]


def write(path, frames, times_ms=None, *, rotation=0, codec="libx264"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p" if frames[0].shape[1] % 2 == 0 else "yuv444p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = (times_ms or range(0, 40_000, 40))[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path):
    return write(tmp_path / "clip.mp4", pictures(12))


def test_events_tracks_and_counts_are_printed(facegrid, server, clip):
    result = facegrid("video", clip)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "0:00:00.000  ann entered",
        "0:00:00.000  ann left",
        "track 1  0:00:00.000 - 0:00:00.000  ann",
        "12 frames, faces looked for in 0",
    ]


def test_json_has_a_line_for_each_frame(facegrid, server, clip):
    result = facegrid("video", clip, "--json")
    assert result.code == 0
    assert [line["frame"] for line in result.lines] == list(range(12))
    assert [line["time_s"] for line in result.lines] == pytest.approx([0.04 * n for n in range(12)])
    [face] = result.lines[3]["faces"]
    assert (face["track_id"], face["subject"], face["box"]) == (1, "ann", [1, 2, 11, 22])
    assert [event["kind"] for line in result.lines for event in line["events"]] == ["entered"]


def test_frames_arrive_upright_and_in_order(facegrid, server, tmp_path):
    half = np.zeros((48, 64, 3), np.uint8)
    half[:, :32] = 255  # white on the left
    facegrid("video", write(tmp_path / "a.mp4", [half]))
    [request] = server.servicer.requests
    seen = np.asarray(Image.open(io.BytesIO(request.image)).convert("L"))
    assert seen.shape == (48, 64)
    assert seen[:, :28].mean() > 240
    assert seen[:, 36:].mean() < 15


def test_frames_are_drawn_with_their_own_times_and_names(facegrid, server, tmp_path):
    times_ms = [0, 40, 200, 210, 900]
    source = write(tmp_path / "vfr.mp4", pictures(5, 65, 49), times_ms)
    out = tmp_path / "drawn.mp4"
    assert facegrid("video", source, "--draw", out).code == 0
    with av.open(str(out)) as container:
        drawn = list(container.decode(video=0))
        assert container.streams.video[0].codec_context.name == "h264"
    assert [round(frame.time * 1000) for frame in drawn] == times_ms
    assert (drawn[0].width, drawn[0].height) == (64, 48)
    before = np.full((48, 64, 3), 40, np.uint8)
    assert np.abs(drawn[0].to_ndarray(format="rgb24").astype(int) - before).max() > 60, "a box is drawn"


def test_the_timeline_has_tracks_and_events(facegrid, server, clip, tmp_path):
    out = tmp_path / "out.json"
    facegrid("video", clip, "--timeline", out)
    timeline = json.loads(out.read_text())
    assert (timeline["source"], timeline["frames"], timeline["threshold"]) == (str(clip), 12, 0.5)
    assert timeline["embedder"]["name"] == "dlib_resnet"
    assert [track["subject"] for track in timeline["tracks"]] == ["ann"]
    assert [(event["kind"], event["frame"]) for event in timeline["events"]] == [("entered", 0), ("left", 2)]


def test_options_reach_the_service(facegrid, server, clip):
    facegrid("video", clip, "--every", 9, "--live", "--threshold", 0.4, "--min-face-px", 30, "--timeout-s", 2)
    [options] = server.servicer.video_options
    assert (options.detect_every_n, options.live, options.timeout_ms) == (9, True, 2000)
    assert options.identify_options.threshold == 0.4
    assert options.detect_options.min_face_px == 30


def test_a_video_of_one_frame(facegrid, server, tmp_path):
    assert "1 frames" in facegrid("video", write(tmp_path / "one.mp4", pictures(1))).out


def test_what_is_no_video_says_so(facegrid, server, tmp_path):
    text, empty = tmp_path / "text.mp4", tmp_path / "empty.mp4"
    text.write_text("no video " * 100)
    empty.write_bytes(b"")
    for source, words in (
        (text, "is not a video that can be read"),
        (empty, "is not a video that can be read"),
        (tmp_path / "none.mp4", "no such file"),
        ("/dev/video97", "cannot open camera /dev/video97"),
        ("97", "cannot open camera 97"),
        ("rtsp://127.0.0.1:1/stream", "is the address right and the server up?"),
    ):
        result = facegrid("video", source)
        assert (result.code, result.out) == (1, "")
        assert words in result.err
        assert result.err.count("\n") == 1
    assert server.servicer.video_options == []


def test_sound_alone_is_no_video(facegrid, server, tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    result = facegrid("video", path)
    assert result.code == 1
    assert "has no video stream (its streams: audio)" in result.err


def test_a_cut_off_video_gives_what_is_left_of_it(facegrid, server, tmp_path):
    rng = np.random.default_rng(3)
    noise = [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(40)]
    whole = write(tmp_path / "whole.mkv", noise).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) // 2])
    frames = len(facegrid("video", cut, "--json").lines)
    assert 5 < frames < 40


def test_a_damaged_video_leaves_frames_out_and_says_so(facegrid, server, tmp_path):
    rng = np.random.default_rng(3)
    data = bytearray(write(tmp_path / "a.mkv", [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(30)],
                           codec="mpeg4").read_bytes())  # fmt: skip
    for place in rng.integers(2000, len(data) - 2000, 60):
        data[place : place + 40] = bytes(40)
    bad = tmp_path / "bad.mkv"
    bad.write_bytes(bytes(data))
    result = facegrid("video", bad, "--json")
    assert result.code in (0, 1)
    assert (result.code == 1) == ("are damaged and left out" in result.err)
    assert 0 < len(result.lines) <= 30


def test_a_video_of_smears_is_one_sentence_with_their_number(facegrid, server):
    result = facegrid("video", DATA / "damaged.mp4")
    assert (result.code, result.out) == (1, "")
    assert result.err == f"facegrid: {DATA / 'damaged.mp4'} has no whole frame: 30 are damaged and left out\n"


def test_what_was_seen_before_a_source_stops_is_kept(facegrid, server, tmp_path, monkeypatch):
    monkeypatch.setattr("facegrid.media.video.source.ANSWER_S", 1.0)
    drawn, timeline = tmp_path / "a.mp4", tmp_path / "a.json"
    with mjpeg_camera("stall") as url:
        result = facegrid("video", url, "--timeline", timeline, "--draw", drawn)
    assert result.code == 1
    assert result.err == f"facegrid: {url} has stopped: it does not answer\n"
    assert "0:00:00.000  ann left" in result.out
    assert "track 1" in result.out
    frames = json.loads(timeline.read_text())["frames"]
    assert frames >= 19
    with av.open(str(drawn)) as container:
        assert len(list(container.decode(video=0))) == frames


def test_a_live_source_that_drops_is_opened_again_and_the_first_sentence_says_so(facegrid, server, monkeypatch):
    monkeypatch.setattr("facegrid.media.video.source.ANSWER_S", 1.0)
    with mjpeg_camera("end") as url:
        result = facegrid("video", url, "--live", "--json")
    assert result.code == 1
    again, stopped = result.err.splitlines()
    assert again.endswith("; opening it again (1 of 5)")
    assert stopped.startswith(f"facegrid: {url} has stopped: ")
    assert len(result.lines) > 20


def test_a_silent_server_is_one_sentence_and_ctrl_c_ends_the_wait(facegrid, server, monkeypatch):
    with mjpeg_camera("silent") as url:
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        result = facegrid("video", url)
        timer.join()
        assert (result.code, result.err) == (130, "facegrid: interrupted\n")
        monkeypatch.setattr("facegrid.media.video.source.ANSWER_S", 0.5)
        result = facegrid("video", url, "--live")
    assert result.code == 1
    assert result.err == f"facegrid: cannot open {url}: it does not answer; is the address right and the server up?\n"


def test_names_that_look_like_urls_are_files(facegrid, server, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip.rename(tmp_path / "2024-01-26T20:57:04Z.mp4")
    result = facegrid("video", "2024-01-26T20:57:04Z.mp4", "--draw", "out: 1.mp4", "--timeline", "t: 1.json")
    assert (result.code, result.err) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2024-01-26T20:57:04Z.mp4", "out: 1.mp4", "t: 1.json"]


def test_names_without_a_font_are_told_once(facegrid, server, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("facegrid.cli.video._labels", lambda _: ["\ue000"])  # no font has a private letter
    result = facegrid("video", clip, "--draw", tmp_path / "a.mp4")
    assert result.code == 0
    assert result.err.count("no font on this machine has all letters of") == 1


def test_wrong_usage_is_one_sentence(facegrid, server, clip, tmp_path, monkeypatch):
    for arguments, words in (
        ([clip, "--draw", clip], "would overwrite the video"),
        ([clip, "--draw", tmp_path / "out.gif"], "choose .mp4, .mkv or .mov"),
        ([clip, "--threshold", "0.5", "--target-false-positive-rate", "0.01"], "exclude each other"),
    ):
        result = facegrid("video", *arguments)
        assert (result.code, result.out) == (2, "")
        assert words in result.err


def test_no_service_is_one_sentence(facegrid, clip):
    result = facegrid("video", clip, "--target", "127.0.0.1:1")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("facegrid: cannot reach the service at 127.0.0.1:1")


def test_a_drawn_copy_that_cannot_be_written_says_so(facegrid, server, clip, tmp_path):
    result = facegrid("video", clip, "--draw", tmp_path / "none" / "out.mp4")
    assert result.code == 1
    assert "cannot write" in result.err


def test_an_interrupt_ends_the_source_and_what_is_under_way_is_answered(facegrid, server, tmp_path):
    answer = server.servicer.look
    count = itertools.count(1)

    async def look(request):
        if next(count) == 30:
            os.kill(os.getpid(), signal.SIGINT)
        return await answer(request)

    server.servicer.detect = server.servicer.look = look
    before = signal.getsignal(signal.SIGINT)
    with mjpeg_camera("endless") as url:
        result = facegrid("video", url, "--json", "--window", 4, "--draw", tmp_path / "a.mp4")
    assert (result.code, result.err) == (0, "")
    assert 28 <= len(result.lines) < 60
    assert signal.getsignal(signal.SIGINT) is before
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(list(container.decode(video=0))) == len(result.lines)
    eventually(lambda: not any("facegrid" in thread.name for thread in threading.enumerate()))
