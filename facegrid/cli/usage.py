"""The error for arguments that can be parsed but do not go together."""


class UsageError(Exception):
    """The command line asks for something that cannot be done; exit code 2."""
