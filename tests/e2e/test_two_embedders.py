"""A gallery moves from the first embedder to the second and back: exported networks, one model server, stored chips."""

import asyncio
from functools import partial

import numpy as np
import pytest

from exporters.saved_model.graph import loaded
from exporters.signatures import EMBEDDERS, SERVING_DEFAULT
from facegrid.cli.main import main
from facegrid.tfserving.v1.model_status_pb2 import ModelVersionStatus
from orchestrator.cli import gallery as commands
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace
from orchestrator.pipeline.chips import encode_chip
from tests.model_server.helpers.lifecycle_calls import states
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually

CONFIG = """\
model_config_list {{
  config {{ name: "embedder" base_path: "{0}" model_platform: "tensorflow" model_version_policy {{ all {{}} }} }}
}}
"""

PEOPLE = tuple(f"person {number}" for number in range(6))


@pytest.fixture(scope="module")
def server(both_embedders, tmp_path_factory):
    """HOST:PORT of a model server with both."""
    file = tmp_path_factory.mktemp("server") / "models.config"
    file.write_text(CONFIG.format(both_embedders / "embedder"))
    with ServerProcess(file.parent, f"--model_config_file={file}") as process:
        process.wait_until_ready()
        # It answers when one version is loaded; the other may take seconds more.
        both = dict.fromkeys(EMBEDDERS, ModelVersionStatus.STATE_AVAILABLE)
        eventually(lambda: states(process, "embedder") == both, "both versions are loaded")
        yield f"127.0.0.1:{process.port}"


@pytest.fixture(scope="module")
def chips():
    """Six pictures that no embedder takes for each other: noise, ever coarser."""
    rng = np.random.default_rng(0)
    noises = (rng.integers(0, 256, (150 // side, 150 // side, 3), np.uint8) for side in (1, 2, 5, 10, 25, 50))
    return np.array([np.kron(noise, np.ones((150 // len(noise),) * 2 + (1,), np.uint8)) for noise in noises])


@pytest.fixture(scope="module")
def vectors(both_embedders, chips):
    """What each version makes of the chips."""
    found = {}
    for version in EMBEDDERS:
        with loaded(both_embedders / "embedder" / str(version)) as network:
            found[version] = network.run(SERVING_DEFAULT, {"chips": chips})["embeddings"]
    return found


def named(version):
    contract = EMBEDDERS[version]
    return EmbedderVersion(contract.network, version, contract.dimension)


def test_there_and_back_again(chips, vectors, server, tmp_path, monkeypatch):
    folder = str(tmp_path / "gallery")

    async def enrol():
        gallery = Gallery(folder)
        for name, chip, vector in zip(PEOPLE, chips, vectors[1], strict=True):
            face = NewFace(vector=vector, score=0.99, face_px=99.0, chip=encode_chip(chip))
            await gallery.enroll(name, [face], named(1))
        await gallery.close()

    async def found_by(version):
        gallery = Gallery(folder)
        active = await gallery.active()
        answers = await gallery.search(vectors[version], named(version))
        await gallery.close()
        assert active == named(version)
        return [(answer.best[0].subject, answer.best[0].distance) for answer in answers]

    # The former vectors are answered for a minute more, which nobody waits for here.
    monkeypatch.setattr(commands, "reembed_gallery", partial(commands.reembed_gallery, grace_s=0))
    asyncio.run(enrol())
    first = asyncio.run(found_by(1))
    for version in (2, 1):
        move = ["gallery", "reembed", "--version", str(version), "--model-server", server, "--gallery", folder]
        assert main(move) == 0
        names, distances = zip(*asyncio.run(found_by(version)), strict=True)
        assert names == PEOPLE
        assert distances == pytest.approx([0] * len(PEOPLE), abs=1e-3)
    assert [name for name, _ in first] == list(PEOPLE)
