import itertools

import cv2
import numpy as np
import pytest
from PIL import Image

from orchestrator.pipeline.shots import is_cut, thumbnail


@pytest.fixture(scope="module")
def pictures(samples) -> dict[str, np.ndarray]:
    """Pictures of different scenes, cut to one size."""
    names = ("astronaut.png", "grace_hopper.jpg", "obama2.jpg", "biden.jpg")
    return {name: cv2.resize(np.asarray(Image.open(samples / name).convert("RGB")), (640, 480)) for name in names}


def part(image, x, y, scale=1.0):
    height, width = round(240 / scale), round(320 / scale)
    return cv2.resize(np.ascontiguousarray(image[y : y + height, x : x + width]), (320, 240))


def test_pans_and_zooms_are_no_cuts(pictures):
    for image in pictures.values():
        for step in range(8):
            here, there = part(image, 20 * step, 10 * step), part(image, 20 * step + 20, 10 * step + 10)
            assert not is_cut(thumbnail(here), thumbnail(there))
            zoomed = part(image, 60, 60, 1 + 0.05 * step), part(image, 60, 60, 1.05 + 0.05 * step)
            assert not is_cut(*map(thumbnail, zoomed))


def test_another_scene_is_a_cut(pictures):
    for one, other in itertools.permutations(pictures.values(), 2):
        assert is_cut(thumbnail(one), thumbnail(other))


def test_a_flash_and_a_fade_are_no_cuts(pictures):
    for image in pictures.values():
        for factor in (0.3, 0.7, 1.6):
            changed = np.clip(image * factor, 0, 255).astype(np.uint8)
            assert not is_cut(thumbnail(image), thumbnail(changed))


def test_frames_of_one_colour(pictures):
    black, white = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 255, np.uint8)
    picture = next(iter(pictures.values()))
    assert not is_cut(thumbnail(black), thumbnail(white))
    assert is_cut(thumbnail(black), thumbnail(picture))
    assert is_cut(thumbnail(picture), thumbnail(white))


@pytest.mark.parametrize("shape", [(1, 1, 3), (12, 4000, 3), (17, 31, 3)])
def test_any_shape_has_a_thumbnail(shape):
    assert thumbnail(np.zeros(shape, np.uint8)).shape == (18, 32, 3)


def test_the_clips_cuts_and_no_others(video_clip):
    frames, truth = video_clip
    thumbnails = [thumbnail(frame) for frame in frames]
    cuts = [i + 1 for i, pair in enumerate(itertools.pairwise(thumbnails)) if is_cut(*pair)]
    assert cuts == [segment["first"] for segment in truth["segments"][1:]]
