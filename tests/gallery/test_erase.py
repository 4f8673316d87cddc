"""The bytes of a deleted person are in no file."""

import contextlib
import json

import numpy as np
import pytest

from orchestrator.gallery import index
from orchestrator.gallery.audit import Audit
from orchestrator.gallery.erase import delete_rows
from orchestrator.gallery.housekeeping import erase_subject, tidy
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.people import rows_of
from orchestrator.gallery.rows import face_rows
from tests.gallery.stored_bytes import holding


@pytest.fixture
def traces(rng):
    """Returns what must be found before a deletion and not after it: vector, chip and name as bytes."""
    vector = rng.normal(size=16).astype(np.float32)
    return vector, {"vector": vector.tobytes(), "chip": rng.bytes(3_000), "name": b"Ada Byron King"}


def test_vector_chip_and_name_are_gone_and_those_of_others_are_not(opened, embedder, new_face, folder, traces):
    vector, needles = traces
    others = {f"person {n}": (n + vector, bytes([n]) + needles["chip"][:0:-1]) for n in range(1, 21)}

    async def enrol(gallery):
        for name, (other, chip) in list(others.items())[:10]:
            await gallery.enroll(name, [new_face(other, chip)], embedder)
        await gallery.enroll("Ada Byron King", [new_face(vector, needles["chip"])], embedder)
        await gallery.enroll("Ada Byron King", [new_face(-vector)], embedder)
        for name, (other, chip) in list(others.items())[10:]:
            await gallery.enroll(name, [new_face(other, chip)], embedder)

    opened(enrol)
    assert all(holding(folder, needle) for needle in needles.values())  # or else nothing would be proved below

    async def delete(gallery):
        erased = await gallery.delete_subject("Ada Byron King")
        assert (erased.vectors, erased.chips, erased.pending) == (2, 2, False)

    opened(delete)
    assert {what: holding(folder, needle) for what, needle in needles.items()} == {"vector": [], "chip": [], "name": []}
    for other, chip in others.values():
        assert holding(folder, other.tobytes())
        assert holding(folder, chip)


def test_the_last_of_a_file_and_the_last_of_all_are_gone(opened, embedder, new_face, folder, traces):
    vector, needles = traces

    async def work(gallery):
        await gallery.enroll("Ada Byron King", [new_face(vector, needles["chip"])], embedder)
        await gallery.delete_subject("Ada Byron King")

    opened(work)
    assert not any(holding(folder, needle) for needle in needles.values())


def test_what_a_killed_process_left_behind_is_gone(opened, embedder, new_face, folder, traces):
    vector, needles = traces

    async def enrol(gallery):
        await gallery.enroll("Ada Byron King", [new_face(vector, needles["chip"])], embedder)

    opened(enrol)
    # Written, but not committed: as if killed between the two, and then enrolled once more.
    (data,) = folder.glob("faces-*/data/*.lance")
    (data.parent / f"{'1' * 50}.lance").write_bytes(data.read_bytes())

    async def delete(gallery):
        await gallery.delete_subject("Ada Byron King")

    opened(delete)
    assert not any(holding(folder, needle) for needle in needles.values())


def test_a_deletion_that_was_interrupted_is_finished_by_the_next_process(opened, embedder, new_face, folder, traces):
    vector, needles = traces

    async def enrol(gallery):
        await gallery.enroll("Bob", [new_face(np.ones(16))], embedder)
        await gallery.enroll("Ada Byron King", [new_face(vector, needles["chip"])], embedder)

    opened(enrol)
    parts = open_parts(str(folder))
    (table,) = parts.registry.tables()
    delete_rows(table, rows_of(table, "Ada Byron King").face_ids)
    assert holding(folder, needles["vector"])
    tidy(parts.registry, parts.locks)
    assert not any(holding(folder, needle) for needle in needles.values())


def test_codes_of_a_deleted_person_leave_the_index(monkeypatch, embedder, new_face, rng, folder):
    monkeypatch.setattr(index, "INDEX_FROM_FACES", 1_000)
    parts = open_parts(str(folder))
    now = np.datetime64("2026-11-24T12:00", "us").item()
    table = parts.registry.require(embedder, now=now)
    table.append(face_rows("crowd", [new_face(v, None) for v in rng.normal(size=(1_500, 16))], embedder, now))
    table.append(face_rows("Ada", [new_face(v, None) for v in rng.normal(size=(20, 16))], embedder, now))
    tidy(parts.registry, parts.locks)
    before = set(folder.glob("faces-*/_indices/*/*"))
    assert before

    erase_subject(parts.registry, parts.locks, "Ada")
    after = set(folder.glob("faces-*/_indices/*/*"))
    assert not before & after
    assert table.read(index.unindexed_faces) == 0  # the others' codes are in the new files
    erase_subject(parts.registry, parts.locks, "crowd")
    assert not set(folder.glob("faces-*/_indices/*/*"))


def test_the_audit_log_says_what_happened_and_not_to_whom(opened, embedder, new_face, folder, traces):
    vector, needles = traces

    async def work(gallery):
        await gallery.enroll("Ada Byron King", [new_face(vector), new_face(vector)], embedder)
        await gallery.delete_subject("Ada Byron King")

    opened(work)
    lines = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    pseudonym = Audit(folder).pseudonym("Ada Byron King")
    assert [line.pop("time")[:4] >= "2026" for line in lines] == [True, True]
    assert lines == [
        {"action": "enroll", "subject": pseudonym, "faces": 1, "refused": 1},
        {"action": "delete", "subject": pseudonym, "vectors": 1, "chips": 1},
    ]
    assert pseudonym != Audit(folder).pseudonym("Ada Byron")
    assert not holding(folder, needles["name"])
    assert (folder / "audit.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_who_is_deleted_while_an_index_is_built_is_in_no_index_afterwards(monkeypatch, embedder, new_face, rng, folder):
    monkeypatch.setattr(index, "INDEX_FROM_FACES", 1_000)
    parts = open_parts(str(folder))
    now = np.datetime64("2026-11-24T12:00", "us").item()
    table = parts.registry.require(embedder, now=now)
    vectors = rng.normal(size=(1_500, 16)).astype(np.float32)
    names = ["Ada" if n % 3 == 0 else "crowd" for n in range(len(vectors))]
    rows = face_rows("-", [new_face(vector) for vector in vectors], embedder, now)
    table.append(rows.set_column(0, rows.schema.field(0), [names]))
    before_deletion = table.read(lambda dataset: dataset.checkout_version(dataset.version))
    with parts.locks.index.hold(5):  # as the builder does
        assert erase_subject(parts.registry, parts.locks, "Ada").pending
        assert not holding(folder, vectors[0].tobytes())
        # What it builds is of before; the engine refuses to commit it, or we drop it.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            index._build(before_deletion)
    tidy(parts.registry, parts.locks)
    live = table.read(lambda dataset: {fragment.fragment_id for fragment in dataset.get_fragments()})
    assert table.read(index._covered) <= live
    used = table.read(lambda dataset: {s.uuid for i in dataset.describe_indices() for s in i.segments})
    assert {path.name for path in folder.glob("faces-*/_indices/*")} == used  # nothing of the other build is left
    assert table.read(lambda dataset: dataset.count_rows()) == 1_000
