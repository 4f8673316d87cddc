"""From chips to vectors, with one version of the embedder."""

import numpy as np

from exporters.signatures import EMBEDDERS
from facegrid.errors import InternalError
from orchestrator.deadline import Deadline
from orchestrator.predict.batches import predict_batches
from orchestrator.predict.predictor import Predictor
from orchestrator.types import Chips, Embeddings


async def embed(chips: Chips, predictor: Predictor, *, version: int, deadline: Deadline) -> Embeddings:
    """Returns a vector for each chip, in their order; it does not depend on the other chips.

    Args:
        chips: uint8 [N, S, S, 3], S as the version's contract says; N may be 0.
        predictor: Where the networks run.
        version: A key of `exporters.signatures.EMBEDDERS`; no other version answers.
        deadline: When to give up.

    Raises:
        Unavailable, DeadlineExceeded, Overloaded: See `Predictor`.
        InternalError: See `Predictor`; or a vector has a value that is not a finite number.
    """
    if not len(chips):
        return Embeddings(np.empty((0, EMBEDDERS[version].dimension), np.float32), version)
    answer = await predict_batches(predictor, "embedder", "chips", chips, deadline=deadline, version=version)
    vectors = answer["embeddings"]
    if not np.isfinite(vectors).all():
        # In a gallery, it would have no distance to any other.
        raise InternalError(f"a vector of embedder version {version} has a value that is not a finite number")
    return Embeddings(vectors, version)
