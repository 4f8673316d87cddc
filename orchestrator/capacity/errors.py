"""What can be wrong with a question about capacity."""


class CannotPlan(Exception):
    """A sentence on what is wrong, with the number that surprised us and the number allowed."""
