"""The folder is a LanceDB database: its own package reads it."""

import lancedb
import numpy as np


def test_lancedb_reads_and_searches_the_gallery(opened, embedder, new_face, folder):
    async def enrol(gallery):
        await gallery.enroll("Ann", [new_face(np.ones(16))], embedder)
        await gallery.enroll("Bob", [new_face(np.zeros(16))], embedder)

    opened(enrol)
    database = lancedb.connect(folder)
    table = database.open_table("faces-test_net-1")
    (nearest,) = table.search(np.full(16, 0.9)).limit(1).to_list()
    assert nearest["subject"] == "Ann"
    assert sorted(table.to_arrow()["subject"].to_pylist()) == ["Ann", "Bob"]
    assert database.open_table("embedders").to_arrow()["state"].to_pylist() == ["active"]
