import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.signatures import MAP_CELLS, OUTSIDE, PNET_FIELD_PX, PNET_STRIDE_PX, TILE_PX
from orchestrator.pipeline.pyramid import plan_levels
from orchestrator.pipeline.tiles import fill_tiles, plan_tiles

pictures = st.tuples(st.integers(12, 700), st.integers(12, 700), st.floats(12, 60), st.floats(0.4, 0.9))


def plan_of(width, height, min_face_px=20.0, factor=0.709):
    levels = plan_levels(width, height, min_face_px=min_face_px, factor=factor)
    return levels, plan_tiles(levels)


def cells_of(length_px):
    """Cells along one side of a level; one of odd size is continued by a pixel."""
    return (length_px + length_px % 2 - PNET_FIELD_PX) // PNET_STRIDE_PX + 1


@given(pictures)
@settings(deadline=None, max_examples=30)
def test_every_cell_of_every_level_occurs_once(picture):
    levels, plan = plan_of(*picture)
    seen = [np.zeros((cells_of(level.height_px), cells_of(level.width_px)), int) for level in levels]
    for index, piece in enumerate(plan.pieces):
        tiles, cells = np.nonzero(plan.owners == index)
        assert set(tiles) == {piece.tile}
        x = cells % MAP_CELLS * PNET_STRIDE_PX - piece.tile_x + piece.level_x
        y = cells // MAP_CELLS * PNET_STRIDE_PX - piece.tile_y + piece.level_y
        assert min(x.min(), y.min()) >= 0
        np.add.at(seen[piece.level], (y // PNET_STRIDE_PX, x // PNET_STRIDE_PX), 1)
    assert all((level == 1).all() for level in seen)


@given(pictures)
@settings(deadline=None, max_examples=30)
def test_pieces_lie_in_their_tile_at_even_places_and_never_on_each_other(picture):
    _, plan = plan_of(*picture)
    taken = np.zeros((plan.tiles, TILE_PX, TILE_PX), dtype=int)
    for piece in plan.pieces:
        assert (piece.tile_x % 2, piece.tile_y % 2, piece.level_x % 2, piece.level_y % 2) == (0, 0, 0, 0)
        area = taken[piece.tile, piece.tile_y : piece.tile_y + piece.height, piece.tile_x : piece.tile_x + piece.width]
        assert area.shape == (piece.height, piece.width)
        area += 1
    assert taken.max(initial=0) <= 1


@given(pictures)
@settings(deadline=None, max_examples=15)
def test_the_field_of_a_cell_holds_the_pixels_of_its_level_alone(picture):
    levels, plan = plan_of(*picture)
    generator = np.random.default_rng(1)
    drawn = [generator.integers(0, 2**16, (level.height_px, level.width_px, 3), np.uint16) for level in levels]
    tiles = fill_tiles(plan, drawn)
    drawn = [np.pad(level, ((0, 1), (0, 1), (0, 0)), constant_values=OUTSIDE) for level in drawn]
    owned = np.argwhere(plan.owners >= 0)
    for tile, cell in generator.permutation(owned)[:200]:
        piece = plan.pieces[plan.owners[tile, cell]]
        row, column = divmod(int(cell), MAP_CELLS)
        field = tiles[tile, row * 2 : row * 2 + PNET_FIELD_PX, column * 2 : column * 2 + PNET_FIELD_PX]
        y, x = row * 2 - piece.tile_y + piece.level_y, column * 2 - piece.tile_x + piece.level_x
        expected = drawn[piece.level][y : y + PNET_FIELD_PX, x : x + PNET_FIELD_PX]
        np.testing.assert_array_equal(field, expected)


@pytest.mark.parametrize("size", [(12, 12), (TILE_PX, TILE_PX), (TILE_PX + 1, TILE_PX), (1, 5000), (2000, 1500)])
def test_sizes_at_the_edges_pack(size):
    levels, plan = plan_of(*size, min_face_px=12.0)
    assert (plan.tiles == 0) == (len(levels) == 0)
    # Not the best possible, but never worse than a third lost on a picture of many tiles.
    if plan.tiles > 20:
        used = sum(level.width_px * level.height_px for level in levels)
        assert used / (plan.tiles * TILE_PX**2) > 2 / 3
