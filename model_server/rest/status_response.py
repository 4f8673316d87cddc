"""GetModelStatus as JSON, by the rules of protobuf: every field is there, int64 is a string."""

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusResponse
from model_server.errors import code_of
from model_server.rest.json_values import json_document
from model_server.versions.states import VersionState


def status_json(response: GetModelStatusResponse) -> str:
    """Returns {"model_version_status": [...]}."""
    versions = [
        {
            "version": str(entry.version),
            "state": VersionState(entry.state).name,
            "status": {
                "error_code": code_of(entry.status.error_code).name,
                "error_message": entry.status.error_message,
            },
        }
        for entry in response.model_version_status
    ]
    return json_document({"model_version_status": versions})
