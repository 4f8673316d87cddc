"""A gallery moves to another embedder on the command line: stored chips, model server, exported embedder."""

import asyncio
from functools import partial

import numpy as np
import pytest
from PIL import Image

from exporters.signatures import EMBEDDERS
from facegrid.cli.main import main
from orchestrator.cli import gallery as commands
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace
from orchestrator.pipeline.align import align
from orchestrator.pipeline.chips import encode_chip

PEOPLE = ("astronaut.png", "biden.jpg", "obama.jpg")
CONTRACT = EMBEDDERS[1]
FORMER = EmbedderVersion("former_net", 9, 16)
NEW = EmbedderVersion(CONTRACT.network, CONTRACT.version, CONTRACT.dimension)


def chip_of(path, face):
    """The chip that an enrolment of the picture's face keeps."""
    landmarks = face.landmarks
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    points = np.array([[(getattr(landmarks, name).x, getattr(landmarks, name).y) for name in names]], np.float32)
    image = np.asarray(Image.open(path).convert("RGB"))
    return encode_chip(align(image, points, template=CONTRACT.template, chip_px=CONTRACT.chip_px)[0])


@pytest.fixture
def faces(client, samples):
    """The face of each picture, with the new embedder's vector."""
    return {name: client.embed(samples / name)[0] for name in PEOPLE}


def test_all_people_are_found_by_the_new_embedder(faces, model_server, samples, tmp_path, monkeypatch):
    folder = str(tmp_path / "gallery")

    async def enrol():
        gallery = Gallery(folder)
        for place, (name, found) in enumerate(faces.items()):
            chip = chip_of(samples / name, found.face)
            face = NewFace(vector=np.full(16, place + 1.0), score=0.99, face_px=99.0, chip=chip)
            await gallery.enroll(name, [face], FORMER)
        await gallery.close()

    async def search():
        gallery = Gallery(folder)
        answers = await gallery.search(np.stack([found.vector for found in faces.values()]), NEW)
        await gallery.close()
        return [answer.best[0] for answer in answers]

    asyncio.run(enrol())
    # The old vectors are answered for a minute more, which nobody waits for here.
    monkeypatch.setattr(commands, "reembed_gallery", partial(commands.reembed_gallery, grace_s=0))
    move = ["gallery", "reembed", "--version", "1", "--model-server", model_server, "--gallery", folder]
    assert main(move) == 0
    found = asyncio.run(search())
    assert [match.subject for match in found] == list(PEOPLE)
    assert [match.distance for match in found] == pytest.approx([0, 0, 0], abs=1e-3)
