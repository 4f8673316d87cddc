"""Why the local stack cannot be started or stopped."""


class StackError(Exception):
    """A sentence on what is wrong, and one on what to do about it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
