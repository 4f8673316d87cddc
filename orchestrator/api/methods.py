"""The methods of facegrid.v1's services, as the .proto files list them. Hosts offer the methods of this table.

Ray Serve calls a method by its name, whatever the service, so no two services may have a method of one name.
"""

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from facegrid.v1 import face_service_pb2, generator_service_pb2

_SERVICES = (
    face_service_pb2.DESCRIPTOR.services_by_name["FaceService"],
    generator_service_pb2.DESCRIPTOR.services_by_name["GeneratorService"],
)
_METHODS: dict[str, MethodDescriptor] = {method.name: method for service in _SERVICES for method in service.methods}

SERVICE_NAMES: tuple[str, ...] = tuple(service.full_name for service in _SERVICES)

UNARY: tuple[str, ...] = tuple(name for name, method in _METHODS.items() if not method.server_streaming)
"""Methods of one request and one response."""

STREAMS: tuple[str, ...] = tuple(name for name, method in _METHODS.items() if method.client_streaming)
"""Methods of many requests and many responses."""

SERVER_STREAMS: tuple[str, ...] = tuple(
    name for name, method in _METHODS.items() if method.server_streaming and not method.client_streaming
)
"""Methods of one request and many responses."""


def response_type(name: str) -> type[Message]:
    """Returns the class of the messages that a method answers with."""
    return GetMessageClass(_METHODS[name].output_type)


VIDEO = "IdentifyVideo"
"""The stream whose messages are the frames of one video. The messages of the other streams are independent items."""
