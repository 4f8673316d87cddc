"""HandleReloadConfigRequest: another list of models while serving."""

import logging

from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from model_server.errors import ServingError
from model_server.files import texts
from model_server.files.model_config import checked_models
from model_server.metrics.registry import MetricRegistry
from model_server.versions.manager import VersionManager

_log = logging.getLogger(__name__)


def reload_config(
    manager: VersionManager, registry: MetricRegistry, request: ReloadConfigRequest, timeout_s: float | None
) -> ReloadConfigResponse:
    """Returns when each new model of the request has an available version. Models left out are unloaded later.

    The response says by how much the metrics named in the request rose meanwhile. As upstream, only the first number of
    each is compared, in the order of its labels; for histograms and unknown names it is 0.

    Raises:
        ServingError: The config is refused, and nothing changes; or a new model cannot be loaded, or not in
            time, and the config is in force all the same.
    """
    before = {name: registry.first_value(name) for name in request.metric_names}
    if request.config.WhichOneof("config") != "model_config_list":
        raise texts.unsupported_config()
    try:
        manager.reload(checked_models(request.config, serving=manager.models), timeout_s=timeout_s)
    except ServingError as error:
        _log.error("ReloadConfig failed: %s", error)
        raise
    response = ReloadConfigResponse()
    response.status.SetInParent()
    for name, value in before.items():
        response.metric.add(name=name, int64_value_increase=registry.first_value(name) - value)
    return response
