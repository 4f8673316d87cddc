"""The methods of all services of facegrid.v1, over one channel."""

from typing import Any

from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from facegrid.v1.generator_service_pb2_grpc import GeneratorServiceStub


class Stub(FaceServiceStub, GeneratorServiceStub):
    """Calls a method by its name, which belongs to one service only."""

    def __init__(self, channel: Any) -> None:
        FaceServiceStub.__init__(self, channel)
        GeneratorServiceStub.__init__(self, channel)
