"""The generator and the discriminator against the same networks put together from keras's layers."""

import keras
import numpy as np
import pytest

from exporters.models import MODELS
from exporters.networks.dcgan import EPSILON, LEAK
from exporters.signatures import LABELS, NOISE_DIM, SERVING_DEFAULT

layers = keras.layers


def labelled(x, labels):
    height, width = x.shape[1:3]
    return layers.Concatenate()([x, layers.UpSampling2D((height, width))(layers.Reshape((1, 1, LABELS))(labels))])


def keras_generator(weights):
    noise, labels = keras.Input((NOISE_DIM,)), keras.Input((LABELS,))
    x = layers.Reshape((1, 1, NOISE_DIM + LABELS))(layers.Concatenate()([noise, labels]))
    x = layers.Conv2DTranspose(128, 7, use_bias=False, name="deconv1")(x)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=EPSILON, name="norm1")(x))
    x = layers.Conv2DTranspose(64, 4, strides=2, padding="same", use_bias=False, name="deconv2")(labelled(x, labels))
    x = layers.ReLU()(layers.BatchNormalization(epsilon=EPSILON, name="norm2")(x))
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh", name="deconv3")(labelled(x, labels))
    return filled(keras.Model([noise, labels], x), weights)


def keras_discriminator(weights):
    light, labels = keras.Input((28, 28, 1)), keras.Input((LABELS,))
    x = layers.Conv2D(64, 4, strides=2, padding="same", name="conv1")(labelled(light, labels))
    x = layers.LeakyReLU(LEAK)(x)
    x = layers.Conv2D(128, 4, strides=2, padding="same", use_bias=False, name="conv2")(labelled(x, labels))
    x = layers.LeakyReLU(LEAK)(layers.BatchNormalization(epsilon=EPSILON, name="norm2")(x))
    x = layers.Conv2D(1, 7, name="conv3")(labelled(x, labels))
    return filled(keras.Model([light, labels], layers.Flatten()(x)), weights)


def filled(model, weights):
    for name, arrays in weights.items():
        model.get_layer(name).set_weights(list(arrays.values()))
    return model


@pytest.fixture
def asked():
    """Noise and labels of one digit each, and of two."""
    labels = np.eye(LABELS, dtype=np.float32)[[0, 5, 9, 3, 2]]
    labels[4] = labels[3] / 2 + labels[4] / 2
    return {"noise": np.random.default_rng(2).standard_normal((5, NOISE_DIM), np.float32), "labels": labels}


def test_pictures_are_those_of_keras(networks, asked):
    found = networks["generator"].run(SERVING_DEFAULT, asked)["images"]
    light = keras_generator(MODELS["generator"].read_weights())([asked["noise"], asked["labels"]]).numpy()
    assert np.ptp(found) > 200  # white on black
    np.testing.assert_allclose(found, (light + 1) * 127.5, atol=0.5001, rtol=0)


def test_logits_are_those_of_keras(networks, asked):
    images = networks["generator"].run(SERVING_DEFAULT, asked)["images"]
    found = networks["discriminator"].run(SERVING_DEFAULT, {"images": images, "labels": asked["labels"]})["logits"]
    light = images / np.float32(127.5) - 1
    expected = keras_discriminator(MODELS["discriminator"].read_weights())([light, asked["labels"]]).numpy()[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


def test_a_picture_does_not_depend_on_its_batch(networks, asked):
    together = networks["generator"].run(SERVING_DEFAULT, asked)["images"].astype(int)
    for row, picture in enumerate(together):
        alone = networks["generator"].run(
            SERVING_DEFAULT, {name: array[row : row + 1] for name, array in asked.items()}
        )
        assert np.abs(alone["images"][0] - picture).max() <= 1  # sums in another order may round otherwise
