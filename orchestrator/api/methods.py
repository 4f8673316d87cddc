"""The methods of facegrid.v1.FaceService, as the .proto lists them; hosts offer all of them by this table."""

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from facegrid.v1 import face_service_pb2

_SERVICE = face_service_pb2.DESCRIPTOR.services_by_name["FaceService"]

SERVICE_NAME: str = _SERVICE.full_name

UNARY: tuple[str, ...] = tuple(method.name for method in _SERVICE.methods if not method.client_streaming)
"""Methods of one request and one response."""

STREAMS: tuple[str, ...] = tuple(method.name for method in _SERVICE.methods if method.client_streaming)
"""Methods of many requests and many responses."""


def response_type(name: str) -> type[Message]:
    """Returns the class of the messages that a method answers with."""
    return GetMessageClass(_SERVICE.methods_by_name[name].output_type)


VIDEO = "IdentifyVideo"
"""The stream whose messages are frames of one video; those of all others are items that know nothing of each other."""
