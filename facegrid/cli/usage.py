"""Arguments that can be parsed but not be meant."""


class UsageError(Exception):
    """The command line asks for something that cannot be done; exit code 2."""
