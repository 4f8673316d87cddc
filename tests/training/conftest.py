"""A hundred drawn faces: five people's ovals, eyes and mouths, in pictures of 182 px."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from exporters.training.embedder.aligned_faces import AlignedFaces


@pytest.fixture(scope="session")
def faces_182():
    """[96, 182, 182, 3] of 12 people, eight pictures each."""
    rng = np.random.default_rng(0)
    people = np.repeat([f"person {number:02}" for number in range(12)], 8)
    looks = {name: rng.uniform(0, 1, 8) for name in np.unique(people)}
    return AlignedFaces(np.array([_drawn(looks[name], rng) for name in people]), people)


def _drawn(look, rng):
    light = rng.uniform(0.7, 1.1)
    skin, hair, back = (
        tuple(int(light * value) for value in colour)
        for colour in (
            (150 + 90 * look[0], 110 + 80 * look[1], 80 + 80 * look[2]),
            (200 * look[3], 160 * look[3], 60),
            rng.uniform(0, 200, 3),
        )
    )
    face = Image.new("RGB", (182, 182), back)
    draw = ImageDraw.Draw(face)
    dx, dy = rng.integers(-3, 4, 2)
    half = 38 + 20 * look[4]
    draw.ellipse((91 - half + dx, 22 + dy, 91 + half + dx, 172 + dy), fill=skin)
    draw.pieslice((91 - half + dx, 18 + dy, 91 + half + dx, 110 + dy), 180, 360, fill=hair)
    eye = 4 + 6 * look[5]
    for x in (64, 118):
        draw.ellipse(
            (x - eye + dx, 70 - eye / 2 + dy, x + eye + dx, 70 + eye / 2 + dy), fill=(20, 30, int(200 * look[6]))
        )
    mouth = 10 + 18 * look[7]
    draw.ellipse((91 - mouth + dx, 120 + dy, 91 + mouth + dx, 128 + dy), fill=(150, 30, 40))
    return np.asarray(face)
