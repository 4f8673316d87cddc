"""A file is replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from exporters.atomic_file import replaced


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_made_and_then_replaced(tmp_path, durable):
    file = tmp_path / "state.npz"
    for content in (b"first", b"second"):
        with replaced(file, durable=durable) as draft:
            assert draft.suffix == ".npz"  # numpy and Keras choose the format by it
            draft.write_bytes(content)
            assert not file.exists() or file.read_bytes() == b"first"
        assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_block_that_fails_leaves_the_file_as_it_was(tmp_path):
    file = tmp_path / "state.npz"
    file.write_bytes(b"before")

    def fail():
        with replaced(file, durable=False) as draft:
            draft.write_bytes(b"half")
            raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"):
        fail()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_only_a_durable_file_waits_for_the_disk(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def noted(descriptor):
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    for durable in (False, True):
        with replaced(tmp_path / "weights.npz", durable=durable) as draft:
            draft.write_bytes(b"x")
    assert synced == [str(tmp_path / "weights.part.npz"), str(tmp_path)]
