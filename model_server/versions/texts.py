"""The errors of models and versions: which is meant, what is wrong with its folder, what did not become available.

Callers match on these texts. Where tensorflow_model_server has the error, its words are kept to the letter.
"""

from collections.abc import Sequence
from pathlib import Path

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


# --- Which version is meant -------------------------------------------------------------------------


def missing_model_name() -> ServingError:
    """The model_spec has no name."""
    return ServingError(_Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")


def unknown_label(label: str) -> ServingError:
    """The model has no such label."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}")


def labels_not_initialised(label: str) -> ServingError:
    """No list of models was accepted since the start."""
    return ServingError(_Code.UNAVAILABLE, f"Model labels does not init yet.{label}")


def model_not_found(name: str) -> ServingError:
    """No version of the model is available; the request names none."""
    return ServingError(_Code.NOT_FOUND, f"Servable not found for request: Latest({name})")


def version_not_found(name: str, version: int) -> ServingError:
    """The requested version is not available."""
    return ServingError(_Code.NOT_FOUND, f"Servable not found for request: Specific({name}, {version})")


# --- Folders: sentences for the log and for GetModelStatus ------------------------------------------


def unreadable_base_path(name: str, base_path: Path, error: OSError) -> str:
    """The folder of a model is missing, is a file, or may not be read."""
    return f"Could not find base path {base_path} for servable {name} with error {error.strerror or error}"


def no_versions(name: str, base_path: Path) -> str:
    """The folder of a model has no version to serve."""
    return (
        f"No versions of servable {name} found under base path {base_path}. "
        "Did you forget to name your leaf directory as a number (eg. '/1/')?"
    )


def version_not_in_folder(name: str, version: int, base_path: Path) -> str:
    """A version that the policy names is missing."""
    return (
        f"Version {version} of servable {name}, which was requested to be served as a 'specific' version in the "
        f"servable's version policy, was not found in the file system under {base_path}"
    )


def not_a_version(path: Path) -> str:
    """A folder among the versions whose name is not a version number (upstream says nothing)."""
    return f"{path} is not served: its name is not a version number"


def duplicate_version(version: int, taken: Path, ignored: Path) -> str:
    """Two names are the same number."""
    return (
        f"Duplicate version directories detected. Version {version} will be loaded from {taken}, "
        f"{ignored} will be ignored."
    )


# --- The list of models at the start and after a reload ---------------------------------------------


def models_not_available(failed: Sequence[tuple[str, int, ServingError]], noun: str = "servable") -> ServingError:
    """Models (name, version, error) failed to load: at the start, or (a "model" then) after a reload."""
    listed = "".join(
        f"{{{{name: {name} version: {version}}} due to error: {error}}}, " for name, version, error in failed
    )
    return ServingError(_Code.UNKNOWN, f"{len(failed)} {noun}(s) did not become available: {{{listed}}}")


def label_of_unavailable_version(label_version: int, name: str) -> ServingError:
    """A label points at a version that is not available."""
    return ServingError(
        _Code.FAILED_PRECONDITION,
        f"Request to assign label to version {label_version} of model {name}, "
        "which is not currently available for inference",
    )


def reload_not_finished() -> ServingError:
    """A new model was neither available nor failed by the caller's deadline (upstream waits without limit)."""
    return ServingError(_Code.DEADLINE_EXCEEDED, "new models were not available in time; they are still being loaded")
