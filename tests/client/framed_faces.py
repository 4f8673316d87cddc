"""Networks that find bright squares on a dark ground, at the service's own thresholds, and pictures with such faces.

The plain host with these and a real gallery is the service that most of the client's tests call.
"""

from contextlib import contextmanager

import numpy as np
from PIL import Image

from exporters.signatures import MAP_CELLS, PNET_FIELD_PX, PNET_STRIDE_PX, TILE_TOP_K
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, embedder
from tests.support.hosts import running_host

FACE_PX = 40
_MARGIN_PX = 20
_PITCH_PX = 84
"""From face to face: nine steps of pnet's grid at the level of the pyramid that finds them."""

_OUTER_CELLS = [cell for cell in np.ndindex(5, 5) if {0, 4} & set(cell)]
"""Of a face's pattern, where the networks do not look."""


@contextmanager
def people_host(folder, **settings):
    """Serves until the end of the block, with a gallery in the folder; gives HOST:PORT."""
    networks = {"pnet": _pnet, "rnet": _rnet, "onet": _onet, "embedder": embedder}
    with running_host(Settings(gallery=str(folder / "gallery"), **settings), FunctionPredictor(networks)) as target:
        yield target


def portrait(*seeds):
    """Pixels of a picture with the faces of these people from left to right; each has a pattern of its own."""
    height, width = FACE_PX + 2 * _MARGIN_PX, FACE_PX + 2 * _MARGIN_PX + (len(seeds) - 1) * _PITCH_PX
    pixels = np.zeros((height, width, 3), np.uint8)
    for index, seed in enumerate(seeds):
        pattern = np.full((5, 5), 255, np.uint8)
        cells = np.random.default_rng(seed).choice(_OUTER_CELLS, 5, replace=False)
        pattern[cells[:, 0], cells[:, 1]] = 90
        face = Image.fromarray(pattern).resize((FACE_PX, FACE_PX), Image.Resampling.NEAREST)
        left = _MARGIN_PX + index * _PITCH_PX
        pixels[_MARGIN_PX : _MARGIN_PX + FACE_PX, left : left + FACE_PX] = np.asarray(face)[..., None]
    return pixels


def _framed(fields):
    """How bright the middle of each field [..., s, s, 3] is, and how dark its rim: 1 is a bright square, framed."""
    side = fields.shape[-2]
    rim, middle = side // 12, side // 4
    light = fields.astype(np.float32).mean(axis=-1) / 65_536
    inner = light[..., middle:-middle, middle:-middle].mean(axis=(-2, -1))
    without_rim = light[..., rim:-rim, rim:-rim]
    outer = (light.sum(axis=(-2, -1)) - without_rim.sum(axis=(-2, -1))) / (side**2 - (side - 2 * rim) ** 2)
    return (inner * (1 - outer)).astype(np.float32)


def _pnet(tiles, signature):
    shape = (PNET_FIELD_PX, PNET_FIELD_PX)
    fields = np.lib.stride_tricks.sliding_window_view(tiles, shape, (1, 2))[:, ::PNET_STRIDE_PX, ::PNET_STRIDE_PX]
    scores = _framed(np.moveaxis(fields, 3, -1))  # [N, h, w]
    if signature == "maps":
        return {"scores": scores, "offsets": np.zeros((*scores.shape, 4), np.float32)}
    flat = scores.reshape(len(tiles), MAP_CELLS * MAP_CELLS)
    cells = np.argsort(-flat, axis=1, kind="stable")[:, :TILE_TOP_K].astype(np.int32)
    offsets = np.zeros((*cells.shape, 4), np.float32)
    return {"scores": np.take_along_axis(flat, cells, 1), "cells": cells, "offsets": offsets}


def _rnet(crops, signature):
    return {"scores": _framed(crops), "offsets": np.zeros((len(crops), 4), np.float32)}


def _onet(crops, signature):
    points = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.4, 0.7], [0.6, 0.7]], np.float32)
    return {**_rnet(crops, signature), "landmarks": np.tile(points, (len(crops), 1, 1))}
