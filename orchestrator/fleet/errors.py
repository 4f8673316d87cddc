"""What can go wrong with a fleet."""


class FleetError(Exception):
    """A sentence on what is wrong, and one on what to do about it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
