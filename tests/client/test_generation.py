"""generate and discriminate, with threads and with asyncio, against the plain host."""

import asyncio
import io
from contextlib import aclosing, closing

import numpy as np
import pytest
from PIL import Image

import facegrid
from orchestrator.pipeline.digits import mix
from orchestrator.pipeline.noise import noise_of
from tests.support.doubles import discriminator
from tests.support.generation_host import expected, generation_host


@pytest.fixture(scope="module")
def target():
    with generation_host(max_generate_count=500) as address:
        yield address


@pytest.fixture
def client(target):
    with facegrid.connect(target) as connected:
        yield connected


@pytest.mark.parametrize(
    ("labels", "weights"),
    [
        (7, {7: 1}),
        (np.int64(7), {7: 1}),
        ([2, 3], {2: 1, 3: 1}),
        ((2, 3), {2: 1, 3: 1}),
        (np.array([2, 3]), {2: 1, 3: 1}),
        ({0: 0.3, 8: 0.7}, {0: 0.3, 8: 0.7}),
        ({0: 3, 8: 7}, {0: 3.0, 8: 7.0}),
    ],
)
def test_labels_are_a_digit_several_or_weights(client, labels, weights):
    digits = client.generate(labels, 3, 11)
    assert (digits.shape, digits.dtype) == ((3, 28, 28), np.uint8)
    np.testing.assert_array_equal(digits, expected(weights, 3, 11))


def test_one_picture_of_seed_0_is_the_default(client):
    np.testing.assert_array_equal(client.generate(5), expected({5: 1}, 1, 0))


def test_options_reach_the_service(client):
    np.testing.assert_array_equal(client.generate(5, 300, 2, truncation=0.5), expected({5: 1}, 300, 2, 0.5))
    noise = noise_of(9, 0, 2)
    np.testing.assert_array_equal(client.generate(5, 2, noise=noise), expected({5: 1}, 2, 9))


def test_each_picture_comes_with_what_made_it(client):
    digits = list(client.generate_each({1: 1, 4: 3}, 200, 6))
    assert [digit.index for digit in digits] == list(range(200))
    np.testing.assert_array_equal([digit.noise for digit in digits], noise_of(6, 0, 200))
    np.testing.assert_array_equal(digits[7].labels, mix([(1, 0.25), (4, 0.75)]))
    again = client.generate(dict(enumerate(digits[7].labels)), noise=digits[7].noise)
    np.testing.assert_array_equal(again[0], digits[7].image)


def test_asyncio_gives_the_same(target):
    async def main():
        async with facegrid.connect_async(target) as client:
            digits = await client.generate([2, 3], 200, 7)
            async with aclosing(client.generate_each([2, 3], 400, 7)) as each:
                first = await anext(each)
            return digits, first, await client.discriminate(digits[:3], 2)

    digits, first, probabilities = asyncio.run(main())
    np.testing.assert_array_equal(digits, expected({2: 1, 3: 1}, 200, 7))
    np.testing.assert_array_equal(first.image, digits[0])
    with facegrid.connect(target) as client:
        np.testing.assert_array_equal(client.discriminate(digits[:3], 2), probabilities)


def test_a_loop_may_be_left_early(client):
    with closing(client.generate_each(1, 500)) as digits:
        assert next(digits).index == 0
    assert len(client.generate(1, 500)) == 500


def logits_of(pixels, weights):
    labels = np.tile(mix(weights.items()), (len(pixels), 1))
    return discriminator(pixels[..., None], labels, "serving_default")["logits"]


def test_pictures_to_be_judged_are_arrays_files_or_paths(client, tmp_path):
    pixels = np.random.default_rng(4).integers(0, 256, (2, 28, 28), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels[1]).save(stream, "PNG")
    (tmp_path / "digit.png").write_bytes(stream.getvalue())
    logits = logits_of(pixels, {3: 1, 4: 1})
    for images in (pixels, list(pixels), [pixels[0], stream.getvalue()], [pixels[0], tmp_path / "digit.png"]):
        np.testing.assert_array_equal(client.discriminate_detailed(images, [3, 4]).logits, logits)
    for image in (pixels[1], stream.getvalue(), str(tmp_path / "digit.png")):
        (probability,) = client.discriminate(image, [3, 4])
        assert probability == pytest.approx(1 / (1 + np.exp(-float(logits[1]))))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((10,), {}, facegrid.InvalidLabels, "a label is 10, allowed are 0 to 9"),
        ((-1,), {}, facegrid.InvalidLabels, "a label is -1, allowed are 0 to 9"),
        ((2.5,), {}, facegrid.InvalidLabels, "labels are a digit from 0 to 9"),
        (("2,3",), {}, facegrid.InvalidLabels, "labels are a digit from 0 to 9, several of them"),
        (([],), {}, facegrid.InvalidLabels, "there are 0 labels"),
        (({3: float("nan")},), {}, facegrid.InvalidLabels, "the weight of label 3 is nan"),
        (({3: "much"},), {}, facegrid.InvalidLabels, "the weight of label 3 is 'much'"),
        ((1, 0), {}, facegrid.InvalidOption, "count is 0, allowed are 1 to 500"),
        ((1, 501), {}, facegrid.InvalidOption, "count is 501, allowed are 1 to 500"),
        ((1, 1, -1), {}, facegrid.InvalidOption, "seed is -1, allowed are 0 to 9223372036854775807"),
        ((1, 1, 2**63), {}, facegrid.InvalidOption, "seed is 9223372036854775808"),
        ((1, 1, 0.5), {}, facegrid.InvalidOption, "seed is 0.5"),
        ((1,), {"truncation": 0}, facegrid.InvalidOption, "truncation is 0, allowed are 0.5 to 10"),
        ((1,), {"truncation": "low"}, facegrid.InvalidOption, "truncation must be a number"),
        ((1,), {"noise": [0.0] * 63}, facegrid.InvalidOption, "noise has 63 numbers, expected 64"),
        ((1,), {"noise": "loud"}, facegrid.InvalidOption, "noise must be numbers"),
    ],
)
def test_a_wrong_argument_is_refused_with_its_value_and_range(client, arguments, options, error, words):
    with pytest.raises(error) as caught:
        client.generate(*arguments, **options)
    assert words in caught.value.message


@pytest.mark.parametrize("image", [np.zeros((28, 27), np.uint8), np.zeros((28, 28), np.float32), 3])
def test_a_picture_of_another_form_is_not_sent(client, image):
    with pytest.raises(facegrid.InvalidImage, match=r"a digit is a PNG file or an array uint8 \[28, 28\]; got"):
        client.discriminate([image], 3)


def test_the_error_without_a_service_has_advice(free_port):
    with facegrid.connect(f"127.0.0.1:{free_port}") as client, pytest.raises(facegrid.Unavailable, match="running"):
        client.generate(1)
