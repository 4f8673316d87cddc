"""GetModelStatus and GetModelMetadata as JSON, by the rules of protobuf: every field is there, int64 is a string."""

import json

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from facegrid.tfserving.v1.model_metadata_pb2 import GetModelMetadataResponse, SignatureDefMap
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusResponse
from model_server.errors import code_of
from model_server.methods.metadata import SIGNATURE_DEF
from model_server.rest.values import Json
from model_server.run.runtime import SignatureDef
from model_server.versions.states import State


def status_json(response: GetModelStatusResponse) -> str:
    """Returns {"model_version_status": [...]}."""
    versions = [
        {
            "version": str(entry.version),
            "state": State(entry.state).name,
            "status": {
                "error_code": code_of(entry.status.error_code).name,
                "error_message": entry.status.error_message,
            },
        }
        for entry in response.model_version_status
    ]
    return _text({"model_version_status": versions})


def metadata_json(response: GetModelMetadataResponse) -> str:
    """Returns {"model_spec": ..., "metadata": {"signature_def": {"signature_def": ...}}}."""
    signatures = SignatureDefMap.FromString(response.metadata[SIGNATURE_DEF].value).signature_def
    spec = response.model_spec
    return _text(
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


def _text(value: Json) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
