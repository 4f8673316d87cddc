"""From the folder of a version to a servable: checks and loads a SavedModel, and says in a sentence why it cannot.

Importing this file loads TensorFlow; `__main__` does so only when the flags and files are in order.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef
from model_server.errors import ServingError, code_of
from model_server.run import runtime, texts
from model_server.run.session import SessionServable

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")

_log = logging.getLogger(__name__)


def load(path: Path, *, tags: Sequence[str], session_config: runtime.ConfigProto | None = None) -> SessionServable:
    """Returns the SavedModel under `path`, ready to run.

    Raises:
        ServingError: NOT_FOUND without a SavedModel, without its variables or without a graph of these tags;
            otherwise TensorFlow's error about the files.
    """
    _check_readable(path)
    graph = runtime.Graph()
    session = runtime.Session(graph=graph, config=session_config)
    try:
        with graph.as_default():
            meta_graph = runtime.load_saved_model(session, list(tags), str(path))
        # session.run does this before every call; once is enough, because the graph no longer changes.
        getattr(session, "_extend_graph", lambda: None)()
        return SessionServable(session, _signature_defs(meta_graph))
    except BaseException as error:
        session.close()
        if isinstance(error, Exception):
            raise _load_error(error, path, tags) from error
        raise


def _check_readable(path: Path) -> None:
    try:
        present = [path / name for name in SAVED_MODEL_FILES if (path / name).is_file()]
        is_empty = bool(present) and present[0].stat().st_size == 0
    except OSError as error:  # a folder without rights
        raise texts.saved_model_not_found(path, error.strerror or str(error)) from error
    if not present:
        raise texts.saved_model_not_found(path)
    if is_empty:
        raise texts.empty_saved_model(present[0])


def _load_error(error: Exception, path: Path, tags: Sequence[str]) -> ServingError:
    match error:
        case ServingError():
            return error
        case runtime.OpError():
            return texts.refused_saved_model(path, code_of(error.error_code), _plain(error.message))
        case RuntimeError() if "MetaGraphDef associated with tags" in str(error):
            return texts.tags_not_found(tags)
        case ValueError() if "not a valid checkpoint" in str(error):
            return texts.variables_not_found(path)
        case OSError():
            return texts.unreadable_saved_model(path, str(error))
        case _:
            _log.error("loading %s failed", path, exc_info=error)
            return texts.failed_to_load(path, f"{type(error).__name__}: {error}")


def _plain(message: str) -> str:
    """Returns the runtime's message without the Python stack that TensorFlow writes around it."""
    _, _, original = message.rpartition("Detected at node ")
    said = re.search(r"\nNode: [^\n]*\n(.*?)(\n\nOriginal stack trace|\Z)", original, re.DOTALL)
    return said.group(1).strip() if said else message


def _signature_defs(meta_graph: Any) -> dict[str, SignatureDef]:
    """Returns copies: a look-up of an unknown key in a protobuf map adds the key."""
    return {name: SignatureDef.FromString(spec.SerializeToString()) for name, spec in meta_graph.signature_def.items()}
