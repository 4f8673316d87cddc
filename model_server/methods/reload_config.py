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

    The response says by how much the metrics named in the request rose meanwhile: as upstream, of each only the
    first number, in the order of its labels, and 0 for histograms and for names that there are not.

    Raises:
        ServingError: The config is refused, and everything stays as it was; or a new model cannot be
            loaded, or not in time, and the config is in force all the same.
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
