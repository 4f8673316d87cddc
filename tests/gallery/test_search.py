"""Search against brute force in double precision, without an index, with one, and with faces that it lacks."""

import numpy as np
import pytest

from orchestrator.gallery import index
from orchestrator.gallery.enroll import SAME_PICTURE_DISTANCE
from orchestrator.gallery.housekeeping import tidy
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.rows import face_rows
from orchestrator.gallery.search import search
from orchestrator.gallery.types import NewFace

PEOPLE, FACES = 400, 4


@pytest.fixture
def crowd(rng):
    """Returns names and vectors of 1600 faces, four of each person, near one another."""
    centres = np.repeat(rng.normal(size=(PEOPLE, 16)), FACES, axis=0)
    names = [f"person {n // FACES:03d}" for n in range(PEOPLE * FACES)]
    return names, (centres + 0.3 * rng.normal(size=centres.shape)).astype(np.float32)


def add(parts, embedder, names, vectors):
    """Adds faces to the table as one file, and returns the table."""
    now = np.datetime64("2026-11-24T12:00", "us").item()
    table = parts.registry.require(embedder, now=now)
    rows = face_rows("-", [NewFace(vector=v, score=0.9, face_px=80.0) for v in vectors], embedder, now)
    table.append(rows.set_column(0, rows.schema.field(0), [names]))
    return table


def truth(names, vectors, query, k):
    """Returns the k nearest subjects with their distances, and the margin."""
    distances = np.sqrt(((vectors.astype(np.float64) - query.astype(np.float64)) ** 2).sum(1))
    best = {}
    for name, distance in zip(names, distances, strict=True):
        best[name] = min(distance, best.get(name, np.inf))
    ranked = sorted(best.items(), key=lambda item: (item[1], item[0]))
    return ranked[:k], ranked[1][1] - ranked[0][1]


def check(table, names, vectors, queries, k=5):
    for query, found in zip(queries, table.read(lambda d: search(d, queries, k)), strict=True):
        expected, margin = truth(names, vectors, query, k)
        assert [match.subject for match in found.best] == [name for name, _ in expected]
        np.testing.assert_allclose([m.distance for m in found.best], [d for _, d in expected], rtol=1e-5, atol=1e-5)
        assert found.margin == pytest.approx(margin, abs=1e-4)


def check_nearest(table, names, vectors, queries):
    """With an index the nearest is right, with its distance; those behind it may not be the very next."""
    for query, found in zip(queries, table.read(lambda d: search(d, queries, 3)), strict=True):
        ((name, distance),), margin = truth(names, vectors, query, 1)
        assert found.best[0].subject == name
        assert found.best[0].distance == pytest.approx(distance, rel=1e-5, abs=1e-5)
        assert found.margin >= margin - 1e-4
        for match in found.best:
            own = vectors[[n == match.subject for n in names]]
            nearest = np.sqrt(((own.astype(np.float64) - query) ** 2).sum(1)).min()
            assert match.distance >= nearest - 1e-5


def test_without_an_index(folder, embedder, crowd, rng):
    names, vectors = crowd[0][:200], crowd[1][:200]
    table = add(open_parts(str(folder)), embedder, names, vectors)
    check(table, names, vectors, rng.normal(size=(20, 16)).astype(np.float32))
    check(table, names, vectors, vectors[:10])


def test_with_an_index_and_faces_that_it_does_not_cover(folder, embedder, crowd, rng, monkeypatch):
    monkeypatch.setattr(index, "INDEX_FROM_FACES", 1_000)
    monkeypatch.setattr(index, "EXTEND_FROM_FACES", 100)
    names, vectors = crowd
    parts = open_parts(str(folder))
    first = 1_200
    for n in range(0, first, 300):
        table = add(parts, embedder, names[n : n + 300], vectors[n : n + 300])
    assert table.read(index.unindexed_faces) == first
    tidy(parts.registry, parts.locks)
    assert table.read(index.unindexed_faces) == 0
    near = vectors[:50] + (0.05 * rng.normal(size=(50, 16))).astype(np.float32)
    check_nearest(table, names[:first], vectors[:first], near)
    # New faces are found at once, and the index takes them in when they are many.
    add(parts, embedder, names[first : first + 80], vectors[first : first + 80])
    assert table.read(index.unindexed_faces) == 80
    end = first + 80
    check_nearest(table, names[:end], vectors[:end], vectors[first:end:10])
    add(parts, embedder, names[end : end + 40], vectors[end : end + 40])
    tidy(parts.registry, parts.locks)
    assert table.read(index.unindexed_faces) == 0
    check_nearest(table, names[: end + 40], vectors[: end + 40], vectors[first : end + 40 : 10])


def test_many_faces_of_one_subject_do_not_hide_the_second(folder, embedder, rng):
    names = ["Ann"] * 150 + ["Bob", "Cid"]
    vectors = np.concatenate([0.01 * rng.normal(size=(150, 16)), np.full((1, 16), 2.0), np.full((1, 16), 3.0)])
    vectors = vectors.astype(np.float32)
    table = add(open_parts(str(folder)), embedder, names, vectors)
    check(table, names, vectors, np.zeros((1, 16), np.float32), k=3)
    (one,) = table.read(lambda d: search(d, np.zeros((1, 16), np.float32), 1))
    assert len(one.best) == 1
    assert one.margin == pytest.approx(truth(names, vectors, np.zeros(16), 1)[1], rel=1e-5)


def test_the_tolerance_for_the_same_picture_is_exact(opened, embedder, new_face):
    base = np.zeros(16)
    step = np.eye(16)[0]

    async def work(gallery):
        await gallery.enroll("Ann", [new_face(base)], embedder)
        near, far = await gallery.enroll(
            "Ann",
            [
                new_face(base + 0.99 * SAME_PICTURE_DISTANCE * step),
                new_face(base + 1.01 * SAME_PICTURE_DISTANCE * step),
            ],
            embedder,
        )
        assert not isinstance(near, str)
        assert isinstance(far, str)

    opened(work)
