"""Which version of the embedder answers a request, and how answers name it."""

from exporters.signatures import EMBEDDERS, EmbedderContract
from facegrid.errors import GalleryMismatch
from facegrid.v1 import embedder_pb2
from orchestrator.deadline import Deadline
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion

_METRICS = {
    "euclidean, raw": embedder_pb2.Embedder.METRIC_EUCLIDEAN_RAW,
    "euclidean, unit": embedder_pb2.Embedder.METRIC_EUCLIDEAN_UNIT,
}


async def gallery_embedder(gallery: Gallery, default_version: int, deadline: Deadline) -> EmbedderContract:
    """Returns the embedder whose vectors the gallery holds; for an empty gallery, the default.

    Raises:
        GalleryMismatch: The gallery holds vectors of an embedder that this service does not know.
        GalleryUnavailable: The gallery cannot be read.
    """
    with deadline.waiting_for("the gallery"):
        active = await gallery.active()
    if active is None:
        return EMBEDDERS[default_version]
    known = EMBEDDERS.get(active.version)
    if known is None or gallery_version(known) != active:
        served = ", ".join(str(gallery_version(one)) for one in EMBEDDERS.values())
        raise GalleryMismatch(
            f"the gallery was made by {active}, this service knows {served}; its operator moves it with "
            "facegrid gallery reembed"
        )
    return known


def gallery_version(contract: EmbedderContract) -> EmbedderVersion:
    """Returns the embedder as the gallery names it."""
    return EmbedderVersion(contract.network, contract.version, contract.dimension)


def to_embedder(version: EmbedderVersion) -> embedder_pb2.Embedder:
    """Returns the embedder as answers name it, without a metric if this service does not know it."""
    known = EMBEDDERS.get(version.version)
    metric = _METRICS[known.metric] if known and known.network == version.name else None
    return embedder_pb2.Embedder(name=version.name, version=version.version, metric=metric)
