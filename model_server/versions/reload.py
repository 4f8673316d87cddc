"""Another list of models while serving: by HandleReloadConfigRequest, or by a change of the config file."""

import logging
import threading

from facegrid.tfserving.v1.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from model_server import texts
from model_server.errors import ServingError
from model_server.files.models import checked_models, read_text_proto
from model_server.metrics.registry import Registry
from model_server.versions.manager import Manager

_log = logging.getLogger(__name__)


def reload_config(
    manager: Manager, registry: Registry, request: ReloadConfigRequest, timeout_s: float | None
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


class ConfigFilePoller:
    """Takes up the config file every `period_s`, changed or not; an error is logged and the old models stay."""

    def __init__(self, manager: Manager, path: str, period_s: float) -> None:
        self._manager = manager
        self._path = path
        self._period_s = period_s
        self._closing = threading.Event()

    def start(self) -> None:
        """Starts the thread, which ends with `close` or the process."""
        threading.Thread(target=self._work, name="config-file", daemon=True).start()

    def close(self) -> None:
        """Reads the file no more."""
        self._closing.set()

    def _work(self) -> None:
        while not self._closing.wait(self._period_s):
            try:
                config = read_text_proto(self._path, ModelServerConfig())
            except ServingError as error:
                _log.error("Failed to read ModelServerConfig file: %s", error)
                continue
            try:
                self._take_up(config)
            except ServingError as error:
                _log.error("PollFilesystemAndReloadConfig failed to ReloadConfig: %s", error)

    def _take_up(self, config: ModelServerConfig) -> None:
        if config.WhichOneof("config") is None:
            _log.info("Taking no action for empty config.")
            return
        models = checked_models(config, serving=self._manager.models)
        # Not without limit: a folder that is not there must not keep a corrected file from being read.
        self._manager.reload(models, timeout_s=self._period_s)
