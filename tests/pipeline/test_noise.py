import math
from statistics import NormalDist

import numpy as np
import pytest

from exporters.signatures import NOISE_DIM
from orchestrator.pipeline.noise import MAX_SEED, noise_of

_64_BITS = 2**64 - 1

GOLDEN_FIRST = np.array([-0.14712793, 0.50211215, -1.091101, 0.73758703], np.float32)
GOLDEN_LAST = np.array([-1.039553, -1.965788, -0.3333504, 0.11391511], np.float32)
GOLDEN_TRUNCATED = np.array([-0.14712793, 0.36659575, -0.265331, -0.35468486], np.float32)


def philox(counter, key):
    """Philox4x64-10 of Salmon et al. (2011), in Python's integers: counter of four words, key of two -> four words."""
    words, (low, high) = list(counter), key
    for _ in range(10):
        first, second = words[0] * 0xD2E7470EE14C6C93, words[2] * 0xCA5A826395121157
        words = [(second >> 64) ^ words[1] ^ low, second & _64_BITS, (first >> 64) ^ words[3] ^ high, first & _64_BITS]
        low, high = (low + 0x9E3779B97F4A7C15) & _64_BITS, (high + 0xBB67AE8584CAA73B) & _64_BITS
    return words


def plain_noise(seed, index, attempt=0):
    """The noise of one picture by Python's integers and `math`."""
    words = []
    for block in range(index * NOISE_DIM // 4, (index + 1) * NOISE_DIM // 4):
        words += philox([block + 1, 0, 0, 0], (seed, attempt))  # numpy counts before it computes
    uniform = [((word >> 11) + 1) / 2**53 for word in words]
    numbers = []
    for first, second in zip(uniform[::2], uniform[1::2], strict=True):
        radius = math.sqrt(-2 * math.log(first))
        numbers += [radius * math.cos(2 * math.pi * second), radius * math.sin(2 * math.pi * second)]
    return np.array(numbers)


def test_the_reference_is_the_published_generator():
    """The known answers that come with its authors' own code (Random123, kat_vectors)."""
    assert philox([0] * 4, (0, 0)) == [
        0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B,
    ]  # fmt: skip
    assert philox([_64_BITS] * 4, (_64_BITS, _64_BITS)) == [
        0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 7, MAX_SEED])
def test_a_seed_stands_for_the_same_numbers_as_in_plain_arithmetic(seed):
    noise = noise_of(seed, 0, 3)
    assert (noise.shape, noise.dtype) == ((3, NOISE_DIM), np.float32)
    for index in range(3):
        np.testing.assert_allclose(noise[index], plain_noise(seed, index), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(noise_of(seed, 9_999, 1)[0], plain_noise(seed, 9_999), rtol=1e-6, atol=1e-9)


def test_a_seed_stands_for_the_same_numbers_for_ever():
    """Written down once: whoever changes them changes the pictures of every seed that anybody noted."""
    np.testing.assert_array_equal(noise_of(7, 0, 1)[0, :4], GOLDEN_FIRST)
    np.testing.assert_array_equal(noise_of(7, 63, 1)[0, -4:], GOLDEN_LAST)
    np.testing.assert_array_equal(noise_of(7, 0, 1, truncation=0.5)[0, :4], GOLDEN_TRUNCATED)


def test_a_picture_does_not_depend_on_how_many_are_asked_for():
    together = noise_of(5, 0, 300, truncation=1.0)
    for first, count in ((0, 1), (0, 128), (128, 128), (299, 1)):
        np.testing.assert_array_equal(noise_of(5, first, count, truncation=1.0), together[first : first + count])


def test_numbers_are_standard_normal_and_no_two_pictures_share_any():
    noise = noise_of(11, 0, 2_000).ravel().astype(np.float64)
    assert len(np.unique(noise)) > 0.99 * noise.size  # of 128,000 float32 some are equal by chance
    steps = np.arange(1, noise.size + 1) / noise.size
    expected = np.array([NormalDist().cdf(value) for value in np.sort(noise)])
    # The Kolmogorov-Smirnov distance that chance exceeds once in a million.
    assert np.abs(steps - expected).max() < math.sqrt(math.log(2e6) / 2 / noise.size)
    neighbours = np.corrcoef(noise_of(11, 0, 2_000)[:, 0], noise_of(12, 0, 2_000)[:, 0])[0, 1]
    assert abs(neighbours) < 5 / math.sqrt(2_000)


@pytest.mark.parametrize("truncation", [0.5, 0.7, 2.0, 10.0])
def test_numbers_beyond_the_truncation_are_drawn_anew_and_the_others_kept(truncation):
    free, held = noise_of(3, 0, 50), noise_of(3, 0, 50, truncation=truncation)
    assert np.abs(held).max() <= truncation
    inside = np.abs(free) <= truncation
    np.testing.assert_array_equal(held[inside], free[inside])
    redrawn = ~inside
    second = np.stack([plain_noise(3, index, attempt=1) for index in range(50)])
    once = redrawn & (np.abs(second) <= truncation * 0.999)
    np.testing.assert_allclose(held[once], second[once], rtol=1e-6, atol=1e-9)
