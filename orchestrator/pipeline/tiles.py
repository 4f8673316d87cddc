"""Packs the levels of a pyramid into square tiles of one size, and maps cells of tiles back to levels.

pnet is served with one fixed input shape, so that requests can share batches. Levels larger than a
tile are cut into pieces; small pieces lie side by side in one tile. Two facts make the result equal
to running pnet on each level by itself:

- pnet's convolutions and its pooling use no padding, so a cell depends on its field alone. A cell whose field lies
  inside one piece is the cell of that level; any other is dropped.
- pnet's cells lie PNET_STRIDE_PX apart, so pieces start at even offsets in their level and in their
  tile, and neighbouring pieces of a level overlap by the field less the stride. Then every cell of
  a level lies in exactly one piece.

A level of odd size is continued by one row or column of OUTSIDE pixels, which pnet's pooling passes
over. The reference's pooling sees half a window there ("same" padding), and faces at the right or
lower border need exactly that cell (docs/accuracy.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from exporters.signatures import MAP_CELLS, OUTSIDE, PNET_FIELD_PX, PNET_STRIDE_PX, TILE_PX
from orchestrator.pipeline.pyramid import Level
from orchestrator.types import FineImage


@dataclass(frozen=True)
class Piece:
    """A rectangle of a level and its place in a tile; all in pixels, all even."""

    level: int
    level_x: int
    level_y: int
    width: int
    height: int
    tile: int = 0
    tile_x: int = 0
    tile_y: int = 0


@dataclass(frozen=True)
class TileLayout:
    """How the levels of one picture lie in tiles."""

    tiles: int
    pieces: tuple[Piece, ...]
    owners: NDArray[np.int32] = field(repr=False)
    """[tiles, MAP_CELLS * MAP_CELLS]: the piece that a cell's field lies in, or -1."""


@lru_cache(maxsize=16)
def plan_tiles(levels: tuple[Level, ...]) -> TileLayout:
    """Returns where each piece of each level lies. Cached: the frames of a video are of one size."""
    cut = [piece for index, level in enumerate(levels) for piece in _cut(index, level)]
    placed, tiles = _place(cut)
    return TileLayout(tiles, placed, _owners(placed, tiles))


def fill_tiles(plan: TileLayout, levels: Iterable[FineImage]) -> FineImage:
    """Returns the tiles, uint16 [tiles, TILE_PX, TILE_PX, 3]; what no piece covers is black."""
    tiles = np.zeros((plan.tiles, TILE_PX, TILE_PX, 3), dtype=np.uint16)
    by_level: dict[int, list[Piece]] = {}
    for piece in plan.pieces:
        by_level.setdefault(piece.level, []).append(piece)
    for index, level in enumerate(levels):
        height, width = level.shape[:2]
        spare = ((0, _even(height) - height), (0, _even(width) - width), (0, 0))
        drawn = np.pad(level, spare, constant_values=OUTSIDE)
        for piece in by_level[index]:
            source = drawn[piece.level_y : piece.level_y + piece.height, piece.level_x : piece.level_x + piece.width]
            target = tiles[piece.tile, piece.tile_y : piece.tile_y + piece.height]
            target[:, piece.tile_x : piece.tile_x + piece.width] = source
    return tiles


def _even(length_px: int) -> int:
    return length_px + length_px % PNET_STRIDE_PX


def _cut(index: int, level: Level) -> list[Piece]:
    """Returns the pieces of a level, which together hold each of its cells once."""
    return [
        Piece(index, x, y, width, height)
        for y, height in _spans(level.height_px)
        for x, width in _spans(level.width_px)
    ]


def _spans(length_px: int) -> list[tuple[int, int]]:
    """Returns start and length of the pieces along one side, in pixels."""
    cells = (_even(length_px) - PNET_FIELD_PX) // PNET_STRIDE_PX + 1
    return [
        (first * PNET_STRIDE_PX, (min(MAP_CELLS, cells - first) - 1) * PNET_STRIDE_PX + PNET_FIELD_PX)
        for first in range(0, cells, MAP_CELLS)
    ]


def _place(pieces: list[Piece]) -> tuple[tuple[Piece, ...], int]:
    """Returns the pieces with their places, and the number of tiles.

    Largest first, each into the free rectangle that it fits most tightly, which is then split in two
    (guillotine packing, best short side fit: Jylänki, "A Thousand Ways to Pack the Bin", 2010, 2.1).
    """
    free: list[tuple[int, int, int, int, int]] = []  # tile, x, y, width, height
    placed = []
    tiles = 0
    for piece in sorted(pieces, key=lambda p: (max(p.width, p.height), min(p.width, p.height)), reverse=True):
        fitting = [spot for spot in free if piece.width <= spot[3] and piece.height <= spot[4]]
        if fitting:
            spot = min(fitting, key=lambda s: sorted((s[3] - piece.width, s[4] - piece.height)))
            free.remove(spot)
        else:
            spot = (tiles, 0, 0, TILE_PX, TILE_PX)
            tiles += 1
        tile, x, y, width, height = spot
        placed.append(_at(piece, tile, x, y))
        right, below = width - piece.width, height - piece.height
        if right * height > below * width:
            split = [(x + piece.width, y, right, height), (x, y + piece.height, piece.width, below)]
        else:
            split = [(x + piece.width, y, right, piece.height), (x, y + piece.height, width, below)]
        free += [(tile, *rest) for rest in split if min(rest[2:]) >= PNET_FIELD_PX]
    return tuple(placed), tiles


def _at(piece: Piece, tile: int, x: int, y: int) -> Piece:
    return Piece(piece.level, piece.level_x, piece.level_y, piece.width, piece.height, tile, x, y)


def _owners(pieces: tuple[Piece, ...], tiles: int) -> NDArray[np.int32]:
    owners = np.full((tiles, MAP_CELLS, MAP_CELLS), -1, dtype=np.int32)
    for index, piece in enumerate(pieces):
        row, column = piece.tile_y // PNET_STRIDE_PX, piece.tile_x // PNET_STRIDE_PX
        rows = (piece.height - PNET_FIELD_PX) // PNET_STRIDE_PX + 1
        columns = (piece.width - PNET_FIELD_PX) // PNET_STRIDE_PX + 1
        owners[piece.tile, row : row + rows, column : column + columns] = index
    return owners.reshape(tiles, MAP_CELLS * MAP_CELLS)
