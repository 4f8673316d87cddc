"""Embed, verify, enroll, identify and subjects against the plain host, once with threads and once with asyncio.

What the client returns is compared with the messages that a bare stub gets.
"""

import asyncio
import io
from datetime import UTC

import grpc
import numpy as np
import pytest
from PIL import Image

from facegrid import errors
from facegrid.answers.gallery import EnrollOptions
from facegrid.answers.people import IdentifyOptions, Portrait, VerifyOptions
from facegrid.client import aio as async_client
from facegrid.client import calls
from facegrid.client import sync as client
from facegrid.client.wire import gallery, people
from facegrid.v1 import embed_pb2, embedder_pb2, enroll_pb2, identify_pb2, subject_pb2, verify_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from tests.client.framed_faces import people_host, portrait

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


NO_FACE = np.zeros((80, 80, 3), np.uint8)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with people_host(tmp_path_factory.mktemp("people")) as address:
        yield address


@pytest.fixture(params=[Threads, Tasks])
def ask(request, target):
    yield request.param(target)
    with client.connect(target) as connected:
        for subject in list(connected.subjects()):
            connected.delete_subject(subject.name)


@pytest.fixture
def stub(target):
    with grpc.insecure_channel(target) as channel:
        yield FaceServiceStub(channel)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def corners(box) -> tuple[float, float, float, float]:
    return box.x_min, box.y_min, box.x_max, box.y_max


def test_a_vector_arrives_with_its_face_and_its_embedder(ask, stub):
    (one,) = ask.embed(portrait(1))
    (sent,) = stub.Embed(embed_pb2.EmbedRequest(image=png(portrait(1)))).embeddings
    assert (one.vector.shape, one.vector.dtype) == ((128,), np.float32)
    np.testing.assert_array_equal(one.vector, np.array(sent.vector, np.float32))
    assert (one.model, one.version) == (sent.embedder.name, sent.embedder.version)
    assert (one.face.score, corners(one.face.box)) == (sent.face.score, corners(sent.face.box))
    assert "vector" not in repr(one)


def test_the_metric_is_that_of_the_message():
    message = embedder_pb2.Embedder
    for number, metric in (
        (message.METRIC_EUCLIDEAN_RAW, "euclidean, raw"),
        (message.METRIC_EUCLIDEAN_UNIT, "euclidean, unit"),
    ):
        embedder = people.embedder_of(message(name="net", version=7, metric=number))
        assert (embedder.name, embedder.version, embedder.metric) == ("net", 7, metric)


def test_a_comparison_arrives_whole(ask, stub):
    both = portrait(2, 1)
    index = [face.box.x_min > 80 for face in ask.detect(both)].index(True)  # person 1 stands on the right
    found = ask.verify(portrait(1), Portrait(both, index))
    request = verify_pb2.VerifyRequest()
    request.first.image, request.second.image, request.second.face_index = png(portrait(1)), png(both), index
    sent = stub.Verify(request)
    assert (found.distance, found.threshold, found.same) == (sent.distance, sent.threshold, True)
    assert found.false_match_rate == sent.false_match_rate > 0
    assert corners(found.first_face.box) == corners(sent.first_face.box)
    assert corners(found.second_face.box) == corners(sent.second_face.box)
    far = ask.verify(portrait(1), portrait(2), threshold=0.001)
    assert (far.same, far.threshold, far.false_match_rate) == (False, pytest.approx(0.001), None)
    with pytest.raises(errors.NoFace):
        ask.verify(portrait(1), portrait(1), onet_threshold=1)


def test_an_identity_arrives_whole(ask, stub):
    ask.enroll("Ann", portrait(1))
    ask.enroll("Bob", portrait(2))
    found = ask.identify_detailed(portrait(1), top_k=7, target_false_positive_rate=0.01)
    request = identify_pb2.IdentifyRequest(image=png(portrait(1)))
    request.identify_options.top_k, request.identify_options.target_false_positive_rate = 7, 0.01
    sent = stub.Identify(request)
    assert (found.threshold, found.false_positive_rate) == (sent.threshold, sent.false_positive_rate)
    assert (found.image_width_px, found.image_height_px, found.embedder.name) == (80, 80, sent.embedder.name)
    (known,) = found.identifications
    assert known.subject == "Ann"
    assert (known.distance, known.margin) == (sent.identifications[0].distance, sent.identifications[0].margin)
    assert [one.subject for one in known.candidates] == ["Ann", "Bob"]
    (known,) = ask.identify(portrait(1), top_k=1)
    assert [one.subject for one in known.candidates] == ["Ann"]
    assert ask.identify_detailed(portrait(1), threshold=0.001).false_positive_rate is None


def test_an_unknown_face_has_no_subject(ask):
    (unknown,) = ask.identify(portrait(1))
    assert (unknown.subject, unknown.distance, unknown.margin, unknown.candidates) == (None, None, None, [])


def test_an_enrolment_has_the_outcome_of_each_picture(ask):
    result = ask.enroll("Ann", [portrait(1), NO_FACE, portrait(2), portrait(1)])
    assert (result.subject, [face.index for face in result.enrolled]) == ("Ann", [0, 2])
    refused = [(one.index, type(one.error)) for one in result.refused]
    assert refused == [(1, errors.NoFace), (3, errors.AlreadyEnrolled)]
    with pytest.raises(errors.LowScore):
        ask.enroll("Ann", portrait(3), min_score=1)
    with pytest.raises(errors.NoFace):
        ask.enroll("Ann", portrait(3), detect_options={"onet_threshold": 1})


def test_an_enrolment_with_only_refusals_raises_the_first(ask):
    with pytest.raises(errors.NoFace) as caught:
        ask.enroll("Ann", NO_FACE)
    assert "pictures" not in caught.value.message
    with pytest.raises(errors.NoFace, match="; all 2 pictures are refused"):
        ask.enroll("Ann", [NO_FACE, portrait(1, 2)])


def test_many_pictures_travel_in_several_calls_and_are_numbered_through(ask, monkeypatch):
    monkeypatch.setattr(calls, "_ENROLL_PICTURES", 2)
    images = [NO_FACE if index == 2 else portrait(index) for index in range(5)]
    result = ask.enroll("Ann", iter(images))
    assert [face.index for face in result.enrolled] == [0, 1, 3, 4]
    assert [one.index for one in result.refused] == [2]


@pytest.mark.parametrize("form", [str, bytes, np.asarray, Portrait])
def test_one_picture_need_not_be_in_a_list(ask, tmp_path, form):
    file = tmp_path / "a.png"
    file.write_bytes(png(portrait(1)))
    given = {str: str(file), bytes: file.read_bytes(), np.asarray: portrait(1), Portrait: Portrait(file)}[form]
    assert len(ask.enroll("Ann", given).enrolled) == 1
    assert ask.identify(portrait(1))[0].distance == pytest.approx(0, abs=1e-6)


def test_every_page_of_subjects_is_asked_for(ask, monkeypatch):
    monkeypatch.setattr(gallery, "_PAGE_SIZE", 2)
    names = [f"Person {number}" for number in range(5)]
    ask.enroll(names[0], portrait(10))
    list(ask.enroll_many([(name, portrait(number)) for number, name in enumerate(names)]))
    assert [(one.name, one.faces) for one in ask.subjects()] == [(names[0], 2), *((name, 1) for name in names[1:])]


def test_a_subject_is_described_and_erased(ask, stub):
    enrolled = ask.enroll("Ann", portrait(1)).enrolled[0]
    details = ask.subject("Ann")
    sent = stub.GetSubject(subject_pb2.GetSubjectRequest(subject="Ann"))
    (face,) = details.faces
    assert (details.subject.name, details.subject.faces, face.id) == ("Ann", 1, enrolled.id)
    assert face.face_px == pytest.approx(enrolled.face.box.width, abs=1)
    assert face.has_chip == sent.faces[0].has_chip
    assert face.enrolled_at == sent.faces[0].enrolled_at.ToDatetime(UTC)
    assert details.subject.first_enrolled_at == details.subject.last_enrolled_at == face.enrolled_at
    erased = ask.delete_subject("Ann")
    assert (erased.subject, erased.vectors, erased.chips, erased.pending) == ("Ann", 1, int(face.has_chip), False)
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


@pytest.mark.parametrize("runner", [Threads, Tasks])
@pytest.mark.parametrize(("method", "attempts"), [("subject", 4), ("enroll", 1), ("delete_subject", 1)])
def test_calls_that_change_the_gallery_are_not_retried(server, runner, method, attempts):
    args = ("Ann", portrait(1)) if method == "enroll" else ("Ann",)
    with pytest.raises(errors.Unavailable, match="gone for a moment"):
        getattr(runner(server.target), method)(*args)
    assert server.servicer.gallery_calls == attempts


def test_many_people_are_enrolled_over_one_call(ask):
    people = [("Ann", portrait(1)), ("Bob", Portrait(portrait(2), 0)), ("Cem", NO_FACE), ("Dan", "none.png")]
    items = {item.index: item for item in ask.enroll_many(people)}
    assert [items[index].source[0] for index in range(4)] == ["Ann", "Bob", "Cem", "Dan"]
    for index, name in ((0, "Ann"), (1, "Bob")):
        assert items[index].enrolled.id == ask.subject(name).faces[0].id
    assert isinstance(items[2].error, errors.NoFace)
    assert isinstance(items[3].error, FileNotFoundError)
    with pytest.raises(errors.NoFace):
        _ = items[2].enrolled
    (refused,) = ask.enroll_many([("Eve", portrait(5))], min_score=1)
    assert isinstance(refused.error, errors.LowScore)


def test_many_pictures_are_named_and_embedded_over_one_call(ask):
    ask.enroll("Ann", portrait(1))
    ask.enroll("Bob", portrait(2))
    items = {item.index: item for item in ask.identify_many([portrait(1), portrait(3)], top_k=1)}
    assert [items[index].identifications[0].subject for index in (0, 1)] == ["Ann", None]
    assert [len(items[index].identifications[0].candidates) for index in (0, 1)] == [1, 1]
    (embedded,) = ask.embed_many([portrait(1)])
    np.testing.assert_array_equal(embedded.embeddings[0].vector, ask.embed(portrait(1))[0].vector)
    (none,) = ask.embed_many([portrait(1)], onet_threshold=1)
    assert none.embeddings == []


def test_many_that_are_one_are_a_mistake(ask):
    for method in ("embed_many", "identify_many", "enroll_many"):
        with pytest.raises(TypeError, match="wrap it in a list"):
            getattr(ask, method)("photo.jpg")
