"""Who is it: client, plain host, pipeline, model server, exported networks, a gallery in a folder."""

import numpy as np
import pytest
from PIL import Image

import facegrid
from tests.e2e.boxes import box

OBAMA = ("obama.jpg", "obama2.jpg", "obama3.jpg")


@pytest.fixture
def people(client, samples):
    """Three people enrolled, of one of them two pictures; forgotten afterwards."""
    client.enroll("Barack Obama", [samples / "obama.jpg", samples / "obama2.jpg"])
    client.enroll("Joe Biden", samples / "biden.jpg")
    client.enroll("Grace Hopper", samples / "grace_hopper.jpg")
    yield
    for subject in list(client.subjects()):
        client.delete_subject(subject.name)


def side_by_side(*paths):
    """Pictures next to each other, each 400 pixels high."""
    parts = [Image.open(path).convert("RGB") for path in paths]
    parts = [part.resize((round(part.width * 400 / part.height), 400)) for part in parts]
    return np.concatenate([np.asarray(part) for part in parts], axis=1)


def test_an_embedding_is_of_the_detected_face_and_names_its_model(client, samples):
    (face,) = client.detect(samples / "obama.jpg")
    (embedding,) = client.embed(samples / "obama.jpg")
    assert box(embedding.face) == pytest.approx(box(face), abs=1e-3)
    assert (embedding.vector.shape, embedding.vector.dtype) == ((128,), np.float32)
    assert (embedding.model, embedding.version) == ("dlib_resnet", 1)
    assert embedding.embedder.metric == "euclidean, raw"
    assert 1.1 < np.linalg.norm(embedding.vector) < 1.9  # raw: dlib's are about 1.4 long


def test_verify_is_the_distance_of_the_embeddings(client, samples):
    first, second = (client.embed(samples / name)[0].vector.astype(float) for name in OBAMA[:2])
    verified = client.verify(samples / OBAMA[0], samples / OBAMA[1])
    assert verified.distance == pytest.approx(np.linalg.norm(first - second), abs=1e-4)
    assert verified.same
    assert verified.distance <= verified.threshold
    assert 0 < verified.false_match_rate < 0.01
    assert not client.verify(samples / OBAMA[0], samples / "biden.jpg").same
    swapped = client.verify(samples / OBAMA[1], samples / OBAMA[0])
    assert swapped.distance == pytest.approx(verified.distance, abs=1e-5)


def test_the_people_of_the_samples_are_named_and_a_stranger_is_not(client, samples, people):
    (known,) = client.identify(samples / "obama3.jpg")
    assert known.subject == "Barack Obama"
    assert known.candidates[0].subject == "Barack Obama"
    assert len(known.candidates) == 3
    assert known.margin == pytest.approx(known.candidates[1].distance - known.distance)
    stranger = client.identify(samples / "astronaut.png")[0]
    assert stranger.subject is None
    assert stranger.distance == stranger.candidates[0].distance


def test_a_person_is_one_face_of_a_picture(client, samples, people):
    """The same man twice in one picture: the nearer face gets the name, whatever the order."""
    twice = side_by_side(samples / "obama.jpg", samples / "obama3.jpg", samples / "biden.jpg")
    left_to_right = sorted(client.identify(twice, top_k=2), key=lambda one: one.face.box.x_min)
    assert [one.subject for one in left_to_right] == ["Barack Obama", None, "Joe Biden"]
    assert left_to_right[1].candidates[0].subject == "Barack Obama"
    assert left_to_right[1].candidates[0].distance < client.identify_detailed(twice).threshold


def test_a_deleted_person_is_not_found_again(client, samples, people):
    details = client.subject("Barack Obama")
    assert (details.subject.faces, len(details.faces)) == (2, 2)
    assert all(face.has_chip and face.embedder.version == 1 for face in details.faces)
    erased = client.delete_subject("Barack Obama")
    assert (erased.vectors, erased.chips) == (2, 2)
    assert client.identify(samples / "obama3.jpg")[0].subject is None
    assert [one.name for one in client.subjects()] == ["Grace Hopper", "Joe Biden"]
    with pytest.raises(facegrid.SubjectNotFound, match="Barack Obama"):
        client.subject("Barack Obama")


def small(samples, height):
    image = Image.open(samples / "biden.jpg").convert("RGB")
    return np.asarray(image.resize((round(image.width * height / image.height), height)))


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        (lambda _: np.zeros((200, 200, 3), np.uint8), facegrid.NoFace, "no face was found"),
        (
            lambda samples: side_by_side(samples / "obama.jpg", samples / "biden.jpg"),
            facegrid.ManyFaces,
            "2 faces were found in the picture, one is allowed",
        ),
        (lambda samples: small(samples, 110), facegrid.FaceTooSmall, "at least 40 are needed"),
        (lambda _: b"no picture", facegrid.InvalidImage, "not a JPEG"),
        (lambda samples: facegrid.Portrait(samples / "biden.jpg", 3), facegrid.NoFace, "face_index is 3, 1 faces"),
        (lambda samples: samples / "grace_hopper.jpg", facegrid.AlreadyEnrolled, "enrolled as 'Grace Hopper' already"),
    ],
)
@pytest.mark.usefixtures("people")
def test_a_picture_that_cannot_be_enrolled_is_refused_with_the_reason(client, samples, picture, error, words):
    with pytest.raises(error, match=words):
        client.enroll("New", picture(samples))
    assert "New" not in {one.name for one in client.subjects()}


def test_each_picture_is_decided_on_its_own(client, samples, people):
    pictures = [samples / "obama3.jpg", np.zeros((99, 99, 3), np.uint8), samples / "obama3.jpg", samples / "obama.jpg"]
    result = client.enroll("Barack Obama", pictures)
    assert [face.index for face in result.enrolled] == [0]
    assert [(refusal.index, type(refusal.error)) for refusal in result.refused] == [
        (1, facegrid.NoFace), (2, facegrid.AlreadyEnrolled), (3, facegrid.AlreadyEnrolled),
    ]  # fmt: skip
    assert client.subject("Barack Obama").subject.faces == 3


def test_the_chosen_one_of_many_faces_is_enrolled(client, samples):
    both = side_by_side(samples / "obama.jpg", samples / "biden.jpg")
    faces = client.detect(both)
    right = max(range(2), key=lambda index: faces[index].box.x_min)
    result = client.enroll("Joe", facegrid.Portrait(both, right))
    assert box(result.enrolled[0].face) == pytest.approx(box(faces[right]), abs=1e-3)
    assert client.identify(samples / "biden.jpg")[0].subject == "Joe"
    client.delete_subject("Joe")


@pytest.mark.parametrize("name", ["", " Ann", "Ann\n", "x" * 10_000, "A\x00", "\u2028"])
def test_a_name_that_is_none_is_refused(client, samples, name):
    with pytest.raises(facegrid.InvalidSubject):
        client.enroll(name, samples / "biden.jpg")
    with pytest.raises(facegrid.InvalidSubject):
        client.delete_subject(name)


def test_streams_say_what_single_calls_say(client, samples):
    pairs = [("Obama", samples / "obama.jpg"), ("Biden", samples / "biden.jpg"), ("Nobody", b"no picture")]
    items = {item.source[0]: item for item in client.enroll_many(pairs)}
    assert items["Obama"].enrolled.id != items["Biden"].enrolled.id
    assert isinstance(items["Nobody"].error, facegrid.InvalidImage)
    named = {item.source: item.identifications[0].subject for item in client.identify_many([samples / "obama2.jpg"])}
    assert named == {samples / "obama2.jpg": "Obama"}
    (embedded,) = client.embed_many([samples / "biden.jpg"])
    np.testing.assert_allclose(embedded.embeddings[0].vector, client.embed(samples / "biden.jpg")[0].vector, atol=1e-5)
    for name in ("Obama", "Biden"):
        client.delete_subject(name)
