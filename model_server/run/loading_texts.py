"""What is said of folders that hold no models and of versions that cannot be loaded, always with the path.

Those of tensorflow_model_server keep its words; where upstream says nothing, the sentence is ours.
"""

from collections.abc import Iterable
from pathlib import Path

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


# --- Folders: sentences for the log and for GetModelStatus ---------------------------------------


def unreadable_base_path(name: str, base_path: Path, error: OSError) -> str:
    """The folder of a model is missing, is a file, or may not be read."""
    return f"Could not find base path {base_path} for servable {name} with error {error.strerror or error}"


def no_versions(name: str, base_path: Path) -> str:
    """The folder of a model has no version that is to be served."""
    return (
        f"No versions of servable {name} found under base path {base_path}. "
        "Did you forget to name your leaf directory as a number (eg. '/1/')?"
    )


def version_not_in_folder(name: str, version: int, base_path: Path) -> str:
    """A version that the policy asks for by number is not there."""
    return (
        f"Version {version} of servable {name}, which was requested to be served as a 'specific' version in the "
        f"servable's version policy, was not found in the file system under {base_path}"
    )


def not_a_version(path: Path) -> str:
    """A folder among the versions that is none (upstream says nothing)."""
    return f"{path} is not served: its name is not a version number"


def duplicate_version(version: int, taken: Path, ignored: Path) -> str:
    """Two names are one number."""
    return (
        f"Duplicate version directories detected. Version {version} will be loaded from {taken}, "
        f"{ignored} will be ignored."
    )


# --- Versions ------------------------------------------------------------------------------------


def saved_model_not_found(path: Path, reason: str = "") -> ServingError:
    """The version's folder holds no SavedModel, or (then with a reason) none that may be read."""
    more = f" ({reason})" if reason else ""
    return ServingError(
        _Code.NOT_FOUND,
        f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}. "
        f"Check that the directory exists and that you have the right permissions for accessing it.{more}",
    )


def tags_not_found(tags: Iterable[str]) -> ServingError:
    """The SavedModel has no graph with these tags."""
    return ServingError(
        _Code.NOT_FOUND,
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }}. To inspect available "
        "tag-sets in the SavedModel, please use the SavedModel CLI: `saved_model_cli`",
    )


def empty_saved_model(path: Path) -> ServingError:
    """The SavedModel's file has no bytes: it is being copied (upstream says that the tags are missing)."""
    return ServingError(_Code.DATA_LOSS, f"Can't parse {path} as binary proto: it is empty")


def unreadable_saved_model(path: Path, reason: str) -> ServingError:
    """The SavedModel's file cannot be parsed."""
    return ServingError(_Code.DATA_LOSS, f"Can't parse {path} as binary proto: {reason}")


def variables_not_found(path: Path) -> ServingError:
    """The graph has variables, and the folder no values for them (upstream serves it, and fails each request)."""
    return ServingError(
        _Code.NOT_FOUND, f"Could not find the variables of the SavedModel under {path}/variables: is the copy complete?"
    )


def refused_saved_model(path: Path, code: grpc.StatusCode, reason: str) -> ServingError:
    """TensorFlow cannot make the network that the files describe."""
    return ServingError(code, f"Failed to load {path}: {reason}")


def failed_to_load(path: Path, reason: str) -> ServingError:
    """TensorFlow's Python loader failed in a way that has no code of its own."""
    return ServingError(_Code.UNKNOWN, f"Failed to load {path}: {reason}")
