"""What can go wrong when a network is exported.

    ExportError
    ├── WeightsError        a file of weights is absent, or not the one that is expected
    ├── VersionOutOfRange   no model server would take the number for a version
    ├── WrongVersion        the number stands for another network
    ├── VersionExists       the version asked for is there already
    ├── BrokenExport        what was written does not answer as the network that was built
    └── TrainingError       the data, the checkpoint or the disk is not what training needs

These are for the person who runs `facegrid export`; they never reach a caller of the service, so
they are no part of `facegrid.errors`.
"""


class ExportError(Exception):
    """An error whose message says what was found, what was expected and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WeightsError(ExportError):
    """A file of weights is absent, changed, or does not fit the layers."""


class VersionOutOfRange(ExportError):
    """A number that no model server would take for a version."""


class WrongVersion(ExportError):
    """A number that stands for another network than the one to be exported."""


class VersionExists(ExportError):
    """The version is there already; a version is never overwritten."""


class BrokenExport(ExportError):
    """The SavedModel that was written is not the network that was built, or not what its contract says."""


class TrainingError(ExportError):
    """Nothing can be trained: the data, the checkpoint or the disk is not what is needed."""
