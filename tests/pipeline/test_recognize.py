"""Recognition in its steps, with networks that are plain functions; tests/e2e has the real ones."""

import asyncio

import cv2
import numpy as np
import pytest

from exporters.signatures import EMBEDDERS
from facegrid.errors import InternalError, InvalidImage, Unavailable
from orchestrator.deadline import Deadline
from orchestrator.pipeline.align import align
from orchestrator.pipeline.decode import ImageLimits
from orchestrator.pipeline.embed import embed
from orchestrator.pipeline.recognize import find_faces, recognize_faces
from orchestrator.predict.batches import MAX_BATCH
from orchestrator.types import DetectOptions
from tests.support.doubles import FunctionPredictor, embedder, onet, rnet
from tests.support.plain_pnet import pnet

LIMITS = ImageLimits(max_image_bytes=10**7, max_image_px=10**6, max_image_side_px=2000)
NETWORKS = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": embedder}


def picture():
    """Dark, with bright noise in it."""
    pixels = np.random.default_rng(2).integers(0, 60, (90, 120, 3), np.uint8)
    pixels[20:70, 30:80] = np.random.default_rng(3).integers(180, 256, (50, 50, 3))
    return pixels


def run(encoded, networks=NETWORKS, **options):
    given = DetectOptions(**{"onet_threshold": 0.5, "rnet_threshold": 0.3, "pnet_threshold": 0.7, **options})
    predictor, deadline = FunctionPredictor(networks), Deadline(60)

    async def recognize():
        image, faces = await find_faces(
            encoded, given, predictor, limits=LIMITS, max_candidates=8192, deadline=deadline
        )
        return await recognize_faces(image, faces, predictor, version=1, deadline=deadline)

    return asyncio.run(recognize())


def png(pixels):
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


def embed_now(chips, networks=NETWORKS, version=1):
    return asyncio.run(embed(chips, FunctionPredictor(networks), version=version, deadline=Deadline(60)))


def test_each_face_has_the_vector_of_its_own_chip():
    found = run(png(picture()))
    assert len(found) == len(found.chips) == len(found.embeddings) >= 1
    assert found.embeddings.version == 1
    expected = align(picture(), found.faces.landmarks, template=EMBEDDERS[1].template, chip_px=150)
    np.testing.assert_array_equal(found.chips, expected)
    np.testing.assert_allclose(found.embeddings.vectors, embedder(expected, "")["embeddings"])


def test_a_picture_without_faces_has_no_vectors():
    found = run(png(np.zeros((40, 40, 3), np.uint8)))
    assert (found.chips.shape, found.embeddings.vectors.shape) == ((0, 150, 150, 3), (0, 128))


def test_what_is_no_picture_is_refused():
    with pytest.raises(InvalidImage):
        run(b"not a picture")


def test_many_chips_come_back_in_order():
    chips = np.random.default_rng(1).integers(0, 256, (2 * MAX_BATCH["embedder"] + 3, 150, 150, 3), np.uint8)
    np.testing.assert_allclose(embed_now(chips).vectors, embedder(chips, "")["embeddings"], atol=1e-6)


def test_a_vector_that_is_no_number_is_an_error():
    def broken(chips, signature):
        return {"embeddings": np.full((len(chips), 128), np.nan, np.float32)}

    with pytest.raises(InternalError, match="embedder version 1"):
        embed_now(np.zeros((2, 150, 150, 3), np.uint8), {"embedder": broken})


def test_no_other_version_answers(monkeypatch):
    monkeypatch.setitem(EMBEDDERS, 2, EMBEDDERS[1])
    with pytest.raises(Unavailable, match="embedder version 2"):
        embed_now(np.zeros((1, 150, 150, 3), np.uint8), version=2)
