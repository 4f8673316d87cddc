"""A pnet of a few lines: what a cell answers depends on every pixel of its field, and on nothing else."""

import numpy as np

from exporters.signatures import MAP_CELLS, PNET_FIELD_PX, PNET_STRIDE_PX, TILE_TOP_K

_WEIGHTS = np.random.default_rng(7).normal(size=(PNET_FIELD_PX, PNET_FIELD_PX, 3, 5))


def maps(picture):
    """Returns scores [h, w] and offsets [h, w, 4] of a picture [H, W, 3] of even sides."""
    fields = np.lib.stride_tricks.sliding_window_view(picture / 65_536 - 0.5, (PNET_FIELD_PX, PNET_FIELD_PX), (0, 1))
    fields = fields[::PNET_STRIDE_PX, ::PNET_STRIDE_PX]  # [h, w, 3, 12, 12]
    answers = np.einsum("yxcij,ijck->yxk", fields, _WEIGHTS)
    return (1 / (1 + np.exp(-answers[..., 0] / 3))).astype(np.float32), answers[..., 1:].astype(np.float32) / 20


def pnet(tiles, signature):
    """Returns the outputs of the contract for tiles [N, T, T, 3]."""
    scores, offsets = (np.stack(parts) for parts in zip(*map(maps, tiles), strict=True))
    if signature == "maps":
        return {"scores": scores, "offsets": offsets}
    flat = scores.reshape(len(tiles), MAP_CELLS * MAP_CELLS)
    cells = np.argsort(-flat, axis=1, kind="stable")[:, :TILE_TOP_K].astype(np.int32)
    return {
        "scores": np.take_along_axis(flat, cells, 1),
        "cells": cells,
        "offsets": np.take_along_axis(offsets.reshape(len(tiles), -1, 4), cells[:, :, None], 1),
    }
