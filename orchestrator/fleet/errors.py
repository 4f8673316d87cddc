"""What can go wrong with a fleet."""


class FleetError(Exception):
    """A sentence that says what is wrong, and one that says what to do about it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
