import io

import numpy as np
import pytest
from PIL import Image

from facegrid.errors import InvalidImage, InvalidLabels
from orchestrator.pipeline.digits import from_png, mix, probabilities, to_png


def test_weights_are_shares_of_one():
    vector = mix([(2, 1.0), (3, 1.0)])
    assert vector.dtype == np.float32
    np.testing.assert_array_equal(vector, np.float32([0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0]))
    np.testing.assert_array_equal(mix([(0, 0.3), (8, 0.7)])[[0, 8]], np.float32([0.3, 0.7]))
    np.testing.assert_array_equal(mix([(9, 1e-30), (4, 0.0)]), np.eye(10, dtype=np.float32)[9])
    assert mix([(digit, 3e38) for digit in range(10)]).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([], "there are 0 labels, at least 1 is needed"),
        ([(10, 1.0)], "a label is 10, allowed are 0 to 9"),
        ([(-1, 1.0)], "a label is -1, allowed are 0 to 9"),
        ([(3, -0.5)], "the weight of label 3 is -0.5, allowed are finite numbers from 0"),
        ([(3, float("nan"))], "the weight of label 3 is nan"),
        ([(3, float("inf"))], "the weight of label 3 is inf"),
        ([(3, 0.0), (4, 0.0)], "the weights of all 2 labels are 0"),
        ([(3, 0.5), (3, 0.5)], "label 3 comes twice"),
    ],
)
def test_labels_that_mean_nothing_are_refused_with_value_and_range(labels, words):
    with pytest.raises(InvalidLabels) as caught:
        mix(labels)
    assert words in caught.value.message


def test_a_picture_survives_its_file():
    digit = np.random.default_rng(1).integers(0, 256, (28, 28, 1), np.uint8)
    data = to_png(digit)
    with Image.open(io.BytesIO(data)) as opened:  # another reader's opinion
        assert (opened.format, opened.mode, opened.size) == ("PNG", "L", (28, 28))
        np.testing.assert_array_equal(np.asarray(opened), digit[:, :, 0])
    np.testing.assert_array_equal(from_png(data, 0), digit)


def file_of(image, file_format="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "picture 4 is not a whole PNG file (0 bytes)"),
        (b"no picture", "picture 4 is not a whole PNG file (10 bytes)"),
        (file_of(Image.new("L", (28, 28)))[:50], "picture 4 is not a whole PNG file"),
        (file_of(Image.new("L", (28, 28)), "GIF"), "picture 4 is not a whole PNG file"),
        (file_of(Image.new("L", (27, 28))), "picture 4 is 27 x 28 pixels of mode L, expected 28 x 28 grey ones"),
        (file_of(Image.new("RGB", (28, 28))), "of mode RGB"),
        (file_of(Image.new("L", (60_000, 9))), "picture 4 is 60000 x 9"),
        (bytes(16_385), "picture 4 has 16,385 bytes, at most 16,384"),
    ],
)
def test_what_is_no_picture_of_a_digit_is_refused(data, words):
    with pytest.raises(InvalidImage) as caught:
        from_png(data, 4)
    assert words in caught.value.message


def test_probabilities_are_those_of_the_logits_at_any_size():
    logits = np.float32([-2e4, -1, 0, 1, 2e4])
    np.testing.assert_allclose(probabilities(logits), [0, 0.2689414213699951, 0.5, 0.7310585786300049, 1], rtol=1e-12)
