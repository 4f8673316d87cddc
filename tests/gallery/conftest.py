import asyncio

import numpy as np
import pytest

from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace


@pytest.fixture
def embedder():
    """A small one: 16 values."""
    return EmbedderVersion("test_net", 1, 16)


@pytest.fixture
def rng():
    return np.random.default_rng(20261124)


@pytest.fixture
def new_face():
    """Returns a face with a vector, and a chip unless that is given as None."""

    def make(vector, chip=b"\x89PNG chip"):
        return NewFace(vector=np.asarray(vector, np.float32), score=0.99, face_px=120.0, chip=chip)

    return make


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "gallery"


@pytest.fixture
def opened(folder):
    """Returns what an async function makes of the gallery in `folder`, opened for that and closed afterwards."""

    def run(work, uri=folder, **options):
        async def main():
            gallery = Gallery(str(uri), **options)
            try:
                return await work(gallery)
            finally:
                await gallery.close()

        return asyncio.run(main())

    return run
