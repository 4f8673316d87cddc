"""From the cells of pnet to candidate boxes in the image (MTCNN, stage 1)."""

from dataclasses import dataclass

import numpy as np

from exporters.signatures import MAP_CELLS, PNET_FIELD_PX, PNET_STRIDE_PX
from orchestrator.pipeline.boxes import squares, suppress
from orchestrator.pipeline.pyramid import Level
from orchestrator.pipeline.tiles import TileLayout
from orchestrator.predict.predictor import Arrays
from orchestrator.types import Candidates, Floats, Ints

_SAME_LEVEL_IOU = 0.5
_ALL_LEVELS_IOU = 0.7


@dataclass(frozen=True)
class Cells:
    """Cells of pnet that may hold a face."""

    tiles: Ints
    """[N]: the tile of each."""
    cells: Ints
    """[N]: row * MAP_CELLS + column in the tile."""
    scores: Floats
    """[N], range [0, 1]."""
    offsets: Floats
    """[N, 4]: edges of the box relative to the cell's field, in units of its side."""


def cells_above(outputs: Arrays, threshold: float) -> tuple[Cells, Ints]:
    """Returns the cells that score above `threshold`, and the tiles that may have more of them.

    Args:
        outputs: Of pnet's default signature, which gives the best cells of each tile only.
        threshold: Range [0, 1].
    """
    scores = outputs["scores"]  # [tiles, K], best first
    tiles, ranks = np.nonzero(scores > threshold)
    found = Cells(tiles, outputs["cells"][tiles, ranks], scores[tiles, ranks], outputs["offsets"][tiles, ranks])
    return found, np.flatnonzero(scores[:, -1] > threshold)


def cells_above_in_maps(outputs: Arrays, tiles: Ints, threshold: float) -> Cells:
    """Returns all cells that score above `threshold`.

    Args:
        outputs: Of pnet's signature `maps`, which gives every cell.
        tiles: [N]: which tile of the picture each map belongs to.
        threshold: Range [0, 1].
    """
    maps, rows, columns = np.nonzero(outputs["scores"] > threshold)
    return Cells(
        tiles[maps],
        rows * MAP_CELLS + columns,
        outputs["scores"][maps, rows, columns],
        outputs["offsets"][maps, rows, columns],
    )


def join_cells(best: Cells, of_maps: Cells, crowded: Ints) -> Cells:
    """Returns the cells of both, taking those of the `crowded` tiles from the maps alone."""
    keep = ~np.isin(best.tiles, crowded)
    return Cells(
        np.concatenate([best.tiles[keep], of_maps.tiles]),
        np.concatenate([best.cells[keep], of_maps.cells]),
        np.concatenate([best.scores[keep], of_maps.scores]),
        np.concatenate([best.offsets[keep], of_maps.offsets]),
    )


def propose(
    cells: Cells, plan: TileLayout, levels: tuple[Level, ...], *, max_candidates: int
) -> tuple[Candidates, int]:
    """Returns square candidates, best score first, and how many proposals beyond the bound were dropped.

    Cells whose field straddles pieces of a tile are dropped. The bound is applied before boxes are compared with each
    other, and keeps the best scores, so that memory and time do not grow with the picture's content.
    """
    owners = plan.owners[cells.tiles, cells.cells]  # [N]
    whole = np.flatnonzero(owners >= 0)
    x, y, level, scale = _positions(cells.cells[whole], owners[whole], plan, levels)
    # Level by level, row by row: an order that does not depend on the packing of the tiles.
    order = np.lexsort((x, y, level))
    dropped = max(0, len(order) - max_candidates)
    if dropped:
        best = np.argsort(-cells.scores[whole[order]], kind="stable")[:max_candidates]
        order = order[np.sort(best)]
    whole, level = whole[order], level[order]

    corner = np.stack([x[order], y[order]], axis=1).astype(np.float32)  # [N, 2], pixels of the level
    # The first and the last pixel of the field, counted from 1, as in the authors' Matlab code.
    fields = np.concatenate([corner + 1, corner + PNET_FIELD_PX], axis=1)
    boxes = (fields + cells.offsets[whole] * (PNET_FIELD_PX - 1)) / scale[order, None]
    candidates = Candidates(boxes.astype(np.float32), cells.scores[whole])

    kept = [
        index[suppress(candidates.boxes[index], candidates.scores[index], threshold=_SAME_LEVEL_IOU, by="union")]
        for index in (np.flatnonzero(level == number) for number in np.unique(level))
    ]
    candidates = candidates.take(np.concatenate([*kept, np.empty(0, np.intp)]))
    best = suppress(candidates.boxes, candidates.scores, threshold=_ALL_LEVELS_IOU, by="union")
    candidates = candidates.take(best)
    return Candidates(squares(candidates.boxes), candidates.scores), dropped


def _positions(
    cells: Ints, owners: Ints, plan: TileLayout, levels: tuple[Level, ...]
) -> tuple[Ints, Ints, Ints, Floats]:
    """Returns x and y of each cell's field in pixels of its level, the level, and the level's scale."""
    shifts = np.array(
        [(p.level_x - p.tile_x, p.level_y - p.tile_y, p.level) for p in plan.pieces], dtype=np.int64
    ).reshape(-1, 3)
    scales = np.array([level.scale for level in levels], dtype=np.float32)
    shift_x, shift_y, level = shifts[owners].T
    x = cells % MAP_CELLS * PNET_STRIDE_PX + shift_x
    y = cells // MAP_CELLS * PNET_STRIDE_PX + shift_y
    return x, y, level, scales[level]
