"""The one test double: networks that are plain functions."""

import asyncio

import numpy as np

from exporters.signatures import DIGIT_PX, EMBEDDER_VERSION, SERVING_DEFAULT, contract_of
from facegrid.errors import Unavailable
from orchestrator.predict.checks import check_inputs, check_outputs


class FunctionPredictor:
    """The test double of the seam: a function for each model, under the contract of `Predictor`.

    Args:
        functions: By model: takes the input arrays in the contract's order and the signature, returns the outputs.
        versions: By model: the versions that there are, with the same function; those not named have version 1.
    """

    def __init__(self, functions, versions=None) -> None:
        self._functions = functions
        self._versions = {"embedder": (EMBEDDER_VERSION,), **(versions or {})}

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def predict(self, model, inputs, *, deadline, signature=SERVING_DEFAULT, version=None):
        rows = check_inputs(model, signature, inputs, version=version)
        if version is not None and version not in self._versions.get(model, (1,)):
            raise Unavailable(f"the server of model {model} version {version} does not have it")
        arrays = [inputs[name] for name in contract_of(model, version).signatures[signature].inputs]
        with deadline.waiting_for(f"model {model}"):
            try:
                async with asyncio.timeout(deadline.remaining_s()):
                    outputs = await asyncio.to_thread(self._functions[model], *arrays, signature)
            except TimeoutError:
                raise deadline.exceeded() from None
        check_outputs(model, signature, outputs, rows=rows, version=version)
        return outputs


def rnet(crops, signature):
    """Every crop is a face to the degree that it is bright, and lies where it was proposed."""
    brightness = crops.reshape(len(crops), -1).mean(axis=1) / 65_536
    return {"scores": brightness.astype(np.float32), "offsets": np.zeros((len(crops), 4), np.float32)}


def onet(crops, signature):
    """As `rnet`, with five points at fixed places of the crop."""
    points = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.3, 0.7], [0.7, 0.7]], np.float32)
    return {**rnet(crops, signature), "landmarks": np.tile(points, (len(crops), 1, 1))}


def embedder(chips, signature):
    """The mean brightness of each of 128 stripes, less the chip's: equal chips are at distance 0, others not."""
    rows = chips.reshape(len(chips), -1)[:, : chips[0].size // 128 * 128].astype(np.float32)
    stripes = rows.reshape(len(chips), 128, -1).mean(axis=2) / 256
    return {"embeddings": stripes - stripes.mean(axis=1, keepdims=True)}


def generator(noise, labels, signature):
    """Pixels that are sums of what went in: another noise or another weight gives another picture."""
    rows = np.concatenate([noise, 10 * labels], axis=1, dtype=np.float64)
    waves = np.cos(np.arange(DIGIT_PX**2)[:, None] * np.arange(1, rows.shape[1] + 1) / 97)  # [784, 74]
    pixels = np.clip(128 + 16 * (rows[:, None] * waves).sum(axis=2), 0, 255)
    return {"images": pixels.astype(np.uint8).reshape(-1, DIGIT_PX, DIGIT_PX, 1)}


def discriminator(images, labels, signature):
    """The brighter the picture the more real, and the more of a high digit it is said to be."""
    brightness = images.reshape(len(images), -1).mean(axis=1) / 64 - 2
    return {"logits": (brightness + labels @ np.arange(10) / 10).astype(np.float32)}
