"""From the bytes of a picture to its faces with their vectors."""

from exporters.signatures import EMBEDDER_VERSION, EMBEDDERS
from orchestrator.deadline import Deadline
from orchestrator.observer import stage
from orchestrator.pipeline.align import align
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.decode import ImageLimits, decode
from orchestrator.pipeline.embed import embed
from orchestrator.predict.predictor import Predictor
from orchestrator.threads import in_thread
from orchestrator.types import Detections, DetectOptions, Image, RecognizedFaces


async def recognize(
    encoded: bytes,
    options: DetectOptions,
    predictor: Predictor,
    *,
    limits: ImageLimits,
    max_candidates: int,
    deadline: Deadline,
    version: int = EMBEDDER_VERSION,
) -> RecognizedFaces:
    """Returns the faces of a picture with their chips and vectors, best score first.

    Args:
        encoded: A JPEG, PNG or WebP file.
        options: How to look for faces.
        predictor: Where the networks run.
        limits: What is accepted.
        max_candidates: See `detect`.
        deadline: When to give up.
        version: Of the embedder: a key of `exporters.signatures.EMBEDDERS`.

    Raises:
        InvalidImage, LimitExceeded: See `decode`.
        Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
    """
    image = await in_thread(decode, encoded, limits)
    faces = await detect(image, options, predictor, max_candidates=max_candidates, deadline=deadline)
    return await recognize_faces(image, faces, predictor, version=version, deadline=deadline)


async def recognize_faces(
    image: Image, faces: Detections, predictor: Predictor, *, version: int, deadline: Deadline
) -> RecognizedFaces:
    """Returns faces that were found in an image with their chips and vectors, in the order given.

    Raises:
        Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`, and `align`.
    """
    embedder = EMBEDDERS[version]
    with stage("align") as seen:
        chips = await in_thread(align, image, faces.landmarks, template=embedder.template, chip_px=embedder.chip_px)
        seen.count(chips=len(chips))
    with stage("embed"):
        embeddings = await embed(chips, predictor, version=version, deadline=deadline)
    return RecognizedFaces(faces, chips, embeddings)
