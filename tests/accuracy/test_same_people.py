"""A small part of what docs/accuracy.md reports on recognition, so that a regression is noticed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.accuracy.recognition.embedders import read_vectors
from benchmarks.accuracy.recognition.people import UNSEEN_FOLDS, read_pairs
from exporters.signatures import EMBEDDERS
from orchestrator.pipeline.thresholds import IDENTIFY_FALSE_MATCH_RATES, threshold_of
from tests.support.evaluation import require_evaluation_data
from tests.support.paths import REPOSITORY


@pytest.fixture(scope="module")
def data():
    return require_evaluation_data("lfw_pairs").parent


@pytest.fixture(scope="module")
def pairs(data):
    """50 of 600: 25 of the same person, 25 of two; of people of whom no version has learned anything."""
    return read_pairs(data, UNSEEN_FOLDS[2])[::12]


@pytest.fixture(scope="module")
def files(data, pairs):
    """The pictures of the pairs, two by two."""
    return [str(data / file) for pair in pairs for file in (pair.first, pair.second)]


@pytest.fixture(scope="module")
def distances(files, exported_models, both_embedders, tmp_path_factory):
    """By version: [50]; infinite where a face was missed."""
    folder, models = (tmp_path_factory.mktemp(name) for name in ("people", "models"))
    for model in exported_models.iterdir():
        (models / model.name).symlink_to(both_embedders / "embedder" if model.name == "embedder" else model)
    command = [sys.executable, "-m", "tests.accuracy.embed_faces", str(models), str(folder)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([*command, *dict.fromkeys(files)], cwd=REPOSITORY, env=environment, check=True, timeout=280)
    return {version: measured(read_vectors(folder / f"{version}.npz"), files) for version in EMBEDDERS}


def measured(vectors, files):
    both = [(vectors[first], vectors[second]) for first, second in zip(files[::2], files[1::2], strict=True)]
    return np.array([np.inf if a is None or b is None else np.linalg.norm(a - b) for a, b in both])


def test_every_face_is_found(distances):
    assert np.isfinite(distances[1]).all()


@pytest.mark.parametrize(("version", "threshold", "right"), [(1, 0.617, 0.97), (2, 0.575, 0.97)])
def test_pairs_are_told_apart(distances, pairs, version, threshold, right):
    """At the folds' threshold in docs/accuracy.md, where 99 % of all 1,800 and 98 % of 600 are."""
    same = np.array([pair.same for pair in pairs])
    told = (distances[version] <= threshold) == same
    assert told.mean() >= right, [pair for pair, ok in zip(pairs, told, strict=True) if not ok]


@pytest.mark.parametrize("version", EMBEDDERS)
def test_different_people_are_beyond_the_default_of_identify(distances, pairs, version):
    different = distances[version][~np.array([pair.same for pair in pairs])]
    assert (different > threshold_of(IDENTIFY_FALSE_MATCH_RATES[version], version)).all()
