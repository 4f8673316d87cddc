"""Names and shapes of the weights of dlib's face recognition network; needs neither TensorFlow nor JAX."""

from exporters.weights.arrays import LayerShapes, Shape


def _convolution(side: int, channels_in: int, channels: int) -> dict[str, Shape]:
    per_channel = dict.fromkeys(("bias", "gamma", "beta"), (channels,))
    return {"kernel": (side, side, channels_in, channels), **per_channel}


def _block(name: str, channels_in: int, channels: int) -> dict[str, dict[str, Shape]]:
    return {
        f"{name}/conv1": _convolution(3, channels_in, channels),
        f"{name}/conv2": _convolution(3, channels, channels),
    }


LAYERS: LayerShapes = {
    "input": {"mean": (3,)},
    "conv1": _convolution(7, 3, 32),
    **_block("level4_1", 32, 32),
    **_block("level4_2", 32, 32),
    **_block("level4_3", 32, 32),
    **_block("level3_1", 32, 64),
    **_block("level3_2", 64, 64),
    **_block("level3_3", 64, 64),
    **_block("level3_4", 64, 64),
    **_block("level2_1", 64, 128),
    **_block("level2_2", 128, 128),
    **_block("level2_3", 128, 128),
    **_block("level1_1", 128, 256),
    **_block("level1_2", 256, 256),
    **_block("level1_3", 256, 256),
    **_block("level0_1", 256, 256),
    "fc": {"kernel": (256, 128)},
}
"""The weights of `dlib_resnet.py` by layer, in the order of execution."""
