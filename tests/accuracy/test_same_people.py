"""A small part of what docs/accuracy.md reports of recognition, so that a broken road is noticed."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.embedders import read_vectors
from benchmarks.accuracy.people import read_pairs
from orchestrator.pipeline.thresholds import IDENTIFY_FALSE_MATCH_RATE, threshold_of

REPOSITORY = Path(__file__).resolve().parents[2]
DATA_DIR = REPOSITORY.parent / "shared" / "data"
PAIRS = read_pairs(DATA_DIR)[::36]
"""50 of 1,800: 25 of the same person, 25 of two."""


@pytest.fixture(scope="module")
def distances(exported_models, tmp_path_factory):
    """[50]: infinite where a face was missed."""
    out = tmp_path_factory.mktemp("people") / "vectors.npz"
    files = [str(DATA_DIR / file) for pair in PAIRS for file in (pair.first, pair.second)]
    command = [sys.executable, "-m", "tests.accuracy.embed_faces", str(exported_models), str(out)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([*command, *dict.fromkeys(files)], cwd=REPOSITORY, env=environment, check=True, timeout=280)
    vectors = read_vectors(out)
    both = [(vectors[first], vectors[second]) for first, second in zip(files[::2], files[1::2], strict=True)]
    return np.array([np.inf if a is None or b is None else np.linalg.norm(a - b) for a, b in both])


pytestmark = pytest.mark.skipif(not PAIRS, reason=f"no evaluation pictures in {DATA_DIR}")


def test_every_face_is_found(distances):
    assert np.isfinite(distances).all()


def test_pairs_are_told_apart(distances):
    same = np.array([pair.same for pair in PAIRS])
    right = (distances <= 0.617) == same  # the folds' threshold in docs/accuracy.md
    assert right.mean() >= 0.97, [pair for pair, ok in zip(PAIRS, right, strict=True) if not ok]


def test_different_people_are_beyond_the_default_of_identify(distances):
    different = distances[~np.array([pair.same for pair in PAIRS])]
    assert (different > threshold_of(IDENTIFY_FALSE_MATCH_RATE, 1)).all()
