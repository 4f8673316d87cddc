from facegrid.v1 import discriminate_pb2 as _discriminate_pb2
from facegrid.v1 import generate_pb2 as _generate_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
