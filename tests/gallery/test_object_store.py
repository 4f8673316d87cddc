"""A gallery in an object store: no folder, no locks, no log beside the tables.

The store is a folder that the engine reaches through its interface for object stores, as it reaches S3.
"""

import asyncio
import json
from datetime import timedelta

import numpy as np
import pytest

from orchestrator.gallery import erase
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.housekeeping import tidy
from orchestrator.gallery.parts import open_parts
from tests.gallery.stored_bytes import holding


@pytest.fixture
def uri(folder):
    return f"file-object-store://{folder}"


def test_what_one_process_enrols_another_finds_and_deletes(opened, uri, folder, embedder, new_face):
    async def enrol(gallery):
        assert await gallery.active() is None
        for n, name in enumerate(("Ann", "Bob", "Cid"), 1):
            await gallery.enroll(name, [new_face(np.full(16, n))], embedder)

    async def look(gallery):
        (found,) = await gallery.search(np.full((1, 16), 2.0), embedder)
        assert (found.best[0].subject, found.best[0].distance) == ("Bob", pytest.approx(0))
        assert (await gallery.delete_subject("Bob")).pending  # old files stay for readers that have no lock
        assert [one.name for one in (await gallery.subjects()).subjects] == ["Ann", "Cid"]

    opened(enrol, uri)
    opened(look, uri)
    assert {path.name for path in folder.iterdir()} == {"embedders.lance", f"faces-{embedder.name}-1.lance"}


def test_a_deleted_persons_bytes_go_once_the_grace_time_is_over(opened, folder, embedder, new_face, monkeypatch):
    uri = f"file-object-store://{folder}"
    vector = np.random.default_rng(3).normal(size=16).astype(np.float32)

    async def enrol_and_delete(gallery):
        await gallery.enroll("Ada Byron King", [new_face(vector)], embedder)
        await gallery.enroll("Ann", [new_face(-vector)], embedder)
        await gallery.delete_subject("Ada Byron King")

    opened(enrol_and_delete, uri)
    parts = open_parts(uri)
    tidy(parts.registry, parts.locks)
    assert holding(folder, vector.tobytes())
    monkeypatch.setattr(erase, "OBJECT_STORE_GRACE", timedelta(0))
    tidy(parts.registry, parts.locks)
    assert not holding(folder, vector.tobytes())
    assert not holding(folder, b"Ada Byron King")
    assert holding(folder, (-vector).tobytes())


def test_writers_without_a_lock_lose_nothing_and_bring_nothing_back(uri, embedder, new_face, rng):
    async def write(number):
        gallery = Gallery(uri)
        for n in range(6):
            await gallery.enroll(f"{number} {n}", [new_face(rng.normal(size=16)) for _ in range(2)], embedder)
            if n % 2:
                await gallery.delete_subject(f"{number} {n - 1}")
        await gallery.close()

    async def work():
        await asyncio.gather(*(write(number) for number in range(4)))
        gallery = Gallery(uri)
        there = {one.name: one.faces for one in (await gallery.subjects()).subjects}
        await gallery.close()
        return there

    assert asyncio.run(work()) == {f"{number} {n}": 2 for number in range(4) for n in (1, 3, 5)}


def test_the_audit_goes_to_the_services_log_without_names(opened, uri, embedder, new_face, caplog):
    async def work(gallery):
        await gallery.enroll("Ada Byron King", [new_face(np.ones(16))], embedder)
        await gallery.delete_subject("Ada Byron King")

    with caplog.at_level("INFO", "orchestrator.gallery.audit"):
        opened(work, uri)
    # What runs beside it may have something to say, too: that it could not tidy during the deletion.
    audit = [record.getMessage() for record in caplog.records if record.name == "orchestrator.gallery.audit"]
    lines = [json.loads(text.removeprefix("audit ")) for text in audit]
    assert [line["action"] for line in lines] == ["enroll", "delete"]
    assert "Ada" not in caplog.text
