"""Looks at the folders of the models: which versions are wanted, and which problems a folder has."""

import logging
from collections.abc import Mapping
from pathlib import Path

from model_server.files.model_config import ConfiguredModel
from model_server.versions import texts
from model_server.versions.folders import find_versions
from model_server.versions.states import StateBoard

_log = logging.getLogger(__name__)


class FolderWatcher:
    """The result of the last look at every folder. Problems go onto the board, and into the log when they change."""

    def __init__(self, board: StateBoard) -> None:
        self._board = board
        self._wanted: dict[str, dict[int, Path]] = {}

    def wanted(self, name: str) -> Mapping[int, Path]:
        """Returns the versions to serve at the last look; none for a model that is not configured."""
        return self._wanted.get(name, {})

    def look(self, models: Mapping[str, ConfiguredModel]) -> None:
        """Looks at the folder of each model."""
        for name in self._wanted.keys() - models.keys():
            del self._wanted[name]
            self._report(name, ())
        for model in models.values():
            self._look_at(model)

    def _look_at(self, model: ConfiguredModel) -> None:
        try:
            found = find_versions(model.base_path)
        except OSError as error:
            # The versions stay wanted: an outage of the storage is not a request to unload.
            self._report(model.name, (texts.unreadable_base_path(model.name, model.base_path, error),))
            return
        problems = found.remarks + tuple(
            texts.version_not_in_folder(model.name, version, model.base_path)
            for version in model.policy.missing(found.versions)
        )
        chosen = model.policy.choose(found.versions)
        if not chosen:
            problems = (texts.no_versions(model.name, model.base_path), *problems)
        self._wanted[model.name] = chosen
        self._report(model.name, problems)

    def _report(self, name: str, problems: tuple[str, ...]) -> None:
        before = self._board.problems(name)
        if problems == before:
            return
        self._board.set_problems(name, problems)
        for problem in problems:
            if problem not in before:
                _log.warning("FileSystemStoragePathSource encountered a filesystem access error: %s", problem)
        if not problems:
            _log.info("the folder of %s is in order again", name)
