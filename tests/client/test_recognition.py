"""Embed, verify, enroll, identify and subjects: each test runs once with threads and once with asyncio."""

import asyncio
import io
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from facegrid import errors
from facegrid.answers.gallery import EnrollOptions
from facegrid.answers.people import IdentifyOptions, Portrait, VerifyOptions
from facegrid.client import aio as async_client
from facegrid.client import calls
from facegrid.client import sync as client
from facegrid.v1 import enroll_pb2, identify_pb2, verify_pb2
from tests.client.people_servicer import ENROLLED_AT, THRESHOLD

STREAMED = {"subjects", "embed_many", "enroll_many", "identify_many"}
"""Methods that yield."""


class Threads:
    """Runs the synchronous client."""

    def __init__(self, target):
        self.target = target

    def __getattr__(self, method):
        def call(*args, **kwargs):
            with client.connect(self.target) as connected:
                answer = getattr(connected, method)(*args, **kwargs)
                return list(answer) if method in STREAMED else answer

        return call


class Tasks:
    """Runs the asynchronous client."""

    def __init__(self, target):
        self.target = target

    def __getattr__(self, method):
        async def call(args, kwargs):
            async with async_client.connect_async(self.target) as connected:
                answer = getattr(connected, method)(*args, **kwargs)
                return [one async for one in answer] if method in STREAMED else await answer

        return lambda *args, **kwargs: asyncio.run(call(args, kwargs))


@pytest.fixture(params=[Threads, Tasks])
def ask(request, server):
    return request.param(server.target)


def grey(level: int) -> np.ndarray:
    return np.full((8, 9, 3), level, np.uint8)


def test_a_vector_arrives_with_what_made_it(ask):
    (one,) = ask.embed(grey(51))
    assert (one.vector.shape, one.vector.dtype) == ((128,), np.float32)
    np.testing.assert_allclose(one.vector, 0.2, atol=1e-6)
    assert (one.model, one.version, one.embedder.metric) == ("test_net", 7, "euclidean, unit")
    assert (one.face.score, one.face.box.height) == (0.75, 20)
    assert "vector" not in repr(one)


def test_a_comparison_arrives_whole(ask, server):
    found = ask.verify(grey(0), Portrait(grey(51), 2))
    assert (found.distance, found.threshold, found.same) == (pytest.approx(0.2), THRESHOLD, True)
    assert found.false_match_rate == 0.25
    assert found.first_face.score == 0.75
    (request,) = server.servicer.asked
    assert not request.first.HasField("face_index")
    assert request.second.face_index == 2
    far = ask.verify(grey(0), grey(51), threshold=0.1, min_face_px=40)
    assert (far.same, far.threshold, far.false_match_rate) == (False, 0.1, None)
    assert server.servicer.asked[1].detect_options.min_face_px == 40


def test_an_identity_arrives_whole(ask, server):
    ask.enroll("Ann", [grey(0), grey(10)])
    ask.enroll("Bob", grey(200))
    (known,) = ask.identify(grey(51), top_k=7, target_false_positive_rate=0.01)
    assert (known.subject, known.distance) == ("Ann", pytest.approx(41 / 255, abs=1e-6))
    assert known.margin == pytest.approx((149 - 41) / 255, abs=1e-6)
    assert [one.subject for one in known.candidates] == ["Ann", "Bob"]
    request = server.servicer.asked[-1]
    assert (request.identify_options.top_k, request.identify_options.target_false_positive_rate) == (7, 0.01)
    found = ask.identify_detailed(grey(51))
    assert (found.threshold, found.false_positive_rate, found.embedder.name) == (THRESHOLD, None, "test_net")


def test_an_unknown_face_has_no_subject(ask):
    (unknown,) = ask.identify(grey(51))
    assert (unknown.subject, unknown.distance, unknown.margin, unknown.candidates) == (None, None, None, [])


def test_an_enrolment_says_what_became_of_each_picture(ask, server):
    result = ask.enroll("Ann", [grey(1), b"no face", grey(2)], min_score=0.5, detect_options={"min_face_px": 33})
    assert (result.subject, [face.index for face in result.enrolled]) == ("Ann", [0, 2])
    assert [(one.index, type(one.error)) for one in result.refused] == [(1, errors.NoFace)]
    (request,) = server.servicer.asked
    assert request.enroll_options == enroll_pb2.EnrollOptions(min_score=0.5)
    assert request.detect_options.min_face_px == 33


def test_an_enrolment_of_which_nothing_is_left_is_its_first_error(ask):
    with pytest.raises(errors.NoFace) as caught:
        ask.enroll("Ann", b"no face")
    assert caught.value.message == "no face was found in the picture"
    with pytest.raises(errors.NoFace, match="in the picture; all 2 pictures are refused"):
        ask.enroll("Ann", [b"no face", b"no face"])


def test_many_pictures_travel_in_several_calls_and_are_numbered_through(ask, server, monkeypatch):
    images = [b"no face" if index == 20 else grey(index) for index in range(40)]
    result = ask.enroll("Ann", iter(images))
    assert [face.index for face in result.enrolled] == [index for index in range(40) if index != 20]
    assert [one.index for one in result.refused] == [20]
    assert [len(request.images) for request in server.servicer.asked] == [16, 16, 8]
    monkeypatch.setattr(calls, "_ENROLL_BYTES", 3000)
    noise = [np.random.default_rng(seed).integers(0, 256, (20, 20, 3), np.uint8) for seed in range(5)]
    ask.enroll("Bob", noise)
    sizes = [[len(one.image) for one in request.images] for request in server.servicer.asked[3:]]
    assert sum(map(len, sizes)) == 5
    assert len(sizes) > 1
    assert all(sum(size) <= 3000 or len(size) == 1 for size in sizes)


@pytest.mark.parametrize("form", [str, bytes, np.asarray, Portrait])
def test_one_picture_need_not_be_in_a_list(ask, server, tmp_path, form):
    file = tmp_path / "a.png"
    Image.fromarray(grey(3)).save(file)
    given = {str: str(file), bytes: file.read_bytes(), np.asarray: grey(3), Portrait: Portrait(file)}[form]
    assert len(ask.enroll("Ann", given).enrolled) == 1
    arrived = Image.open(io.BytesIO(server.servicer.asked[0].images[0].image))
    np.testing.assert_array_equal(np.asarray(arrived.convert("RGB")), grey(3))


def test_every_page_of_subjects_is_asked_for(ask, server):
    for number in range(5):
        ask.enroll(f"Person {number}", grey(number))
    found = ask.subjects()
    assert [one.name for one in found] == [f"Person {number}" for number in range(5)]
    assert found[0].faces == 1
    assert found[0].first_enrolled_at == datetime.fromtimestamp(ENROLLED_AT, UTC)
    assert [one.page_token for one in server.servicer.asked[5:]] == ["", "Person 1", "Person 3"]


def test_a_subject_is_described_and_erased(ask):
    ask.enroll("Ann", grey(1))
    details = ask.subject("Ann")
    assert (details.subject.name, details.faces[0].face_px, details.faces[0].has_chip) == ("Ann", 80, True)
    assert details.faces[0].enrolled_at == datetime.fromtimestamp(ENROLLED_AT, UTC)
    erased = ask.delete_subject("Ann")
    assert (erased.subject, erased.vectors, erased.chips, erased.pending) == ("Ann", 1, 1, False)
    for method in ("subject", "delete_subject"):
        with pytest.raises(errors.SubjectNotFound, match="'Ann'"):
            getattr(ask, method)("Ann")


@pytest.mark.parametrize(
    ("call", "options", "error", "words"),
    [
        (("verify", b"", b""), {"threshold": 1, "target_false_match_rate": 0.1}, errors.InvalidOption, "exclude"),
        (("verify", b"", b""), {"threshold": "near"}, errors.InvalidOption, "threshold must be a number"),
        (("verify", Portrait(b"", -1), b""), {}, errors.InvalidOption, "face_index must be a whole number"),
        (("verify", b"", b""), {"top_k": 1}, TypeError, "no option 'top_k'"),
        (("identify", b""), {"top_k": 0}, errors.InvalidOption, "top_k must be a whole number of at least 1, got 0"),
        (("identify", b""), {"top_k": 1.5}, errors.InvalidOption, "top_k must be a whole number"),
        (("enroll", "A", b""), {"min_scores": 1}, TypeError, "no option 'min_scores'.*min_score"),
        (("enroll", 7, b""), {}, TypeError, "a subject's name is a str, got int"),
        (("enroll", "\ud800", b""), {}, errors.InvalidSubject, "surrogate"),
        (("enroll", "A", 7), {}, TypeError, "not iterable"),
        (("enroll", "", b""), {}, errors.InvalidSubject, "0 bytes"),
        (("delete_subject", None), {}, TypeError, "a str, got NoneType"),
        (("embed", None), {}, errors.InvalidImage, "got NoneType"),
    ],
)
def test_arguments_that_cannot_be_sent_are_refused(ask, call, options, error, words):
    method, *args = call
    with pytest.raises(error, match=words):
        getattr(ask, method)(*args, **options)


def test_the_options_are_those_of_the_protos():
    def fields(message):
        return {field.name for field in message.DESCRIPTOR.fields}

    def own(options):
        return set(options.__annotations__) - set(client.DetectOptions.__annotations__)

    assert own(EnrollOptions) | {"min_face_px"} == fields(enroll_pb2.EnrollOptions)
    assert own(IdentifyOptions) == fields(identify_pb2.IdentifyOptions)
    assert own(VerifyOptions) == {
        one.name for one in verify_pb2.VerifyRequest.DESCRIPTOR.oneofs_by_name["decision"].fields
    }


@pytest.mark.parametrize(("method", "attempts"), [("subject", 4), ("enroll", 1), ("delete_subject", 1)])
def test_calls_that_change_the_gallery_are_not_retried(ask, server, method, attempts):
    args = ("away", grey(1)) if method == "enroll" else ("away",)
    with pytest.raises(errors.Unavailable, match="gone for a moment"):
        getattr(ask, method)(*args)
    assert len(server.servicer.asked) == attempts


def test_many_people_are_enrolled_over_one_call(ask, server):
    people = [("Ann", grey(0)), ("Bob", Portrait(grey(200), 0)), ("Cem", b"no face"), ("Dan", "none.png")]
    items = {item.index: item for item in ask.enroll_many(people, min_score=0.5)}
    assert [items[index].source[0] for index in range(4)] == ["Ann", "Bob", "Cem", "Dan"]
    assert (items[0].enrolled.id, items[1].enrolled.id) == ("Ann-1", "Bob-1")
    assert isinstance(items[2].error, errors.NoFace)
    assert isinstance(items[3].error, FileNotFoundError)
    with pytest.raises(errors.NoFace):
        _ = items[2].enrolled
    assert [request.subject for request in server.servicer.asked] == ["Ann", "Bob", "Cem"]
    assert all(request.enroll_options.min_score == 0.5 for request in server.servicer.asked)


def test_many_pictures_are_named_and_embedded_over_one_call(ask, server):
    ask.enroll("Ann", grey(51))
    named = ask.identify_many([grey(50), grey(255)], top_k=1, min_face_px=40)
    assert [item.identifications[0].subject for item in named] == ["Ann", None]
    assert all(request.identify_options.top_k == 1 for request in server.servicer.asked[1:])
    assert all(request.detect_options.min_face_px == 40 for request in server.servicer.asked[1:])
    (embedded,) = ask.embed_many([grey(51)])
    np.testing.assert_allclose(embedded.embeddings[0].vector, 0.2, atol=1e-6)


def test_many_that_are_one_are_a_mistake(ask):
    for method in ("embed_many", "identify_many", "enroll_many"):
        with pytest.raises(TypeError, match="wrap it in a list"):
            getattr(ask, method)("photo.jpg")
