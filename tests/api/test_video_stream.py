"""The protocol of IdentifyVideo, with a video whose frames take as long as the test wants."""

import asyncio

import pytest

from facegrid.errors import InvalidImage, InvalidOption, InvalidRequest
from facegrid.v1 import video_pb2 as pb
from orchestrator.api.video_stream import answer_video

OPTIONS = pb.IdentifyVideoRequest(options=pb.IdentifyVideoOptions())
END = pb.IdentifyVideoRequest(end=pb.IdentifyVideoRequest.End())


def frame(index, timestamp_ms=None, image=b"x"):
    at = index * 40 if timestamp_ms is None else timestamp_ms
    return pb.IdentifyVideoRequest(frame=pb.IdentifyVideoRequest.Frame(index=index, timestamp_ms=at, image=image))


class Caller:
    """Sends messages, and remembers how many were read."""

    def __init__(self, *messages):
        self._messages = messages
        self.read = 0

    async def __aiter__(self):
        for message in self._messages:
            self.read += 1
            yield message


class Video:
    """Prepares a frame when it is let go, and answers it with its own number."""

    def __init__(self, *, live=False, every=5, held=False):
        self.live, self.detect_every_n = live, every
        self.prepared, self.answered, self.due, self.cancelled = [], [], [], []
        self.gate = asyncio.Event()
        if not held:
            self.gate.set()

    async def prepare(self, frame, *, due):
        self.prepared.append(frame.index)
        if due:
            self.due.append(frame.index)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(frame.index)
            raise
        if frame.image == b"bad":
            raise InvalidImage("the picture is empty: 0 bytes")
        if frame.image == b"bug":
            raise ZeroDivisionError("secret")
        return frame.index

    async def answer(self, frame, prepared):
        assert prepared == frame.index
        self.answered.append(frame.index)
        return pb.FrameResult(index=frame.index, timestamp_ms=frame.timestamp_ms, detected=frame.index in self.due)

    async def finish(self):
        return pb.VideoSummary(threshold=0.5)


def stream(caller, video, window=4):
    async def open_video(options):
        if options.detect_every_n > 300:
            raise InvalidOption("detect_every_n is 301, allowed are 1 to 300")
        return video

    return answer_video(aiter(caller), open_video, window=window)


async def settled():
    for _ in range(50):
        await asyncio.sleep(0)


def answers(*messages, **options):
    async def main():
        video = Video(**options)
        return video, [answer async for answer in stream(Caller(*messages), video)]

    return asyncio.run(main())


def test_frames_are_answered_in_their_order_and_then_the_end():
    video, (*frames, end) = answers(OPTIONS, *map(frame, range(12)), END)
    assert [answer.frame.index for answer in frames] == list(range(12)) == video.answered
    assert video.due == [0, 5, 10]
    summary = end.end
    assert (summary.frames, summary.failed_frames, summary.detected_frames, summary.dropped_frames) == (12, 0, 3, 0)
    assert summary.threshold == 0.5


def test_a_frame_that_fails_is_an_error_in_its_place_and_the_others_go_on():
    messages = [frame(0), frame(1, image=b"bad"), frame(2, image=b"bug"), frame(3)]
    video, (*frames, end) = answers(OPTIONS, *messages, END)
    assert [answer.frame.error.reason for answer in frames] == ["", "INVALID_IMAGE", "INTERNAL", ""]
    assert "secret" not in frames[2].frame.error.message
    assert video.answered == [0, 3]
    assert (end.end.frames, end.end.failed_frames) == (4, 2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [(frame(3, 200), "index is 3, after 3"), (frame(9, 119), "timestamp_ms of frame 9 is 119, after 120")],
)
def test_a_frame_out_of_order_is_an_error_in_its_place(wrong, words):
    video, (*frames, _) = answers(OPTIONS, frame(3), wrong, frame(10, 120), END)
    assert frames[1].frame.error.reason == "INVALID_REQUEST"
    assert words in frames[1].frame.error.message
    assert video.answered == [3, 10]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([frame(0)], "the first message has frame, expected `options`"),
        ([pb.IdentifyVideoRequest()], "the first message has nothing"),
        ([OPTIONS, OPTIONS], "a second time"),
        ([OPTIONS, pb.IdentifyVideoRequest()], "neither"),
        ([OPTIONS, frame(0), OPTIONS, frame(1)], "a second time"),
    ],
)
def test_a_broken_protocol_ends_the_call(messages, words):
    with pytest.raises(InvalidRequest, match=words):
        answers(*messages)


def test_a_refused_option_ends_the_call():
    with pytest.raises(InvalidOption, match="301"):
        answers(pb.IdentifyVideoRequest(options=pb.IdentifyVideoOptions(detect_every_n=301)), frame(0))


def test_no_frames_and_no_messages():
    assert [answer.end.frames for answer in answers(OPTIONS, END)[1]] == [0]
    assert answers()[1] == []


def test_a_half_close_without_end_is_answered_but_not_confirmed():
    assert [answer.frame.index for answer in answers(OPTIONS, frame(0), frame(1))[1]] == [0, 1]


@pytest.mark.parametrize("window", [1, 3])
def test_no_more_than_the_window_is_read_ahead(window):
    async def main():
        video = Video(held=True)
        caller = Caller(OPTIONS, *map(frame, range(20)), END)
        responses = stream(caller, video, window=window)
        taking = asyncio.create_task(anext(responses))
        await settled()
        assert caller.read == 1 + window
        assert video.prepared == list(range(window))
        video.gate.set()
        await taking
        await settled()
        # One was taken; nobody has come for the next.
        assert caller.read <= 1 + window + 1
        assert len([answer async for answer in responses]) == 20

    asyncio.run(main())


def test_a_live_source_is_read_on_and_the_oldest_that_wait_are_dropped():
    async def main():
        video = Video(live=True, held=True)
        caller = Caller(OPTIONS, *map(frame, range(20)), END)
        responses = stream(caller, video, window=4)
        taking = asyncio.create_task(anext(responses))
        await settled()
        assert caller.read == 22
        video.gate.set()
        return video, [await taking, *[answer async for answer in responses]]

    video, (*frames, end) = asyncio.run(main())
    # Two were under way and two wait: the newest.
    assert video.answered == [0, 1, 18, 19] == [answer.frame.index for answer in frames]
    assert [answer.frame.dropped_frames for answer in frames] == [16] * 4
    assert (end.end.frames, end.end.dropped_frames) == (4, 16)


def test_abandoning_the_stream_cancels_what_is_under_way():
    async def main():
        video = Video(held=True)
        responses = stream(Caller(OPTIONS, frame(0), frame(1), END), video)
        taking = asyncio.create_task(anext(responses))
        await settled()
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        await responses.aclose()
        return video.cancelled

    assert asyncio.run(main()) == [0, 1]
