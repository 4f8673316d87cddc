"""GetModelMetadata as JSON, by the rules of protobuf: every field is there, int64 is a string."""

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from model_server.methods.get_model_metadata import SIGNATURE_DEF
from model_server.rest.json_values import Json, json_document
from model_server.run.runtime import SignatureDef


def metadata_json(response: GetModelMetadataResponse) -> str:
    """Returns {"model_spec": ..., "metadata": {"signature_def": {"signature_def": ...}}}."""
    signatures = SignatureDefMap.FromString(response.metadata[SIGNATURE_DEF].value).signature_def
    spec = response.model_spec
    return json_document(
        {
            "model_spec": {
                "name": spec.name,
                "version": str(spec.version.value),
                "signature_name": spec.signature_name,
            },
            "metadata": {
                SIGNATURE_DEF: {
                    # TensorFlow's own message, for its names of dtypes.
                    SIGNATURE_DEF: {
                        name: _fields(SignatureDef.FromString(signatures[name].SerializeToString()))
                        for name in sorted(signatures)
                    }
                }
            },
        }
    )


def _fields(message: Message) -> dict[str, Json]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
