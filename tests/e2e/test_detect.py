"""The whole service but Ray: client, plain host, pipeline, model server, exported networks."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.e2e.boxes import box, iou
from tests.support.pictures import STORED

# Found by hand in an image viewer: the box that a person would draw, and the eyes' centres.
BY_HAND = {
    "astronaut.png": ((183, 75, 267, 179), (202, 101), (246, 103)),
    "grace_hopper.jpg": ((166, 125, 360, 328), (221, 190), (305, 187)),
    "obama.jpg": ((375, 85, 617, 425), (444, 213), (548, 212)),
}


ASTRONAUT_SCORE = 0.99912053
"""The score of the `mtcnn` package 1.0.0; 0.99973172 with red and blue swapped."""


def numbers(faces):
    """Box, score and landmarks of faces, as one array [N, 15]."""
    return np.array([(*box(face), face.score, *points(face)) for face in faces])


def points(face):
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    found = [getattr(face.landmarks, name) for name in names]
    return [coordinate for point in found for coordinate in (point.x, point.y)]


@pytest.mark.parametrize("name", BY_HAND)
def test_the_face_is_where_a_person_sees_it(client, samples, name):
    by_hand, left_eye, right_eye = BY_HAND[name]
    face = client.detect(samples / name)[0]
    assert face.score > 0.95
    assert iou(box(face), by_hand) > 0.6
    eyes_px = right_eye[0] - left_eye[0]
    for found, truth in ((face.landmarks.left_eye, left_eye), (face.landmarks.right_eye, right_eye)):
        assert np.hypot(found.x - truth[0], found.y - truth[1]) < 0.15 * eyes_px


def test_a_face_does_not_depend_on_the_pictures_beside_it(client, samples):
    """Alone and among pictures of other sizes, in a stream with many in flight: the same to 1e-4.

    Not to the last bit: a matrix product adds in another order for another number of crops.
    """
    paths = sorted(path for path in samples.iterdir() if path.suffix in {".jpg", ".png"})
    alone = {path: numbers(client.detect(path)) for path in paths}
    together = {}
    for item in client.detect_many([*paths, *reversed(paths), *paths], window=8):
        together.setdefault(item.source, []).append(numbers(item.faces))
    for path in paths:
        assert len(together[path]) == 3
        for found in together[path]:
            np.testing.assert_allclose(found, alone[path], rtol=0, atol=1e-4 * max(1, alone[path].max()))


@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_seen_upright(client, samples, orientation):
    upright = np.asarray(Image.open(samples / "astronaut.png").convert("RGB"))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(STORED[orientation](upright))).save(stream, "PNG", exif=exif)
    np.testing.assert_array_equal(numbers(client.detect(stream.getvalue())), numbers(client.detect(upright)))


def test_red_and_blue_are_not_swapped(client, samples):
    """Score and box are the reference's; with red and blue swapped both differ."""
    upright = np.asarray(Image.open(samples / "astronaut.png").convert("RGB"))
    right, swapped = client.detect(upright)[0], client.detect(upright[:, :, ::-1])[0]
    assert right.score == pytest.approx(ASTRONAUT_SCORE, abs=1e-4)
    assert abs(swapped.score - ASTRONAUT_SCORE) > 4e-4
    assert iou(box(right), (181.6, 63.7, 264.6, 171.1)) > 0.98
    assert iou(box(swapped), (181.6, 63.7, 264.6, 171.1)) < 0.93


def test_small_and_narrow_pictures_are_answered(client):
    for shape in ((12, 12), (20, 20), (19, 400), (12, 3000), (3000, 12)):
        assert client.detect(np.zeros((*shape, 3), np.uint8)) == []
