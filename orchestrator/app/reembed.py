"""Moves a gallery to another embedder version, with the model server that has this version."""

import asyncio
from collections.abc import Callable, Collection, Sequence

import numpy as np

from exporters.signatures import EMBEDDERS
from facegrid.errors import GalleryMismatch, InvalidOption
from orchestrator.deadline import Deadline
from orchestrator.gallery.embedder_registry import SWITCH_GRACE_S
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.reembed import Moved, reembed
from orchestrator.gallery.types import EmbedderVersion
from orchestrator.pipeline.chips import decode_chip
from orchestrator.pipeline.embed import embed
from orchestrator.predict.predictor import Predictor
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import source_of
from orchestrator.predict.servers.options import BalanceOptions
from orchestrator.predict.servers.tls import ModelServerTls
from orchestrator.types import Chips, Floats

BATCH_TIMEOUT_S = 120.0
"""Time for the vectors of one batch of chips."""


def reembed_gallery(
    uri: str,
    version: int,
    model_servers: Collection[str],
    *,
    report: Callable[[int, int], None],
    grace_s: float = SWITCH_GRACE_S,
    tls: ModelServerTls | None = None,
) -> Moved:
    """Moves a gallery to a version of the embedder; blocks until done. Other processes may use the gallery meanwhile.

    Args:
        uri: The gallery.
        version: A key of `exporters.signatures.EMBEDDERS`.
        model_servers: HOST:PORT of the servers that have this version.
        report: See `orchestrator.gallery.reembed.reembed`.
        grace_s: See there.
        tls: How the servers are called over TLS; None: without TLS.

    Raises:
        InvalidOption: There is no such version.
        GalleryMismatch: The gallery is empty, or its chips are aligned to another template.
        FacegridError: See `orchestrator.gallery.reembed.reembed` and `orchestrator.pipeline.embed.embed`.
    """
    contract = EMBEDDERS.get(version)
    if contract is None:
        raise InvalidOption(f"there is no embedder version {version}, allowed are {', '.join(map(str, EMBEDDERS))}")
    target = EmbedderVersion(contract.network, contract.version, contract.dimension)
    parts = open_parts(uri)
    active = parts.registry.active()
    made_by = EMBEDDERS.get(active.version) if active else None
    if made_by is not None and made_by.template != contract.template:
        raise GalleryMismatch(
            f"the gallery's chips are aligned to {made_by.template}, {target} wants {contract.template}; "
            "enrol the people again"
        )

    def vectors(chips: Sequence[bytes]) -> Floats:
        decoded = np.stack([decode_chip(chip, contract.chip_px) for chip in chips])
        predictor = BalancedPredictor(source_of({"embedder": model_servers}), BalanceOptions(tls=tls))
        return asyncio.run(_embed(decoded, version, predictor))

    return reembed(parts, target, vectors, report=report, grace_s=grace_s)


async def _embed(chips: Chips, version: int, predictor: Predictor) -> Floats:
    await predictor.start()
    try:
        answer = await embed(chips, predictor, version=version, deadline=Deadline(BATCH_TIMEOUT_S))
    finally:
        await predictor.close()
    return answer.vectors
