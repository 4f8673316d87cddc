import asyncio

import pytest

from facegrid.errors import InvalidImage, InvalidRequest
from facegrid.v1 import detect_pb2 as pb
from orchestrator.api.stream import answer_stream


def item(item_id, image=b""):
    return pb.DetectStreamRequest(item=pb.DetectStreamRequest.Item(id=item_id, request=pb.DetectRequest(image=image)))


END = pb.DetectStreamRequest(end=pb.DetectStreamRequest.End())


class Caller:
    """Sends messages, and remembers how many were read."""

    def __init__(self, *messages):
        self._messages = messages
        self.read = 0

    async def __aiter__(self):
        for message in self._messages:
            self.read += 1
            yield message


class Detector:
    """Answers a picture when it is let go; `image` is the name of what to wait for."""

    def __init__(self):
        self.started, self.cancelled = [], []
        self._gates = {}

    def let_go(self, *names):
        for name in names:
            self._gates.setdefault(name, asyncio.Event()).set()

    async def __call__(self, request):
        name = request.image.decode()
        self.started.append(name)
        try:
            await self._gates.setdefault(name, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        if name.startswith("bad"):
            raise InvalidImage("the picture is empty: 0 bytes")
        return pb.DetectResponse(image_width_px=int(name))


def stream(caller, detector, window=4, max_id_bytes=256):
    return answer_stream("DetectStream", aiter(caller), detector, window=window, max_id_bytes=max_id_bytes)


async def settled():
    """Returns when every task that can go on has done so."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_answers_come_in_the_order_of_completion_with_their_ids_and_then_the_end():
    async def main():
        detector = Detector()
        answers = stream(Caller(item("a", b"1"), item("b", b"2"), item("c", b"bad"), END), detector)
        detector.let_go("2")
        first = await anext(answers)
        detector.let_go("bad")
        second = await anext(answers)
        detector.let_go("1")
        return [first, second, *[answer async for answer in answers]]

    b, c, a, end = asyncio.run(main())
    assert (b.id, b.response.image_width_px, a.id, a.response.image_width_px) == ("b", 2, "a", 1)
    assert (c.id, c.error.code, c.error.reason) == ("c", 3, "INVALID_IMAGE")
    assert end.end.items == 3


@pytest.mark.parametrize("window", [1, 3])
def test_no_more_than_the_window_is_read_before_answers_are_taken(window):
    async def main():
        detector = Detector()
        caller = Caller(*[item(str(i), str(i).encode()) for i in range(10)], END)
        answers = stream(caller, detector, window=window)
        taking = asyncio.create_task(anext(answers))
        await settled()
        assert caller.read == len(detector.started) == window
        detector.let_go(*map(str, range(10)))
        await taking
        await settled()
        # One was taken: one more place. All others are answered, but nobody has come for the answers.
        assert caller.read <= window + 1
        return [await taking, *[answer async for answer in answers]]

    answers = asyncio.run(main())
    assert len(answers) == 11
    assert answers[-1].end.items == 10


def test_a_half_close_without_end_is_answered_but_not_confirmed():
    async def main():
        detector = Detector()
        detector.let_go("1")
        return [answer async for answer in stream(Caller(item("a", b"1")), detector)]

    (only,) = asyncio.run(main())
    assert only.id == "a"


def test_no_item_at_all():
    async def main():
        return [answer async for answer in stream(Caller(END), Detector())]

    (only,) = asyncio.run(main())
    assert only.HasField("end")
    assert only.end.items == 0


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([pb.DetectStreamRequest()], "neither"),
        ([item("a", b"1"), item("a", b"2")], "still in flight"),
        ([item("ä" * 5, b"1")], "10 bytes, at most 9"),
    ],
)
def test_a_broken_protocol_ends_the_stream_and_what_is_in_flight(messages, words):
    detector = Detector()

    async def main():
        with pytest.raises(InvalidRequest, match=words):
            async for _ in stream(Caller(*messages), detector, max_id_bytes=9):
                pass
        await settled()

    asyncio.run(main())
    assert detector.cancelled == detector.started


def test_an_id_may_be_used_again_once_it_is_answered():
    async def main():
        detector = Detector()
        detector.let_go("1", "2")
        return [answer async for answer in stream(Caller(item("a", b"1"), item("a", b"2"), END), detector, window=1)]

    assert [answer.id for answer in asyncio.run(main())] == ["a", "a", ""]


def test_abandoning_the_stream_cancels_what_is_in_flight():
    detector = Detector()

    async def main():
        answers = stream(Caller(item("a", b"1"), item("b", b"2"), item("c", b"3")), detector)
        detector.let_go("1")
        await anext(answers)
        await settled()
        await answers.aclose()

    asyncio.run(main())
    assert sorted(detector.cancelled) == ["2", "3"]
