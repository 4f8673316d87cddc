"""Where the gRPC server listens, and with which arguments, as the flags say."""

import pytest

from model_server.errors import ServingError
from model_server.flags import parse_flags
from model_server.grpc.channel_arguments import channel_arguments
from model_server.grpc.listen import addresses


def test_addresses():
    assert addresses(parse_flags([])) == ["0.0.0.0:8500"]
    assert addresses(parse_flags(["--port=0", "--grpc_socket_path=/run/x"])) == ["unix:/run/x"]


def test_channel_arguments_are_numbers_where_they_parse_as_such():
    text = "a=1,b=x,c=2147483648,d=-5,e="
    assert channel_arguments(text) == (("a", 1), ("b", "x"), ("c", "2147483648"), ("d", -5), ("e", ""))
    with pytest.raises(ServingError, match="INVALID_ARGUMENT: --grpc_channel_arguments: 'a' is not key=value"):
        channel_arguments("a")
