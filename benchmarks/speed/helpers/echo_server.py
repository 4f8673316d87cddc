"""A gRPC server in Python that does nothing: the cost of a call before any work.

    python -m benchmarks.speed.helpers.echo_server PORT

`/echo/SIZE` answers any message with SIZE bytes. The server is set up as the model server's is.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

METHOD_PREFIX = "/echo/"


class _Echo(grpc.GenericRpcHandler):
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        answer = bytes(int(str(handler_call_details.method).removeprefix(METHOD_PREFIX)))
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)


def main(argv: list[str] | None = None) -> int:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("port", type=int)
    args = parser.parse_args(argv)
    server = grpc.server(
        ThreadPoolExecutor(4 * (os.cpu_count() or 1)),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        maximum_concurrent_rpcs=1000,
    )
    server.add_generic_rpc_handlers((_Echo(),))
    server.add_insecure_port(f"127.0.0.1:{args.port}")
    server.start()
    server.wait_for_termination()
    return 0


if __name__ == "__main__":
    sys.exit(main())
