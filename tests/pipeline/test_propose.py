import numpy as np
import pytest

from exporters.signatures import OUTSIDE, PNET_FIELD_PX, PNET_STRIDE_PX
from orchestrator.pipeline.boxes import squares, suppress
from orchestrator.pipeline.propose import cells_above, cells_above_in_maps, join_cells, propose
from orchestrator.pipeline.pyramid import draw_levels, plan_levels
from orchestrator.pipeline.tiles import fill_tiles, plan_tiles
from tests.support.plain_pnet import maps, pnet

THRESHOLD = 0.9


@pytest.fixture(scope="module")
def picture():
    rough = np.random.default_rng(11).integers(0, 2**16, (51, 78, 3))
    return np.kron(rough, np.ones((4, 5, 1), int)).astype(np.uint16)[:203, :389]


@pytest.fixture(scope="module")
def levels(picture):
    return plan_levels(picture.shape[1], picture.shape[0], min_face_px=14, factor=0.709)


def cells_of(tiles, threshold):
    best, crowded = cells_above(pnet(tiles, "serving_default"), threshold)
    of_maps = cells_above_in_maps(pnet(tiles[crowded], "maps"), crowded, threshold) if len(crowded) else None
    return (join_cells(best, of_maps, crowded) if of_maps else best), crowded


def reference_proposals(picture, levels, threshold):
    """Level by level without tiles, cell by cell: boxes as the authors count them, then suppression."""
    kept_boxes, kept_scores = [np.empty((0, 4), np.float32)], [np.empty(0, np.float32)]
    for level, drawn in zip(levels, draw_levels(picture, levels), strict=True):
        height, width = drawn.shape[:2]
        scores, offsets = maps(np.pad(drawn, ((0, height % 2), (0, width % 2), (0, 0)), constant_values=OUTSIDE))
        boxes, found = [], []
        for row in range(scores.shape[0]):
            for column in range(scores.shape[1]):
                if scores[row, column] > threshold:
                    x, y = column * PNET_STRIDE_PX, row * PNET_STRIDE_PX
                    field = np.array([x + 1, y + 1, x + PNET_FIELD_PX, y + PNET_FIELD_PX])
                    boxes.append((field + offsets[row, column] * (PNET_FIELD_PX - 1)) / level.scale)
                    found.append(scores[row, column])
        boxes, found = np.array(boxes, np.float32).reshape(-1, 4), np.array(found, np.float32)
        kept = suppress(boxes, found, threshold=0.5, by="union")
        kept_boxes.append(boxes[kept])
        kept_scores.append(found[kept])
    boxes, scores = np.concatenate(kept_boxes), np.concatenate(kept_scores)
    kept = suppress(boxes, scores, threshold=0.7, by="union")
    return squares(boxes[kept]), scores[kept]


@pytest.mark.parametrize(("share", "crowded_tiles"), [(0.5, True), (0.02, False)])
def test_proposals_from_tiles_are_those_of_the_levels_one_by_one(picture, levels, share, crowded_tiles):
    """Once with tiles that hold more cells above the threshold than pnet lists, and once without."""
    plan = plan_tiles(levels)
    tiles = fill_tiles(plan, draw_levels(picture, levels))
    threshold = float(np.quantile(pnet(tiles, "maps")["scores"], 1 - share))
    cells, crowded = cells_of(tiles, threshold)
    found, dropped = propose(cells, plan, levels, max_candidates=1_000_000)
    boxes, scores = reference_proposals(picture, levels, threshold)
    assert (len(crowded) > 0) == crowded_tiles
    assert dropped == 0
    np.testing.assert_allclose(found.scores, scores, rtol=1e-6)
    np.testing.assert_allclose(found.boxes, boxes, rtol=1e-5, atol=1e-3)
    assert len(boxes) > 1


def test_the_bound_keeps_the_best_and_counts_the_rest(picture, levels):
    plan = plan_tiles(levels)
    cells, _ = cells_of(fill_tiles(plan, draw_levels(picture, levels)), THRESHOLD)
    total = int((plan.owners[cells.tiles, cells.cells] >= 0).sum())
    everything, _ = propose(cells, plan, levels, max_candidates=total)
    bounded, dropped = propose(cells, plan, levels, max_candidates=100)
    assert dropped == total - 100 > 0
    assert len(bounded) <= 100
    assert bounded.scores.min() >= np.sort(cells.scores[plan.owners[cells.tiles, cells.cells] >= 0])[-100]
    np.testing.assert_array_equal(bounded.boxes[0], everything.boxes[0])


def test_no_cell_above_the_threshold_gives_no_candidate(picture, levels):
    plan = plan_tiles(levels)
    cells, crowded = cells_of(fill_tiles(plan, draw_levels(picture, levels)), 1.0)
    found, dropped = propose(cells, plan, levels, max_candidates=10)
    assert (len(found), found.boxes.shape, dropped, len(crowded)) == (0, (0, 4), 0, 0)
