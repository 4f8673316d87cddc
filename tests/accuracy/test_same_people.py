"""A small part of what docs/accuracy.md reports of recognition, so that a broken road is noticed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.recognition.embedders import read_vectors
from benchmarks.accuracy.recognition.people import UNSEEN_FOLDS, read_pairs
from exporters.signatures import EMBEDDERS
from orchestrator.pipeline.thresholds import IDENTIFY_FALSE_MATCH_RATES, threshold_of

REPOSITORY = Path(__file__).resolve().parents[2]
DATA_DIR = REPOSITORY.parent / "shared" / "data"
PAIRS = read_pairs(DATA_DIR, UNSEEN_FOLDS[2])[::12]
"""50 of 600: 25 of the same person, 25 of two; of people of whom no version has learned anything."""

FILES = [str(DATA_DIR / file) for pair in PAIRS for file in (pair.first, pair.second)]


@pytest.fixture(scope="module")
def answers(exported_models, both_embedders, tmp_path_factory):
    """The folder of the vectors of each version."""
    folder, models = (tmp_path_factory.mktemp(name) for name in ("people", "models"))
    for model in exported_models.iterdir():
        (models / model.name).symlink_to(both_embedders / "embedder" if model.name == "embedder" else model)
    command = [sys.executable, "-m", "tests.accuracy.embed_faces", str(models), str(folder)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([*command, *dict.fromkeys(FILES)], cwd=REPOSITORY, env=environment, check=True, timeout=280)
    return folder


def distances(answers, version):
    """[50]: infinite where a face was missed."""
    vectors = read_vectors(answers / f"{version}.npz")
    both = [(vectors[first], vectors[second]) for first, second in zip(FILES[::2], FILES[1::2], strict=True)]
    return np.array([np.inf if a is None or b is None else np.linalg.norm(a - b) for a, b in both])


pytestmark = pytest.mark.skipif(not PAIRS, reason=f"no evaluation pictures in {DATA_DIR}")


def test_every_face_is_found(answers):
    assert np.isfinite(distances(answers, 1)).all()


@pytest.mark.parametrize(("version", "threshold", "right"), [(1, 0.617, 0.97), (2, 0.575, 0.97)])
def test_pairs_are_told_apart(answers, version, threshold, right):
    """At the folds' threshold in docs/accuracy.md, where 99 % of all 1,800 and 98 % of 600 are."""
    same = np.array([pair.same for pair in PAIRS])
    told = (distances(answers, version) <= threshold) == same
    assert told.mean() >= right, [pair for pair, ok in zip(PAIRS, told, strict=True) if not ok]


@pytest.mark.parametrize("version", EMBEDDERS)
def test_different_people_are_beyond_the_default_of_identify(answers, version):
    different = distances(answers, version)[~np.array([pair.same for pair in PAIRS])]
    assert (different > threshold_of(IDENTIFY_FALSE_MATCH_RATES[version], version)).all()
