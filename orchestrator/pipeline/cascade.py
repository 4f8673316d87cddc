"""Finds the faces of one picture: MTCNN's three stages, each a call of one network.

Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks"
(arXiv 1604.02878). The faces are those of the `mtcnn` package, whose weights and rules these are.
"""

from dataclasses import replace

import numpy as np

from exporters.signatures import ONET_CROP_PX, PIXEL_UNIT, RNET_CROP_PX
from orchestrator.deadline import Deadline
from orchestrator.observer import stage
from orchestrator.pipeline.propose import Cells, cells_above, cells_above_in_maps, join_cells, propose
from orchestrator.pipeline.pyramid import draw_levels, plan_levels
from orchestrator.pipeline.refine import cut_crops, pass_onet, pass_rnet
from orchestrator.pipeline.tiles import fill_tiles, plan_tiles
from orchestrator.predict.batches import predict_batches
from orchestrator.predict.predictor import Predictor
from orchestrator.threads import in_thread
from orchestrator.types import Detections, DetectOptions, FineImage, Image

_NO_FACES = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32))


async def detect(
    image: Image, options: DetectOptions, predictor: Predictor, *, max_candidates: int, deadline: Deadline
) -> Detections:
    """Returns the faces of a picture, best score first; they do not depend on other pictures.

    Arithmetic runs in threads, so that the event loop is never blocked.

    Args:
        image: RGB uint8 [height, width, 3], upright.
        options: How to look for faces.
        predictor: Where the networks run.
        max_candidates: Most proposals of pnet that go on; the others are dropped, the lowest scores first, and
            counted in the result.
        deadline: When to give up.

    Raises:
        Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
    """
    height, width = image.shape[:2]
    levels = plan_levels(width, height, min_face_px=options.min_face_px, factor=options.pyramid_factor)
    if not levels:
        return _NO_FACES
    plan = plan_tiles(levels)
    with stage("pyramid") as seen:
        fine = await in_thread(np.multiply, image, PIXEL_UNIT, dtype=np.uint16)
        tiles = await in_thread(lambda: fill_tiles(plan, draw_levels(fine, levels)))
        seen.count(levels=len(levels), tiles=len(tiles))
    with stage("pnet"):
        cells = await _pnet(tiles, options.pnet_threshold, predictor, deadline)
    with stage("propose") as seen:
        candidates, dropped = await in_thread(propose, cells, plan, levels, max_candidates=max_candidates)
        seen.count(candidates=len(candidates), dropped_candidates=dropped)
    if not len(candidates):
        return replace(_NO_FACES, dropped_candidates=dropped)

    with stage("rnet") as seen:
        crops = await in_thread(cut_crops, fine, candidates.boxes, RNET_CROP_PX)
        answer = await predict_batches(predictor, "rnet", "crops", crops, deadline=deadline)
        candidates = await in_thread(pass_rnet, candidates, answer, threshold=options.rnet_threshold)
        seen.count(crops=len(crops), candidates=len(candidates))
    if not len(candidates):
        return replace(_NO_FACES, dropped_candidates=dropped)

    with stage("onet") as seen:
        crops = await in_thread(cut_crops, fine, candidates.boxes, ONET_CROP_PX)
        answer = await predict_batches(predictor, "onet", "crops", crops, deadline=deadline)
        faces = await in_thread(pass_onet, candidates, answer, fine, threshold=options.onet_threshold)
        seen.count(crops=len(crops), faces=len(faces))
    return replace(faces, dropped_candidates=dropped)


async def _pnet(tiles: FineImage, threshold: float, predictor: Predictor, deadline: Deadline) -> Cells:
    """Returns the cells above the threshold; for tiles with more cells than pnet lists, the full maps are used."""
    best = await predict_batches(predictor, "pnet", "tiles", tiles, deadline=deadline)
    cells, crowded = cells_above(best, threshold)
    if not len(crowded):
        return cells
    maps = await predict_batches(predictor, "pnet", "tiles", tiles[crowded], deadline=deadline, signature="maps")
    of_maps = await in_thread(cells_above_in_maps, maps, crowded, threshold)
    return join_cells(cells, of_maps, crowded)
