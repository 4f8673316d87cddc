"""dlib's file format, with a small network written byte by byte, and with damage of the published one."""

import struct
from contextlib import suppress

import numpy as np
import pytest

from exporters.errors import WeightsError
from exporters.weights.dlib_format import read_layers
from exporters.weights.files import package_file

PATH = package_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")


def integer(value):
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def text(value):
    return integer(len(value)) + value.encode()


def number(mantissa, exponent):
    return integer(mantissa) + integer(exponent)


def tensor(*values):
    sizes = (len(values), 1, 1, 1) if values else (0, 0, 0, 0)
    return b"".join(map(integer, (2, *sizes))) + struct.pack(f"<{len(values)}f", *values)


def part(*sizes):
    return b"".join(map(integer, (1, *sizes)))


ZERO, ONE = number(0, 11), number(0x8000, -15)
END = b"000" + 3 * tensor()
CONVOLUTION = (
    text("con_4")
    + tensor(*range(1, 13), 0.5, -0.5)  # two filters of 3 channels, 1 x 2; two biases
    + b"".join(map(integer, (2, 1, 2, 1, 1, 0, 0)))
    + part(2, 3, 1, 2)
    + part(1, 2, 1, 1)
    + 3 * ONE
    + ZERO
)
AFFINE = text("affine_") + tensor(2, 3, -1, -2) + 2 * part(1, 2, 1, 1) + integer(0)
FULL = text("fc_2") + integer(2) + integer(3) + tensor(*range(6)) + part(3, 2, 1, 1) + part(0, 0, 0, 0) + integer(1)
FULL += 4 * ONE
SMALL = (
    integer(1) + text("loss_metric_2") + number(0xA3D70A, -28) + number(0x99999A, -24)
    + 4 * integer(2) + integer(1) + integer(3)
    + text("input_rgb_image_sized") + number(245, -1) + number(3, 0) + number(-1, -2) + integer(150) + integer(150)
    + CONVOLUTION + END + integer(1)
    + AFFINE + END + text("relu_") + END + text("max_pool_2") + 6 * integer(3) + END + FULL + END
)  # fmt: skip


def read(content):
    return list(read_layers(content, source="small.dat"))


def test_layers_come_in_the_order_of_execution():
    layers = read(SMALL)
    kinds = ["input_rgb_image_sized", "con_4", "affine_", "relu_", "max_pool_2", "fc_2"]
    assert [layer.kind for layer in layers] == kinds
    assert layers[0].parameters[0].tolist() == [122.5, 3, -0.25]
    kernel, bias = layers[1].parameters
    for filter_, channel, column in np.ndindex(2, 3, 2):  # stored by filter, channel, row, column
        assert kernel[0, column, channel, filter_] == 1 + filter_ * 6 + channel * 2 + column
    assert bias.tolist() == [0.5, -0.5]
    assert [array.tolist() for array in layers[2].parameters] == [[2, 3], [-1, -2]]
    assert layers[5].parameters[0].tolist() == [[0, 1], [2, 3], [4, 5]]


def test_a_file_that_ends_early_is_told():
    # Between two layers nothing is missing that the file could tell; the network notices it.
    layers = [AFFINE, text("relu_"), text("max_pool_2")]
    between = {SMALL.index(layer) for layer in [*layers, FULL]}
    for end in set(range(len(SMALL))) - between:
        with pytest.raises(WeightsError, match=f"small.dat: at byte [0-9]+ of {end} is "):
            read(SMALL[:end])


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (text("loss_metric_2"), text("loss_metric_9"), "the loss: 'loss_metric_9', expected 'loss_metric_2'"),
        (text("affine_"), text("bn_con2"), "a layer of the kind 'bn_con2', expected one of con_4, affine_"),
        (number(245, -1), number(1, 32000), "a number that is not a float32"),
        (number(3, 0), b"\x40" + number(3, 0), "the byte 0x40, expected the size of a whole number"),
        (part(2, 3, 1, 2), part(2, 3, 1, 3), "the number of parameters: 14, expected 20"),
        (part(3, 2, 1, 1), part(3, -2, 1, 1), r"a tensor with the sizes \[3, -2, 1, 1\]"),
        (integer(2) + integer(3) + tensor(0, 1, 2, 3, 4, 5), integer(2) + integer(3) + tensor(0), "weights of fc_2"),
    ],
)
def test_damage_is_named(was, becomes, message):
    assert SMALL.count(was) == 1
    with pytest.raises(WeightsError, match=message):
        read(SMALL.replace(was, becomes))


def test_any_other_byte_is_told_or_read():
    for place in range(len(SMALL)):
        for byte in (0x00, 0x01, 0x03, 0x40, 0x80, 0x88, 0xFF):
            with suppress(WeightsError):  # and no other error
                read(SMALL[:place] + bytes([byte]) + SMALL[place + 1 :])


def test_the_published_file_is_read_to_its_end():
    layers = read(PATH.read_bytes())
    assert len(layers) == 1 + 108
    assert [layer.kind for layer in layers].count("con_4") == 29
