"""`facegrid train embedder` on the command line; the training itself is tested in tests/training."""

import importlib.util
import re

import pytest
from PIL import Image

from exporters.cli import train_embedder
from exporters.networks.inception_v3 import MIN_PX
from exporters.training.embedder.config import EmbedderConfig


@pytest.fixture
def faces(tmp_path):
    """A folder with one picture each of two people."""
    for name in ("anna", "ben"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        Image.new("RGB", (150, 150)).save(tmp_path / "faces" / name / "1.png")
    return str(tmp_path / "faces")


def test_help_has_examples(facegrid):
    result = facegrid("train", "embedder", "--help")
    assert result.code == 0
    assert "facegrid train embedder --data faces --resume" in result.out


@pytest.mark.parametrize(
    "name",
    [
        "objective",
        "backend",
        "width",
        "input_px",
        "crop_px",
        "steps",
        "batch_size",
        "learning_rate",
        "views",
        "blend_share",
        "seam_share",
        "warp_px",
        "seed",
    ],
)
def test_the_defaults_in_the_help_are_those_of_the_training(facegrid, name):
    text = " ".join(facegrid("train", "embedder", "--help").out.split())
    option, default = "--" + name.replace("_", "-"), getattr(EmbedderConfig(), name)
    default = int(default) if default == 0 else default
    assert re.search(rf"{option} \S+ [^()]*\(default: {default}\)", text), text


def test_the_least_side_in_the_help_is_that_of_the_network():
    assert train_embedder._MIN_PX == MIN_PX


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--width", "0", "Input should be greater than or equal to 0.1"),
        ("--width", "wide", "Input should be a valid number"),
        ("--blend-share", "1.5", "Input should be less than or equal to 1"),
        ("--seam-share", "-0.1", "Input should be greater than or equal to 0"),
        ("--warp-px", "17", "Input should be less than or equal to 16"),
        ("--warp-px", "nan", "Input should be"),
        ("--input-px", "74", "Input should be greater than or equal to 75"),
        ("--crop-px", "151", "Input should be less than or equal to 150"),
        ("--crop-px", "99.5", "Input should be a valid integer"),
        ("--views", "-1", "Input should be greater than or equal to 0"),
        ("--objective", "guess", "'guess' is not one of 'distill', 'triplet', 'arcface'"),
    ],
)
def test_wrong_numbers_are_told(facegrid, option, value, words):
    result = facegrid("train", "embedder", "--data", "faces", option, value)
    assert result.code == 2
    assert f"Invalid value for '{option}'" in result.err
    assert words in result.err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--objective", "arcface", "--backend jax trains by distillation alone, not by arcface: leave --backend out"),
        ("--views", "16", "--backend jax shows a new view every time, not 16 again: leave --views out"),
        ("--teacher", "models/embedder/2", "--backend jax learns from version 1 as it is in its package"),
    ],
)
def test_what_jax_does_not_do_is_refused(facegrid, faces, option, value, words):
    result = facegrid("train", "embedder", "--data", faces, "--backend", "jax", option, value)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_jax_that_is_not_installed_is_said(facegrid, faces, monkeypatch):
    monkeypatch.setattr(
        "exporters.cli.training.find_spec", lambda name: None if name == "jax" else importlib.util.find_spec(name)
    )
    result = facegrid("train", "embedder", "--data", faces, "--backend", "jax")
    assert (result.code, result.out) == (2, "")
    assert "training needs jax, not installed here: pip install 'facegrid[jax]' 'jax[cuda13]'" in result.err


def test_a_teacher_that_is_not_there_is_said_before_anything_is_written(facegrid, faces, tmp_path):
    run_dir = tmp_path / "run"
    result = facegrid("train", "embedder", "--data", faces, "--teacher", str(tmp_path), "--run-dir", str(run_dir))
    assert (result.code, result.out) == (1, "")
    assert "holds no exported embedder" in result.err
    assert not run_dir.exists()


def test_people_with_one_picture_are_too_few(facegrid, faces, tmp_path):
    run_dir = tmp_path / "run"
    options = ["--objective", "triplet", "--batch-size", "2", "--run-dir", str(run_dir)]
    result = facegrid("train", "embedder", "--data", faces, *options)
    assert (result.code, result.out) == (1, "")
    assert "2 pictures of 2 people; skipped, unreadable or of another size: 0" in result.err
    assert "triplet needs two people with two pictures or more, found 0" in result.err
    assert not run_dir.exists()
