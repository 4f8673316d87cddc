import grpc
import pytest

from facegrid import errors
from facegrid.client.status import ERROR_OF_CODE, error_of_item, error_of_status
from facegrid.client.sync import connect
from facegrid.v1 import error_pb2

TARGET = "127.0.0.1:9000"
FAILURES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]


def test_every_code_but_ok_has_an_error():
    assert set(ERROR_OF_CODE) == set(FAILURES)


@pytest.mark.parametrize("code", FAILURES)
def test_a_status_of_any_code_arrives_as_its_error(client, code):
    # A service's own NOT_FOUND has a reason.
    expected = errors.Unavailable if code is grpc.StatusCode.NOT_FOUND else ERROR_OF_CODE[code]
    with pytest.raises(expected) as caught:
        client.detect(f"status {code.value[0]} from elsewhere".encode())
    assert "from elsewhere" in caught.value.message
    assert isinstance(caught.value.__cause__, grpc.RpcError)


@pytest.mark.parametrize(("reason", "error_type"), errors.error_types().items())
def test_the_reason_decides_over_the_code(client, reason, error_type):
    with pytest.raises(errors.FacegridError) as caught:
        client.detect(f"status 3 {reason}: 7 is more than 5: really".encode())
    assert type(caught.value) is error_type
    assert caught.value.message == "7 is more than 5: really"


@pytest.mark.parametrize(("reason", "error_type"), errors.error_types().items())
def test_the_reason_of_an_item_decides(reason, error_type):
    error = error_of_item(error_pb2.Error(code=13, reason=reason, message="so"))
    assert (type(error), error.message) == (error_type, "so")


def test_a_reason_of_a_later_version_falls_back_to_the_code():
    error = error_of_status(grpc.StatusCode.NOT_FOUND, "ROOM_NOT_FOUND: no attic", TARGET)
    assert type(error) is errors.InvalidRequest
    assert "ROOM_NOT_FOUND: no attic" in error.message
    item = error_of_item(error_pb2.Error(code=14, reason="ON_HOLIDAY", message="back on monday"))
    assert (type(item), item.message) == (errors.Unavailable, "ON_HOLIDAY: back on monday")


def test_an_item_error_with_a_code_that_does_not_exist_is_internal():
    assert type(error_of_item(error_pb2.Error(code=99, message="?"))) is errors.InternalError


def test_a_traceback_in_the_details_is_cut_to_a_line():
    details = "\x1b[36mray::Proxy\x1b[39m failed\n" + "  File 'x.py', line 1\n" * 100
    message = error_of_status(grpc.StatusCode.INTERNAL, details, TARGET).message
    assert "\x1b" not in message
    assert "\n" not in message
    assert len(message) < 400


def test_a_message_over_a_channels_limit_is_not_called_overload():
    details = "Received message larger than max (9 vs. 4)"
    assert type(error_of_status(grpc.StatusCode.RESOURCE_EXHAUSTED, details, TARGET)) is errors.LimitExceeded


def test_a_service_that_is_not_there_is_named_with_what_to_do(free_port):
    with connect(f"127.0.0.1:{free_port}") as client, pytest.raises(errors.Unavailable) as caught:
        client.detect(b"picture")
    assert f"127.0.0.1:{free_port}" in caught.value.message
    assert "facegrid status" in caught.value.message
