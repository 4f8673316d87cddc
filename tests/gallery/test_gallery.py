from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from facegrid.errors import AlreadyEnrolled, GalleryMismatch, InvalidOption, InvalidSubject, SubjectNotFound
from orchestrator.gallery.types import EmbedderVersion, Erased, Matches

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_an_empty_gallery_answers_and_makes_no_table(opened, embedder, folder):
    async def work(gallery):
        assert await gallery.active() is None
        assert await gallery.size(embedder) == 0
        assert await gallery.search(np.zeros((2, 16)), embedder) == [Matches((), None)] * 2
        assert (await gallery.subjects()).subjects == ()
        with pytest.raises(SubjectNotFound, match="'Ann'"):
            await gallery.get_subject("Ann")
        with pytest.raises(SubjectNotFound):
            await gallery.delete_subject("Ann")

    opened(work)
    assert not [path for path in folder.rglob("*") if path.name != ".lock"]


def test_what_one_process_enrols_another_finds(opened, embedder, new_face, rng):
    vectors = rng.normal(size=(3, 16))

    async def enrol(gallery):
        ids = await gallery.enroll("Ann", [new_face(vectors[0]), new_face(vectors[1], chip=None)], embedder, now=NOON)
        ids += await gallery.enroll("Bob", [new_face(vectors[2])], embedder, now=NOON + timedelta(seconds=1))
        return ids

    ids = opened(enrol)

    async def look(gallery):
        assert await gallery.active() == embedder
        assert await gallery.size(embedder) == 3
        (found,) = await gallery.search(vectors[:1], embedder, k=5)
        assert [match.subject for match in found.best] == ["Ann", "Bob"]
        assert found.best[0].face_id == ids[0]
        page = await gallery.subjects()
        assert [(s.name, s.faces, s.first_enrolled_at) for s in page.subjects] == [
            ("Ann", 2, NOON), ("Bob", 1, NOON + timedelta(seconds=1)),
        ]  # fmt: skip
        _, faces = await gallery.get_subject("Ann")
        assert {face.face_id: face.has_chip for face in faces} == {ids[0]: True, ids[1]: False}
        assert faces[0].embedder == embedder
        assert faces[0].face_px == 120

    opened(look)


def test_two_spellings_of_a_name_are_one_subject(opened, embedder, new_face, rng):
    async def work(gallery):
        await gallery.enroll("Jose\u0301", [new_face(rng.normal(size=16))], embedder)
        await gallery.enroll("Jos\u00e9", [new_face(rng.normal(size=16))], embedder)
        subject, _ = await gallery.get_subject("Jose\u0301")
        assert (subject.name, subject.faces) == ("Jos\u00e9", 2)

    opened(work)


def test_a_face_that_is_there_already_is_left_out(opened, embedder, new_face, rng):
    vector, other = rng.normal(size=(2, 16))

    async def work(gallery):
        (first,) = await gallery.enroll("Ann", [new_face(vector)], embedder)
        # As when an answer was lost and the call is repeated; batching moves a vector a little.
        again, new, twice = await gallery.enroll(
            "Ann", [new_face(vector + 1e-6), new_face(other), new_face(other)], embedder
        )
        assert isinstance(again, AlreadyEnrolled)
        assert "'Ann'" in again.message
        assert first in again.message
        assert isinstance(twice, AlreadyEnrolled)
        assert new in twice.message
        (elsewhere,) = await gallery.enroll("Bob", [new_face(vector)], embedder)
        assert isinstance(elsewhere, AlreadyEnrolled)
        (near,) = await gallery.enroll("Ann", [new_face(vector + 1e-2)], embedder)
        assert isinstance(near, str)
        assert [(s.name, s.faces) for s in (await gallery.subjects()).subjects] == [("Ann", 3)]

    opened(work)


def test_a_deleted_subject_is_gone_and_others_stay(opened, embedder, new_face, rng):
    vectors = rng.normal(size=(3, 16))

    async def work(gallery):
        await gallery.enroll("Ann", [new_face(vectors[0]), new_face(vectors[1], chip=None)], embedder)
        await gallery.enroll("Bob", [new_face(vectors[2])], embedder)
        assert await gallery.delete_subject("Ann") == Erased("Ann", vectors=2, chips=1, pending=False)
        with pytest.raises(SubjectNotFound):
            await gallery.get_subject("Ann")
        (found,) = await gallery.search(vectors[:1], embedder, k=5)
        assert [match.subject for match in found.best] == ["Bob"]
        assert found.margin is None
        (back,) = await gallery.enroll("Ann", [new_face(vectors[0])], embedder)
        assert isinstance(back, str)

    opened(work)


def test_pages_have_every_subject_once_in_order_of_code_points(opened, embedder, new_face, rng):
    names = ["a", "b", "A", "Ä", "z", "👩", "O'Brien", "a'", "李"]

    async def work(gallery):
        for name in names:
            await gallery.enroll(name, [new_face(rng.normal(size=16))], embedder)
        found, token = [], ""
        while True:
            page = await gallery.subjects(page_size=2, page_token=token)
            found += [subject.name for subject in page.subjects]
            token = page.next_page_token
            if not token:
                break
            assert len(page.subjects) == 2
        assert found == sorted(names)
        assert (await gallery.subjects(page_size=len(names))).next_page_token == ""

    opened(work)


def test_chips_are_not_kept_where_that_is_not_wanted(opened, embedder, new_face, rng, folder):
    async def work(gallery):
        await gallery.enroll("Ann", [new_face(rng.normal(size=16), chip=b"a picture of Ann")], embedder)
        _, faces = await gallery.get_subject("Ann")
        assert not faces[0].has_chip

    opened(work, keep_chips=False)
    assert not [path for path in folder.rglob("*") if path.is_file() and b"a picture of Ann" in path.read_bytes()]


@pytest.mark.parametrize("other", [("test_net", 2, 16), ("test_net", 1, 8), ("other", 1, 16)])
def test_vectors_of_another_embedder_are_refused_with_what_to_do(opened, embedder, new_face, other):
    stranger = EmbedderVersion(*other)

    async def work(gallery):
        await gallery.enroll("Ann", [new_face(np.ones(16))], embedder)
        vector = np.ones(stranger.dimension)
        for call in (gallery.enroll("Ann", [new_face(vector)], stranger), gallery.search(vector[None], stranger)):
            with pytest.raises(GalleryMismatch) as caught:
                await call
            assert "test_net version 1 with 16 values" in caught.value.message
            assert str(stranger) in caught.value.message
            assert "facegrid gallery reembed" in caught.value.message

    opened(work)


def test_bad_arguments_are_refused_with_value_and_what_is_allowed(opened, embedder, new_face):
    async def work(gallery):
        with pytest.raises(InvalidOption, match=r"\(1, 8\).*\[N, 16\]"):
            await gallery.enroll("Ann", [new_face(np.ones(8))], embedder)
        with pytest.raises(InvalidOption, match="not a finite number"):
            await gallery.enroll("Ann", [new_face([np.nan] * 16)], embedder)
        with pytest.raises(InvalidOption, match=r"\(2, 3\)"):
            await gallery.search(np.ones((2, 3)), embedder)
        with pytest.raises(InvalidOption, match="k is 0"):
            await gallery.search(np.ones((2, 16)), embedder, k=0)
        with pytest.raises(InvalidOption, match="page_size is 1001, allowed are 1 to 1000"):
            await gallery.subjects(page_size=1001)
        with pytest.raises(InvalidSubject):
            await gallery.enroll("a\nb", [new_face(np.ones(16))], embedder)
        with pytest.raises(GalleryMismatch, match=r"'\.\./x' version 1"):
            await gallery.enroll("Ann", [new_face(np.ones(16))], EmbedderVersion("../x", 1, 16))
        assert await gallery.active() is None
        assert await gallery.search(np.empty((0, 16)), embedder) == []
        assert await gallery.enroll("Ann", [], embedder) == []

    opened(work)
