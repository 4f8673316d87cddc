"""Errors of planning capacity."""


class CannotPlan(Exception):
    """A sentence that says what is wrong, with the number that was given and the number allowed."""
