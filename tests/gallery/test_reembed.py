import numpy as np
import pytest

from facegrid.errors import GalleryMismatch, InvalidOption
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.reembed import BATCH_CHIPS, Moved, reembed
from orchestrator.gallery.stats import stats
from orchestrator.gallery.types import EmbedderVersion

NEXT = EmbedderVersion("test_net", 2, 8)


def second_network(chips):
    """Another network: of another dimension, and of the chip alone."""
    return np.stack([np.random.default_rng(list(chip)).normal(size=8) for chip in chips]).astype(np.float32)


def chip_of(name):
    return f"chip of {name}".encode()


def enrol(opened, embedder, new_face, names, *, without_chip=(), first=1):
    """Enrols people whose vectors are full of 1, 2, 3 ..., or from `first` on."""

    async def work(gallery):
        for n, name in enumerate((*names, *without_chip), first):
            chip = chip_of(name) if name in names else None
            await gallery.enroll(name, [new_face(np.full(16, n), chip)], embedder)

    opened(work)


def test_everybody_with_a_chip_is_found_with_the_new_version_under_the_same_id(opened, embedder, new_face, folder):
    names = ["Ann", "Bob", "Cid"]
    enrol(opened, embedder, new_face, names, without_chip=["Dan"])

    async def ids(gallery):
        return {name: (await gallery.get_subject(name))[1][0].face_id for name in (*names, "Dan")}

    before = opened(ids)
    reports = []
    moved = reembed(open_parts(str(folder)), NEXT, second_network, report=lambda *done: reports.append(done), grace_s=0)
    assert moved == Moved(moved=3, without_chip=1)
    assert reports == [(3, 3)]
    assert opened(ids) == before

    async def look(gallery):
        assert await gallery.active() == NEXT
        for name in names:
            (found,) = await gallery.search(second_network([chip_of(name)]), NEXT, k=4)
            assert found.best[0].subject == name
            assert found.best[0].distance == pytest.approx(0, abs=1e-6)
            assert "Dan" not in {match.subject for match in found.best}
        _, (dan,) = await gallery.get_subject("Dan")
        assert dan.embedder == embedder  # where he stays until he is enrolled anew or deleted
        assert [subject.name for subject in (await gallery.subjects()).subjects] == [*names, "Dan"]
        await gallery.delete_subject("Dan")
        assert [subject.name for subject in (await gallery.subjects()).subjects] == names

    opened(look)
    states = [(version.embedder, version.state, version.faces) for version in stats(open_parts(str(folder)).registry)]
    assert states == [(embedder, "retired", 0), (NEXT, "active", 3)]
    assert not [p for p in folder.rglob("*") if p.is_file() and np.full(16, 1, np.float32).tobytes() in p.read_bytes()]


def test_an_interrupted_move_serves_the_old_version_and_goes_on(opened, embedder, new_face, folder):
    names = [f"person {n:03d}" for n in range(BATCH_CHIPS + 3)]
    parts = open_parts(str(folder))
    enrol(opened, embedder, new_face, names[:4])
    asked = []

    def fails_later(chips):
        asked.extend(chips)
        if len(asked) > 4:
            raise ConnectionError
        return second_network(chips)

    # Enrolled while the move is under way, and another deleted; then the model server goes away.
    def meanwhile(chips):
        if not asked:
            enrol(opened, embedder, new_face, names[4:], first=5)

            async def delete(gallery):
                await gallery.delete_subject(names[0])

            opened(delete)
        return fails_later(chips)

    with pytest.raises(ConnectionError):
        reembed(parts, NEXT, meanwhile, grace_s=0)

    async def look(gallery):
        assert await gallery.active() == embedder
        (found,) = await gallery.search(np.full((1, 16), 2.0), embedder)
        assert found.best[0].subject == names[1]
        with pytest.raises(GalleryMismatch):
            await gallery.search(np.zeros((1, 8)), NEXT)
        assert [subject.faces for subject in (await gallery.subjects()).subjects] == [1] * (len(names) - 1)

    opened(look)
    asked_again = []
    moved = reembed(parts, NEXT, lambda chips: asked_again.extend(chips) or second_network(chips), grace_s=0)
    assert moved == Moved(moved=len(names) - 1, without_chip=0)
    assert not {chip_of(name) for name in names[:4]} & set(asked_again)  # done in the first run, or deleted

    async def end(gallery):
        listed = [subject.name for subject in (await gallery.subjects(page_size=1_000)).subjects]
        assert listed == names[1:]

    opened(end)
    assert reembed(parts, NEXT, second_network, grace_s=0) == Moved(moved=0, without_chip=0)


def test_the_old_version_is_searched_for_a_while_after_the_switch(opened, embedder, new_face, folder, monkeypatch):
    enrol(opened, embedder, new_face, ["Ann"])
    parts = open_parts(str(folder))
    seen = []

    class Stop(Exception):
        pass

    def sleep(seconds):
        seen.append(seconds)
        raise Stop

    monkeypatch.setattr("orchestrator.gallery.reembed.time.sleep", sleep)
    with pytest.raises(Stop):
        reembed(parts, NEXT, second_network)
    assert seen == [60]

    async def look(gallery):
        assert await gallery.active() == NEXT
        (old,) = await gallery.search(np.full((1, 16), 1.0), embedder)
        (new,) = await gallery.search(second_network([chip_of("Ann")]), NEXT)
        assert old.best[0].subject == new.best[0].subject == "Ann"
        assert [(s.name, s.faces) for s in (await gallery.subjects()).subjects] == [("Ann", 1)]
        with pytest.raises(GalleryMismatch):
            await gallery.enroll("Bob", [new_face(np.ones(16))], embedder)

    opened(look)


def test_what_cannot_be_moved_is_said(opened, embedder, new_face, folder):
    parts = open_parts(str(folder))
    with pytest.raises(GalleryMismatch, match="nobody is enrolled"):
        reembed(parts, NEXT, second_network, grace_s=0)
    enrol(opened, embedder, new_face, ["Ann"])
    with pytest.raises(InvalidOption, match=r"\(1, 5\) for 1 chips, expected finite values \[1, 8\]"):
        reembed(parts, NEXT, lambda chips: np.zeros((len(chips), 5)), grace_s=0)
    with pytest.raises(InvalidOption):
        reembed(parts, NEXT, lambda chips: np.full((len(chips), 8), np.nan), grace_s=0)
