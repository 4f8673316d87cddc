"""Another list of models while serving, by a change of the config file (`--model_config_file_poll_wait_seconds`)."""

import logging
import threading
import time

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from model_server.errors import ServingError
from model_server.files.model_config import checked_models
from model_server.files.text_proto import read_text_proto
from model_server.versions.manager import VersionManager

_log = logging.getLogger(__name__)


class ConfigFilePoller:
    """Reloads the config file every `period_s`, changed or not. An error is logged, and the old models stay."""

    def __init__(self, manager: VersionManager, path: str, period_s: float) -> None:
        self._manager = manager
        self._path = path
        self._period_s = period_s

    def start(self) -> None:
        """Starts the thread, which ends with the process."""
        threading.Thread(target=self._work, name="config-file", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(self._period_s)
            try:
                config = read_text_proto(self._path, ModelServerConfig())
            except ServingError as error:
                _log.error("Failed to read ModelServerConfig file: %s", error)
                continue
            try:
                self._reload(config)
            except ServingError as error:
                _log.error("PollFilesystemAndReloadConfig failed to ReloadConfig: %s", error)

    def _reload(self, config: ModelServerConfig) -> None:
        if config.WhichOneof("config") is None:
            _log.info("Taking no action for empty config.")
            return
        models = checked_models(config, serving=self._manager.models)
        # With a limit: a missing folder must not block the reading of a corrected file.
        self._manager.reload(models, timeout_s=self._period_s)
