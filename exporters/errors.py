"""What can go wrong when a network is exported.

    ExportError
    ├── WeightsError        a file of weights is absent, or is not the expected one
    ├── VersionOutOfRange   the number is not a version that a model server accepts
    ├── WrongVersion        the number belongs to another network
    ├── VersionExists       the version exists already
    ├── BrokenExport        the SavedModel does not answer as the network that was built
    └── TrainingError       the data, the checkpoint or the disk is not what training needs

These are for the person who runs `facegrid export` or `facegrid train`. They never reach a caller of the service, so
they are not part of `facegrid.errors`.
"""


class ExportError(Exception):
    """An error whose message says what was found, what was expected and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WeightsError(ExportError):
    """A file of weights is absent, changed, or does not fit the layers."""


class VersionOutOfRange(ExportError):
    """A number that is not a version that a model server accepts."""


class WrongVersion(ExportError):
    """A number that belongs to another network than the one to export."""


class VersionExists(ExportError):
    """The version exists already; a version is never overwritten."""


class BrokenExport(ExportError):
    """The SavedModel differs from the network that was built, or from its contract."""


class TrainingError(ExportError):
    """The data, the checkpoint or the disk is not what training needs."""
