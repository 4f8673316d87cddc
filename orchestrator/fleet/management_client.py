"""The management calls of one model server: which versions it has, and applying another config."""

from collections.abc import Collection

import grpc

from facegrid.tfserving.v1 import model_status_pb2
from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.fleet.model_server import ModelVersion, to_version

_GET_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
_RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
_OPTIONS = [("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0), ("grpc.max_reconnect_backoff_ms", 500)]


class ManagementClient:
    """Calls `tensorflow.serving.ModelService` of one model server.

    Args:
        address: As gRPC writes it.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        self._get_status = self._channel.unary_unary(
            _GET_STATUS,
            request_serializer=model_status_pb2.GetModelStatusRequest.SerializeToString,
            response_deserializer=model_status_pb2.GetModelStatusResponse.FromString,
        )
        self._reload = self._channel.unary_unary(
            _RELOAD,
            request_serializer=ReloadConfigRequest.SerializeToString,
            response_deserializer=ReloadConfigResponse.FromString,
        )

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def versions(self, models: Collection[str], *, timeout_s: float) -> list[ModelVersion] | None:
        """Returns the versions of each model, or None where the server does not answer.

        A model that the server does not know has no versions.
        """
        found: list[ModelVersion] = []
        for model in models:
            request = model_status_pb2.GetModelStatusRequest()
            request.model_spec.name = model
            try:
                answer = await self._get_status(request, timeout=timeout_s)
            except grpc.aio.AioRpcError as err:
                if err.code() == grpc.StatusCode.NOT_FOUND:
                    continue
                return None
            found.extend(to_version(model, one) for one in answer.model_version_status)
        return found

    async def reload(self, config: ModelServerConfig, *, timeout_s: float) -> str:
        """Makes the server apply a config; returns what is wrong with it, or an empty text."""
        try:
            answer = await self._reload(ReloadConfigRequest(config=config), timeout=timeout_s)
        except grpc.aio.AioRpcError as err:
            return f"{err.code().name}: {err.details()}"
        return str(answer.status.error_message)
