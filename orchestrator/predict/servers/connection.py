"""The connection to one model server."""

import grpc

from facegrid.tfserving.v1 import model_status_pb2, predict_pb2
from orchestrator.observer import observer
from orchestrator.predict.servers.tls import ModelServerTls, open_channel

_CHANNEL_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_send_message_length", -1),
    # gRPC's own limit of 4 MiB is a client's, and pnet's maps of one picture exceed it.
    ("grpc.max_receive_message_length", -1),
    # A model server that comes back is used again within two seconds instead of two minutes, and a connection attempt
    # whose packets are lost is repeated as often: gRPC alone would wait 20 s for the first packet's answer.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Sets TCP_USER_TIMEOUT too: data that is not acknowledged within 5 s ends the connection, and the next one is made
    # as soon as the network works again. More frequent pings would be answered with GOAWAY: a server counts
    # those that come without data within 5 minutes.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Each server has its own connection, and its own backoff.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
]

_SILENT = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})


class ServerConnection:
    """A channel to one address. It connects when it is first used, and reconnects when the connection is lost.

    Args:
        address: HOST:PORT or unix:PATH.
        tls: For an encrypted channel; None: in the clear.
    """

    def __init__(self, address: str, tls: ModelServerTls | None = None) -> None:
        self.address = address
        self._channel = open_channel(address, _CHANNEL_OPTIONS, tls)
        self._predict = self._channel.unary_unary(
            "/tensorflow.serving.PredictionService/Predict",
            request_serializer=predict_pb2.PredictRequest.SerializeToString,
            response_deserializer=predict_pb2.PredictResponse.FromString,
        )
        self._status = self._channel.unary_unary(
            "/tensorflow.serving.ModelService/GetModelStatus",
            request_serializer=model_status_pb2.GetModelStatusRequest.SerializeToString,
            response_deserializer=model_status_pb2.GetModelStatusResponse.FromString,
        )

    async def predict(
        self, request: predict_pb2.PredictRequest, timeout_s: float, *, rows: int
    ) -> predict_pb2.PredictResponse:
        """Returns the server's answer; reports the attempt to the observer.

        Args:
            request: One batch.
            timeout_s: Seconds within which the answer must be there.
            rows: Of the batch.

        Raises:
            AioRpcError: It answers with an error, or not at all.
        """
        model = request.model_spec.name
        with observer().attempt(model, self.address, rows=rows) as attempt:
            try:
                response: predict_pb2.PredictResponse = await self._predict(
                    request, timeout=timeout_s, metadata=attempt.metadata
                )
            except grpc.aio.AioRpcError as err:
                attempt.failed(err.code().name)
                raise
            attempt.answered(response.model_spec.version.value)
        return response

    async def answers(self, timeout_s: float) -> bool:
        """Returns whether the server answers at all within that time, even with an error."""
        try:
            await self._status(model_status_pb2.GetModelStatusRequest(), timeout=timeout_s)
        except grpc.aio.AioRpcError as err:
            return err.code() not in _SILENT
        return True

    async def close(self) -> None:
        """Ends the connection; calls under way fail."""
        await self._channel.close()
