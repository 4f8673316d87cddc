"""GetModelMetadata: the signatures of a model, as in its SavedModel."""

from facegrid.tfserving.v1.model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from model_server.methods import texts
from model_server.run.servable import Servable

SIGNATURE_DEF = "signature_def"
TYPE_URL = "type.googleapis.com/tensorflow.serving.SignatureDefMap"


def check_fields(request: GetModelMetadataRequest) -> None:
    """Raises ServingError unless the request names at least one field, and only known fields.

    As upstream, before the model is looked up.
    """
    if not request.HasField("model_spec"):
        raise texts.missing_model_spec()
    if not request.metadata_field:
        raise texts.missing_metadata_field()
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise texts.unsupported_metadata_field(field)


def metadata(servable: Servable, version: int, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
    """Returns every signature of the model, with the model's name and version."""
    signatures = SignatureDefMap()
    for name, spec in servable.signature_defs.items():
        signatures.signature_def[name].CopyFrom(spec)
    response = GetModelMetadataResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.version.value = version
    # Any.Pack would write the name of our package's message instead of upstream's.
    packed = response.metadata[SIGNATURE_DEF]
    packed.type_url = TYPE_URL
    packed.value = signatures.SerializeToString(deterministic=True)
    return response
