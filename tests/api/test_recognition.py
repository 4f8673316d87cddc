"""Embed, Verify, Enroll and Identify over gRPC against brute force: networks are functions, the gallery is real."""

import asyncio
import itertools
import threading

import numpy as np
import pytest

import facegrid
from facegrid import Portrait
from orchestrator.api.face_service import FaceService
from orchestrator.api.methods import UNARY
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, embedder, onet, rnet
from tests.support.hosts import running_host
from tests.support.plain_pnet import pnet

NETWORKS = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}
FIND = {"min_face_px": 30, "pnet_threshold": 0.0, "rnet_threshold": 0.0, "onet_threshold": 0.0}
ANY = {"min_face_px": 12, "min_score": 0, "max_yaw_degrees": 90}


def picture(seed, width=90, height=70):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    settings = Settings(gallery=str(tmp_path_factory.mktemp("people") / "gallery"), max_enroll_images=3)
    with running_host(settings, FunctionPredictor(NETWORKS)) as address:
        yield address


@pytest.fixture
def client(target):
    with facegrid.connect(target) as connected:
        yield connected
        for subject in list(connected.subjects()):
            connected.delete_subject(subject.name)


@pytest.fixture
def people(client):
    """Vectors by name, [faces, 128], as they were enrolled: two faces of Ann, one of everybody else."""
    vectors = {}
    for seed, name in enumerate(("Ann", "Bob", "Cem", "Dan", "Ann")):
        image = picture(seed)
        client.enroll(name, Portrait(image, 0), detect_options=FIND, **ANY)
        vectors.setdefault(name, []).append(client.embed(image, **FIND)[0].vector.astype(np.float64))
    return {name: np.array(rows) for name, rows in vectors.items()}


def distances(vector, people):
    """Every person with the distance to the nearest face, nearest first."""
    found = [(float(np.linalg.norm(rows - vector, axis=1).min()), name) for name, rows in people.items()]
    return [(name, distance) for distance, name in sorted(found)]


def test_identify_is_a_search_by_hand(client, people):
    image = picture(100)
    faces = client.embed(image, **FIND)
    assert len(faces) > 2
    near = [distances(face.vector, people) for face in faces]
    threshold = float(np.median([one[0][1] for one in near]))
    found = client.identify_detailed(image, threshold=threshold, top_k=3, **FIND)
    assert found.threshold == threshold
    for one, expected in zip(found.identifications, near, strict=True):
        assert [candidate.subject for candidate in one.candidates] == [name for name, _ in expected[:3]]
        assert [candidate.distance for candidate in one.candidates] == pytest.approx(
            [distance for _, distance in expected[:3]], abs=1e-3
        )
        others = [distance for name, distance in expected if name != (one.subject or expected[0][0])]
        own = dict(expected)[one.subject or expected[0][0]]
        assert one.distance == pytest.approx(own, abs=1e-3)
        assert one.margin == pytest.approx(others[0] - own, abs=2e-3)
    named = [one for one in found.identifications if one.subject]
    assert named
    assert len({one.subject for one in named}) == len(named)
    gained = sum(threshold - one.distance for one in named)
    assert gained == pytest.approx(greatest_gain(near, threshold), abs=5e-3)


def greatest_gain(near, threshold):
    choices = [[None, *[(name, distance) for name, distance in one if distance <= threshold]] for one in near]
    best = 0.0
    for way in itertools.product(*choices):
        given = [one for one in way if one]
        if len({name for name, _ in given}) == len(given):
            best = max(best, sum(threshold - distance for _, distance in given))
    return best


def test_a_face_that_was_enrolled_is_named_at_no_distance(client, people):
    found = client.identify(picture(1), threshold=0.01, **FIND)[0]
    assert (found.subject, found.distance) == ("Bob", pytest.approx(0, abs=1e-3))


def test_an_empty_gallery_knows_nobody(client):
    for one in client.identify(picture(1), **FIND):
        assert (one.subject, one.distance, one.margin, one.candidates) == (None, None, None, [])


def test_a_rate_for_strangers_is_stricter_the_more_are_enrolled(client, people):
    many = client.identify_detailed(picture(9), target_false_positive_rate=0.05, **FIND)
    for name in ("Ann", "Bob", "Cem"):
        client.delete_subject(name)
    one = client.identify_detailed(picture(9), target_false_positive_rate=0.05, **FIND)
    assert many.threshold < one.threshold
    assert many.false_positive_rate == pytest.approx(0.05, rel=0.05)
    assert one.false_positive_rate == pytest.approx(0.05, rel=0.05)


def test_verify_is_the_distance_of_the_chosen_faces(client):
    first, second = client.embed(picture(1), **FIND), client.embed(picture(2), **FIND)
    found = client.verify(Portrait(picture(1), 1), Portrait(picture(2), 0), threshold=0.25, **FIND)
    expected = float(np.linalg.norm(first[1].vector.astype(float) - second[0].vector.astype(float)))
    assert found.distance == pytest.approx(expected, abs=1e-4)
    assert (found.threshold, found.same) == (0.25, expected <= 0.25)
    assert found.first_face == first[1].face
    at = client.verify(Portrait(picture(1), 1), Portrait(picture(2), 0), threshold=found.distance, **FIND)
    assert at.same, "exactly at the threshold is the same person"


def test_verify_says_which_picture_is_wrong(client):
    small = np.zeros((20, 20, 3), np.uint8)  # no face of 30 pixels has room in it
    with pytest.raises(facegrid.NoFace, match="second picture: no face"):
        client.verify(Portrait(picture(1), 0), small, **FIND)
    with pytest.raises(facegrid.ManyFaces, match="first picture: "):
        client.verify(picture(1), Portrait(picture(1), 0), **FIND)
    with pytest.raises(facegrid.InvalidImage, match="second picture: not a JPEG"):
        client.verify(Portrait(picture(1), 0), b"no picture", **FIND)


def turned(crops, signature):
    answer = onet(crops, signature)
    answer["landmarks"][:, 2, 0] = 0.69  # the tip of the nose below the right eye
    return answer


@pytest.mark.parametrize(
    ("gate", "error", "words"),
    [
        ({"min_face_px": 500}, facegrid.FaceTooSmall, r"shorter side has \d+\.\d pixels, at least 500 are needed"),
        ({"min_score": 1}, facegrid.LowScore, r"score is 0\.\d+, at least 1 is needed"),
        ({"max_yaw_degrees": 40}, facegrid.FaceTurned, r"turned by about 48 degrees, at most 40 are allowed"),
    ],
)
def test_the_gate_refuses_with_the_value_and_the_one_needed(tmp_path, gate, error, words):
    settings = Settings(gallery=str(tmp_path / "gallery"))
    with (
        running_host(settings, FunctionPredictor({**NETWORKS, "onet": turned})) as address,
        facegrid.connect(address) as client,
    ):
        with pytest.raises(error, match=words):
            client.enroll("Ann", Portrait(picture(1), 0), detect_options=FIND, **{**ANY, **gate})
        assert list(client.subjects()) == []
        assert client.enroll("Ann", Portrait(picture(1), 0), detect_options=FIND, **ANY).enrolled


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda c: c.verify(picture(1), picture(1), threshold=-0.1), "threshold is -0.1, allowed are 0 to 10"),
        (lambda c: c.verify(picture(1), picture(1), threshold=float("nan")), "threshold is nan"),
        (lambda c: c.verify(picture(1), picture(1), target_false_match_rate=0.6), "0.6, allowed are 0.0001 to 0.5"),
        (lambda c: c.identify(picture(1), target_false_positive_rate=0), "0, allowed are 0.0001 to 0.5"),
        (lambda c: c.identify(picture(1), threshold=11), "threshold is 11, allowed are 0 to 10"),
        (lambda c: c.identify(picture(1), top_k=101), "top_k is 101, allowed are 1 to 100"),
        (lambda c: c.enroll("A", picture(1), min_score=2), "min_score of the enrolment is 2, allowed are 0 to 1"),
        (lambda c: c.embed(picture(1), min_face_px=1), "min_face_px is 1, allowed are 12 to 10000"),
    ],
)
def test_options_out_of_range_are_refused_with_value_and_range(client, ask, words):
    with pytest.raises(facegrid.InvalidOption, match=words):
        ask(client)


def test_the_number_of_pictures_in_one_enrolment_is_bounded(client):
    with pytest.raises(facegrid.LimitExceeded, match="there are 4 pictures to enrol, at most 3"):
        client.enroll("Ann", [picture(seed) for seed in range(4)])
    with pytest.raises(facegrid.InvalidRequest, match="0 pictures to enrol, at least 1"):
        client.enroll("Ann", [])


def test_every_method_of_the_proto_is_answered(tmp_path):
    async def main():
        service = FaceService(Settings(), FunctionPredictor({}), Gallery(str(tmp_path)))
        assert set(service._unary) == set(UNARY)
        await service.close()

    asyncio.run(main())


def test_a_service_without_gallery_says_so_and_still_compares():
    with running_host(Settings(), FunctionPredictor(NETWORKS)) as address, facegrid.connect(address) as client:
        assert client.verify(Portrait(picture(1), 0), Portrait(picture(1), 0), **FIND).same
        for ask in (lambda: client.enroll("A", picture(1)), lambda: list(client.subjects())):
            with pytest.raises(facegrid.GalleryUnavailable, match="no gallery; its operator sets FACEGRID_GALLERY"):
                ask()


def test_a_gallery_of_another_embedder_is_refused_with_what_to_do(tmp_path):
    async def fill():
        gallery = Gallery(str(tmp_path))
        face = NewFace(vector=np.ones(128, np.float32), score=1.0, face_px=100.0)
        await gallery.enroll("Ann", [face], EmbedderVersion("other_net", 3, 128))
        await gallery.close()

    asyncio.run(fill())
    with (
        running_host(Settings(gallery=str(tmp_path)), FunctionPredictor(NETWORKS)) as address,
        facegrid.connect(address) as client,
    ):
        for ask in (client.identify, lambda image: client.enroll("Bob", image)):
            with pytest.raises(facegrid.GalleryMismatch, match=r"other_net version 3.*reembed"):
                ask(picture(1))
        assert client.embed(picture(1), **FIND)
        assert [one.name for one in client.subjects()] == ["Ann"]


def test_a_gallery_that_is_no_folder_is_unavailable_without_a_path_in_the_answer(tmp_path):
    (tmp_path / "file").write_text("")
    settings = Settings(gallery=str(tmp_path / "file" / "gallery"))
    with running_host(settings, FunctionPredictor(NETWORKS)) as address, facegrid.connect(address) as client:
        with pytest.raises(facegrid.GalleryUnavailable) as caught:
            client.enroll("Ann", Portrait(picture(1), 0), detect_options=FIND, **ANY)
        assert str(tmp_path) not in caught.value.message


def test_a_slow_embedder_is_a_deadline_that_names_it(tmp_path, monkeypatch):
    asked, released = threading.Event(), threading.Event()

    def slow(chips, signature):
        asked.set()
        released.wait(60)
        return embedder(chips, signature)

    monkeypatch.setattr("facegrid.client.calls.TIMEOUT_GRACE_S", 60.0)  # the service's own words always come
    settings = Settings(gallery=str(tmp_path / "gallery"))
    with (
        running_host(settings, FunctionPredictor({**NETWORKS, "embedder": slow})) as address,
        facegrid.connect(address) as client,
    ):
        for timeout_s in (3, 20):  # a busy machine may use up the first before it comes to the network
            with pytest.raises(facegrid.DeadlineExceeded) as caught:
                client.enroll("Ann", Portrait(picture(1), 0), timeout_s=timeout_s, detect_options=FIND, **ANY)
            if asked.is_set():
                break
        assert "model embedder" in caught.value.message
        assert list(client.subjects()) == []
        released.set()


def test_pages_of_subjects_join_to_the_whole_list(target, client, people):
    import grpc

    from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
    from facegrid.v1.subject_pb2 import ListSubjectsRequest

    with grpc.insecure_channel(target) as channel:
        stub = FaceServiceStub(channel)
        names, token = [], ""
        for _ in range(4):
            page = stub.ListSubjects(ListSubjectsRequest(page_size=1, page_token=token))
            names += [(one.name, one.faces) for one in page.subjects]
            token = page.next_page_token
        assert (names, token) == ([("Ann", 2), ("Bob", 1), ("Cem", 1), ("Dan", 1)], "")
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListSubjects(ListSubjectsRequest(page_size=1001))
        assert caught.value.details() == "INVALID_OPTION: page_size is 1001, allowed are 0 to 1000"
    assert [(one.name, one.faces) for one in client.subjects()] == names
