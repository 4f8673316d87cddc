"""From the bytes of a picture to its faces, and from those to their vectors."""

from exporters.signatures import EMBEDDERS
from orchestrator.deadline import Deadline
from orchestrator.observer import stage
from orchestrator.pipeline.align import align
from orchestrator.pipeline.cascade import detect
from orchestrator.pipeline.decode import ImageLimits, decode
from orchestrator.pipeline.embed import embed
from orchestrator.predict.predictor import Predictor
from orchestrator.threads import in_thread
from orchestrator.types import Detections, DetectOptions, Image, RecognizedFaces


async def find_faces(
    encoded: bytes,
    options: DetectOptions,
    predictor: Predictor,
    *,
    limits: ImageLimits,
    max_candidates: int,
    deadline: Deadline,
) -> tuple[Image, Detections]:
    """Returns a picture, decoded and upright, and its faces, best score first.

    Args:
        encoded: A JPEG, PNG or WebP file.
        options: How to look for faces.
        predictor: Where the networks run.
        limits: Bounds on the picture.
        max_candidates: See `detect`.
        deadline: When to give up.

    Raises:
        InvalidImage, LimitExceeded: See `decode`.
        Unavailable, DeadlineExceeded, Overloaded, InternalError: See `Predictor`.
    """
    image = await in_thread(decode, encoded, limits)
    return image, await detect(image, options, predictor, max_candidates=max_candidates, deadline=deadline)


async def recognize_faces(
    image: Image, faces: Detections, predictor: Predictor, *, version: int, deadline: Deadline
) -> RecognizedFaces:
    """Returns faces of an image with their chips and vectors, in the order given.

    Args:
        image: What `faces` were found in.
        faces: Those that are wanted.
        predictor: Where the networks run.
        version: Of the embedder: a key of `exporters.signatures.EMBEDDERS`.
        deadline: When to give up.

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
