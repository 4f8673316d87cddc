"""Digits through the whole service but Ray: client, plain host, model server, exported networks."""

import numpy as np
import pytest

from orchestrator.predict.batches import MAX_BATCH
from tests.support.evaluation import require_evaluation_data


def differences(left, right):
    return np.abs(left.astype(int) - right.astype(int))


def test_a_seed_is_the_same_pictures_again_whatever_the_count(client):
    """Up to rounding: a batch of another size may be summed in another order."""
    many = client.generate(7, MAX_BATCH["generator"] + 9, seed=3)
    for count in (1, 5, MAX_BATCH["generator"]):
        assert differences(client.generate(7, count, seed=3), many[:count]).max() <= 1
    np.testing.assert_array_equal(client.generate(7, 5, seed=3), client.generate(7, 5, seed=3))
    assert differences(client.generate(7, 5, seed=4), many[:5]).max() > 100


def test_the_noise_of_a_picture_draws_it_again(client):
    digits = list(client.generate_each({2: 0.5, 3: 0.5}, 4, seed=9, truncation=1.0))
    again = client.generate([2, 3], 4, noise=np.stack([digit.noise for digit in digits]))
    np.testing.assert_array_equal(again, np.stack([digit.image for digit in digits]))


def test_the_digit_asked_for_is_drawn(client):
    """The nearest mean of the real digits decides, which is right for four in five of the real ones."""
    with np.load(require_evaluation_data("mnist.npz")) as data:
        pixels, labels = data["x_train"].reshape(-1, 784).astype(np.float32), data["y_train"]
    means = np.stack([pixels[labels == digit].mean(axis=0) for digit in range(10)])
    drawn = np.stack([client.generate(digit, 30, seed=5).reshape(30, 784) for digit in range(10)]).astype(np.float32)
    nearest = np.linalg.norm(drawn[:, :, None] - means, axis=-1).argmin(axis=-1)  # [10, 30]
    assert (nearest == np.arange(10)[:, None]).mean() > 0.7


def test_a_picture_gets_the_same_logit_alone_and_in_a_batch(client):
    digits = client.generate(4, MAX_BATCH["discriminator"] + 3, seed=1)
    together = client.discriminate_detailed(digits, 4)
    assert np.isfinite(together.logits).all()
    np.testing.assert_allclose(client.discriminate_detailed(digits[-1], 4).logits, together.logits[-1:], atol=1e-3)


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_seems_less_real_under_a_wrong_label(client, digit):
    digits = client.generate(digit, 50, seed=2)
    right = client.discriminate_detailed(digits, digit).logits
    for other in set(range(10)) - {digit}:
        assert (client.discriminate_detailed(digits, other).logits < right).mean() >= 0.9, other
