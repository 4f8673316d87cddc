"""What a failed call is on the wire: a bridge from HTTP takes an empty message before the status for an answer."""

import pytest

from facegrid.v1 import detect_pb2 as pb
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.http2_frames import DATA, HEADERS, frames_of_call
from tests.support.pictures import png
from tests.support.plain_pnet import pnet

PREDICTOR = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})


@pytest.fixture(scope="module")
def host():
    with running_host(Settings(), PREDICTOR) as address:
        yield address


def test_an_answer_is_headers_a_message_and_trailers(host):
    frames = frames_of_call(host, pb.DetectRequest(image=png(32, 24)).SerializeToString())
    assert [(kind, ends) for kind, ends, _ in frames] == [(HEADERS, False), (DATA, False), (HEADERS, True)]


def test_an_error_is_its_status_and_no_message(host):
    frames = frames_of_call(host, pb.DetectRequest(image=b"no picture").SerializeToString())
    assert [(kind, ends) for kind, ends, _ in frames] == [(HEADERS, True)], "trailers only"
    assert b"INVALID_IMAGE: not a JPEG, PNG or WebP file" in frames[0][2]
