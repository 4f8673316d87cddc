from facegrid.v1 import detect_pb2 as _detect_pb2
from facegrid.v1 import embed_pb2 as _embed_pb2
from facegrid.v1 import enroll_pb2 as _enroll_pb2
from facegrid.v1 import identify_pb2 as _identify_pb2
from facegrid.v1 import subject_pb2 as _subject_pb2
from facegrid.v1 import verify_pb2 as _verify_pb2
from facegrid.v1 import video_pb2 as _video_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
