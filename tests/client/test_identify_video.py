"""One video over one call, for threads and for asyncio."""

import asyncio
import itertools

import numpy as np
import pytest

import facegrid
from tests.support.polling import eventually


def numbered(photo, count):
    """Frames at 25 a second."""
    return ((index / 25, photo) for index in range(count))


async def collect(target, frames, **options):
    async with facegrid.connect_async(target) as client, client.identify_video(frames, **options) as video:
        return [frame async for frame in video], video.summary


@pytest.fixture(params=["threads", "asyncio"])
def identify(request, server):
    """Returns all frames and the summary, with either client."""

    def run(frames, **options):
        if request.param == "asyncio":
            return asyncio.run(collect(server.target, frames, **options))
        with facegrid.connect(server.target) as client, client.identify_video(frames, **options) as video:
            return list(video), video.summary

    return run


def test_every_frame_is_answered_in_order_with_its_pixels(identify, server, photo):
    frames, summary = identify(numbered(photo, 20), window=3)
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.timestamp_s for frame in frames] == pytest.approx([index / 25 for index in range(20)])
    [seen] = frames[7].faces
    assert (seen.track_id, seen.subject, seen.distance, seen.decided) == (1, "ann", 0.25, True)
    assert seen.face.landmarks.left_eye.x == float(photo.astype(np.uint64).sum() % 65521)
    assert summary.frames == 20
    assert server.servicer.ends == 1


def test_the_summary_has_every_event_and_the_last_decision_on_each_track(identify, photo):
    _, summary = identify(numbered(photo, 4))
    assert [(event.kind, event.subject, event.frame) for event in summary.events] == [
        ("entered", "ann", 0),
        ("left", "ann", 2),
    ]
    [decision] = summary.decisions
    assert (decision.evidence_frames, decision.last_frame) == ([3], 3)
    assert (summary.threshold, summary.false_positive_rate) == (0.5, None)
    assert summary.embedder.metric == "euclidean, raw"


def test_options_come_first_and_once(identify, server, photo):
    identify(numbered(photo, 2), detect_every_n=7, timeout_s=1.5, min_face_px=40, target_false_positive_rate=0.01)
    [options] = server.servicer.video_options
    assert (options.detect_every_n, options.timeout_ms, options.live) == (7, 1500, False)
    assert options.detect_options.min_face_px == 40
    assert options.identify_options.target_false_positive_rate == 0.01


def test_no_frames(identify, server):
    frames, summary = identify([])
    assert (frames, summary.frames) == ([], 0)
    assert len(server.servicer.video_options) == 1


def test_a_frame_that_fails_carries_its_error_and_the_others_go_on(identify, photo):
    wrong = [
        (0.0, photo),
        (0.1, b"no picture"),
        (0.2, "/no/such/file.png"),
        (-1, photo),
        (0.3, np.zeros(3)),
        (0.4, photo),
    ]
    frames, summary = identify(wrong)
    errors = {frame.index: type(frame.error) for frame in frames}
    assert errors == {
        0: type(None), 1: facegrid.InvalidImage, 2: FileNotFoundError, 3: facegrid.InvalidRequest,
        4: facegrid.InvalidImage, 5: type(None),
    }  # fmt: skip
    assert summary.frames == 3


def test_frames_the_service_drops_do_not_fill_the_window(identify, photo):
    frames, summary = identify([(index / 25, photo if index % 10 == 0 else b"drop") for index in range(50)], live=True)
    assert [frame.index for frame in frames] == [0, 10, 20, 30, 40]
    assert (frames[-1].dropped_frames, summary.dropped_frames) == (36, 45)


def test_a_source_that_fails_fails_the_loop_after_what_was_answered(identify, photo):
    def broken():
        yield from numbered(photo, 3)
        raise OSError("the camera was unplugged")

    with pytest.raises(OSError, match="unplugged"):
        identify(broken())


def test_a_call_that_breaks_says_how_many_frames_are_unanswered(identify, photo):
    with pytest.raises(facegrid.Unavailable, match="frames sent are unanswered"):
        identify([(0.0, photo), (0.1, b"break")], window=1)


def test_an_endless_source_may_be_left_at_any_time(server, client, photo, threads_end):
    with client.identify_video(numbered(photo, 10**9)) as video:
        assert [frame.index for frame in itertools.islice(video, 3)] == [0, 1, 2]
        with pytest.raises(RuntimeError, match="all frames"):
            _ = video.summary
    eventually(server.servicer.cancelled.is_set)


@pytest.mark.parametrize("option", [{"window": 0}, {"detect_every_n": 0}, {"detect_every_n": 2.5}, {"timeout_s": -1}])
def test_wrong_options_are_refused_at_once(client, option):
    with pytest.raises(facegrid.InvalidOption):
        client.identify_video([], **option)


def test_a_path_is_no_iterable_of_frames(client):
    with pytest.raises(TypeError, match="facegrid video"):
        client.identify_video("clip.mp4")
