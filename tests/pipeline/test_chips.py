import cv2
import numpy as np
import pytest

from facegrid.errors import GalleryUnavailable
from orchestrator.pipeline.chips import decode_chip, encode_chip


def test_a_chip_comes_back_as_it_was():
    chip = np.random.default_rng(1).integers(0, 256, (150, 150, 3), np.uint8)
    np.testing.assert_array_equal(decode_chip(encode_chip(chip), 150), chip)


def test_another_embedder_gets_the_size_that_it_takes():
    chip = np.zeros((150, 150, 3), np.uint8)
    chip[:, 75:] = (255, 0, 0)  # red on the right
    smaller = decode_chip(encode_chip(chip), 50)
    assert smaller.shape == (50, 50, 3)
    np.testing.assert_array_equal(smaller[:, 25:], np.broadcast_to(np.array([255, 0, 0]), (50, 25, 3)))
    assert not smaller[:, :25].any()


def test_a_jpeg_is_read_too_and_junk_is_refused():
    _, data = cv2.imencode(".jpg", np.full((150, 150, 3), 200, np.uint8))
    assert abs(decode_chip(bytes(data), 150).astype(int) - 200).max() <= 1
    with pytest.raises(GalleryUnavailable, match="4 bytes is not a picture"):
        decode_chip(b"junk", 150)
