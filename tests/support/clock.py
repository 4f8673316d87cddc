"""A clock that stands still until the test moves it."""


class Clock:
    """Gives `now_s`, which the test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self):
        return self.now_s
