"""The streaming call, in both clients: each test runs once with threads and once with asyncio."""

import asyncio
import gc
import io
import itertools
import threading
import time
from contextlib import aclosing, closing

import numpy as np
import pytest
from PIL import Image

from facegrid import errors
from facegrid.answers.faces import DetectOptions
from facegrid.client import aio as async_client
from facegrid.client import calls, connection
from facegrid.client import sync as client
from facegrid.client.stream.ledger import PictureLedger
from facegrid.v1 import detect_pb2 as pb
from tests.client.face_server import FaceServer, expected_face
from tests.support.polling import eventually

pytestmark = pytest.mark.usefixtures("threads_end")


class Threads:
    """Runs the synchronous client."""

    def stream(self, target, images, take=None, then=None, **options: DetectOptions):
        """The first `take` answers (all by default); `then` is called after each."""
        with client.connect(target) as connected, closing(connected.detect_many(images, **options)) as items:
            answers = []
            for item in itertools.islice(items, take):
                answers.append(item)
                if then:
                    then(item)
            return answers


class Tasks:
    """Runs the asynchronous client."""

    def stream(self, target, images, take=None, then=None, **options):
        return asyncio.run(self._stream(target, images, take, then, options), debug=True)

    async def _stream(self, target, images, take, then, options):
        answers = []
        async with async_client.connect_async(target) as connected:
            async with aclosing(connected.detect_many(images, **options)) as items:
                if take == 0:
                    return answers
                async for item in items:
                    answers.append(item)
                    if then:
                        then(item)
                    if len(answers) == take:
                        break
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert not [task for task in others if task.get_name().startswith("facegrid")]
        return answers


@pytest.fixture(params=[Threads, Tasks])
def runner(request):
    return request.param()


def pictures(count: int) -> list[np.ndarray]:
    return [np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8) for seed in range(count)]


def test_every_picture_is_answered_once_with_its_own_faces(runner, server):
    images = pictures(50)
    started_s = time.monotonic()
    answers = runner.stream(server.target, images)
    took_s = time.monotonic() - started_s
    assert sorted(item.index for item in answers) == list(range(50))
    for item in answers:
        assert item.source is images[item.index]
        assert item.faces[0].landmarks.left_eye.x == expected_face(item.source).landmarks.left_eye.x
        assert item.error is None
        assert 0 < item.elapsed_s <= took_s
    assert server.servicer.ends == 1
    assert server.servicer.ids == [str(index) for index in range(50)]


def test_no_pictures_are_no_answers(runner, server):
    assert runner.stream(server.target, []) == []
    assert server.servicer.ends == 1


def test_answers_come_in_the_order_of_completion(runner, server):
    images = [b"hold", *pictures(3)]
    release = server.servicer.release.set
    answers = runner.stream(server.target, images, then=lambda item: item.index == 3 and server.call(release))
    assert [item.index for item in answers] == [1, 2, 3, 0]


@pytest.mark.parametrize("window", [1, 3, 8])
def test_the_window_is_never_exceeded_and_is_used(runner, server, window):
    server.servicer.detect = wait_until_full(server, window)
    answers = runner.stream(server.target, pictures(30), window=window)
    assert len(answers) == 30
    assert server.servicer.most_unanswered == window


def wait_until_full(server: FaceServer, window: int):
    """A Detect that answers when so many pictures are unanswered, or no more will come."""
    servicer = server.servicer

    async def detect(request: pb.DetectRequest) -> pb.DetectResponse:
        while servicer.unanswered < window and not servicer.ends:  # noqa: ASYNC110  (two conditions)
            await asyncio.sleep(0.001)
        return await servicer.look(request)

    return detect


def large_picture(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("side_px", "under_way"), [(4400, 2), (6400, 1), (100, 4)])
def test_the_window_is_bounded_by_pixels_as_well(runner, server, side_px, under_way):
    """Pictures of 19, 41 and 0.01 million pixels; 40 million may be under way, or one picture of any size."""
    servicer = server.servicer

    async def detect(request: pb.DetectRequest) -> pb.DetectResponse:
        while servicer.unanswered < under_way and not servicer.ends:  # noqa: ASYNC110  (two conditions)
            await asyncio.sleep(0.001)
        return pb.DetectResponse(image_width_px=1, image_height_px=1)

    servicer.detect = detect
    answers = runner.stream(server.target, [large_picture(side_px, side_px)] * 8, window=4)
    assert sorted(item.index for item in answers) == list(range(8))
    assert servicer.most_unanswered == under_way


def test_the_iterable_is_read_no_further_than_the_window(runner, server):
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield pictures(1)[0]

    answers = runner.stream(server.target, endless(), take=20, then=lambda item: check_read(read, item), window=4)
    assert len(answers) == 20
    assert len(read) <= 20 + 4
    # The call is cancelled, and at most the item that a thread was about to read is still read.
    count = len(read)
    eventually(server.servicer.cancelled.is_set)
    assert len(read) <= min(count + 1, 20 + 4)


def check_read(read: list[int], item) -> None:
    assert item.index < len(read)


def test_pictures_that_cannot_be_sent_take_part_in_the_window(runner, server):
    read = []

    def missing():
        for number in itertools.count():
            read.append(number)
            yield "/no/such/file.jpg"

    answers = runner.stream(server.target, missing(), take=10, window=2)
    assert [item.index for item in answers] == list(range(10))
    assert len(read) <= 12


def test_a_picture_that_fails_does_not_end_the_stream(runner, server, tmp_path):
    good = pictures(2)
    images = [good[0], b"no picture", tmp_path / "none.png", np.zeros((2, 2)), b"status 14 UNAVAILABLE: pnet", good[1]]
    answers = {item.index: item for item in runner.stream(server.target, images)}
    assert sorted(answers) == list(range(6))
    assert [type(answers[index].error) for index in range(6)] == [
        type(None),
        errors.InvalidImage,
        FileNotFoundError,
        errors.InvalidImage,
        errors.Unavailable,
        type(None),
    ]
    for index in (1, 2, 3, 4):
        assert answers[index].detection is None
        with pytest.raises(type(answers[index].error)):
            _ = answers[index].faces


def test_options_go_with_every_picture(runner, server):
    runner.stream(server.target, pictures(3), min_face_px=40, timeout_s=2)
    assert {request.options.min_face_px for request in server.servicer.requests} == {40}
    assert {request.timeout_ms for request in server.servicer.requests} == {2000}


def test_a_broken_connection_ends_with_the_number_of_unanswered_pictures(runner, server):
    seen = []
    # The second is ours, for a write that fails first: grpc.aio then keeps the server's own words to itself.
    words = r"(the connection broke|the connection was lost).*; 3 of the 5 pictures sent are unanswered"
    with pytest.raises(errors.Unavailable, match=words):
        runner.stream(server.target, [*pictures(2), b"hold", b"hold", b"break"], then=seen.append)
    assert [item.index for item in seen] == [0, 1]


def test_a_server_that_dies_ends_the_stream(runner, server):
    stopper = []

    def stop_when_both_are_there() -> None:
        eventually(server.servicer.held.is_set)
        server.stop()

    def stop(item) -> None:
        thread = threading.Thread(target=stop_when_both_are_there)
        thread.start()
        stopper.append(thread)

    with pytest.raises(errors.FacegridError, match="1 of the 2 pictures sent are unanswered"):
        runner.stream(server.target, [pictures(1)[0], b"hold"], then=stop)
    stopper[0].join()


def test_a_server_that_is_not_there_is_unavailable(runner, free_port):
    with pytest.raises(errors.Unavailable, match=f"127.0.0.1:{free_port}.*unanswered"):
        runner.stream(f"127.0.0.1:{free_port}", pictures(2))


def test_the_iterables_own_error_comes_after_the_answers_under_way(runner, server):
    def failing():
        yield from pictures(3)
        raise ZeroDivisionError("camera")

    seen = []
    with pytest.raises(ZeroDivisionError, match="camera"):
        runner.stream(server.target, failing(), then=seen.append)
    assert len(seen) == 3


def test_leaving_early_cancels_the_call(runner, server):
    images = itertools.chain(pictures(1), itertools.repeat(b"hold"))
    [item] = runner.stream(server.target, images, take=1)
    assert item.index == 0
    eventually(server.servicer.cancelled.is_set)
    assert server.servicer.ends == 0


@pytest.mark.parametrize("window", [0, -1, 1.5, "8"])
def test_a_window_out_of_range_is_refused(runner, server, window):
    with pytest.raises(errors.InvalidOption, match="at least 1"):
        runner.stream(server.target, [], window=window)


@pytest.mark.parametrize("images", ["photo.jpg", b"photo", 7, None])
def test_one_picture_in_place_of_many_is_a_type_error(runner, server, images):
    with pytest.raises(TypeError):
        runner.stream(server.target, images)
    assert server.servicer.streams == 0


def test_a_service_that_hangs_is_given_up(runner, server, monkeypatch):
    monkeypatch.setattr(connection, "HUNG_SERVICE_S", 0.2)

    def given_up() -> str:
        with pytest.raises(errors.DeadlineExceeded) as caught:
            runner.stream(server.target, [pictures(1)[0], b"hold"])
        return caught.value.message

    # In so short a time even the first may not be answered: then it is asked again.
    eventually(lambda: "no answer for 0.2 s; 1 of the 2" in given_up())


def test_a_slow_iterable_is_not_a_hanging_service(runner, server, monkeypatch):
    def slow(stall_s, answered):
        yield pictures(1)[0]
        answered.wait(60)  # the first answer arrives although the iterable blocks
        threading.Event().wait(2.5 * stall_s)
        yield pictures(1)[0]

    async def slow_async(stall_s, answered):
        yield pictures(1)[0]
        await asyncio.to_thread(answered.wait, 60)
        await asyncio.sleep(2.5 * stall_s)
        yield pictures(1)[0]

    def answers(stall_s) -> int:
        monkeypatch.setattr(connection, "HUNG_SERVICE_S", stall_s)
        answered = threading.Event()
        images = slow if isinstance(runner, Threads) else slow_async
        try:
            return len(runner.stream(server.target, images(stall_s, answered), then=lambda _: answered.set()))
        except errors.DeadlineExceeded:
            return 0
        finally:
            answered.set()

    # A busy machine may take longer than the first to answer a picture.
    assert any(answers(stall_s) == 2 for stall_s in (0.1, 1.0, 5.0))


def test_a_generator_that_is_dropped_cancels_the_call(server):
    with client.connect(server.target) as connected:
        items = connected.detect_many(itertools.chain(pictures(1), itertools.repeat(b"hold")))
        next(items)
        del items
        gc.collect()
        eventually(server.servicer.cancelled.is_set)
        assert server.servicer.ends == 0


def test_a_generator_that_is_not_begun_makes_no_call(server):
    with client.connect(server.target) as connected:
        connected.detect_many(pictures(1)).close()
    assert server.servicer.streams == 0


def test_an_async_client_outside_of_a_loop_is_refused():
    with pytest.raises(RuntimeError, match=r"inside `async def`.*async with facegrid.connect_async\(\)") as caught:
        async_client.connect_async("127.0.0.1:9000")
    assert "\n" not in str(caught.value)


def ledger_with(count: int) -> PictureLedger:
    ledger = PictureLedger(calls.DETECT_STREAM, calls.DETECT_STREAM.encoder(None, {}), "request")
    for _ in range(count):
        ledger.sent(ledger.admit(b""))
    return ledger


def test_an_answer_to_an_item_that_is_not_waiting_is_a_fault_of_the_service():
    sent = ledger_with(1)
    assert sent.answer(pb.DetectStreamResponse(id="0", response=pb.DetectResponse())).index == 0
    for item_id in ("0", "1", ""):
        with pytest.raises(errors.InternalError, match="not waiting for an answer"):
            sent.answer(pb.DetectStreamResponse(id=item_id, response=pb.DetectResponse()))


@pytest.mark.parametrize(("answered", "said"), [(1, 2), (2, 1), (2, 3)])
def test_an_end_that_does_not_add_up_is_a_fault_of_the_service(answered, said):
    sent = ledger_with(2)
    for index in range(answered):
        sent.answer(pb.DetectStreamResponse(id=str(index), response=pb.DetectResponse()))
    with pytest.raises(errors.InternalError, match=f"after {said} answers, 2 pictures were sent"):
        sent.answer(pb.DetectStreamResponse(end=pb.DetectStreamResponse.End(items=said)))


def test_a_stream_closed_in_order_but_without_its_end_is_not_success():
    assert type(ledger_with(2).broken(None)) is errors.Unavailable
