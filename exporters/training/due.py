"""When a training does what it does not do in every step."""

_SUMMARY_STEPS = 25


def is_summary_due(step: int, steps: int) -> bool:
    """Returns whether the losses of a step are noted: of every 25th, beginning with step 0, and of the last."""
    return step % _SUMMARY_STEPS == 0 or step == steps - 1


def is_due(step: int, every: int, steps: int) -> bool:
    """Returns whether something is due after a step: after each `every` steps, and after the last."""
    return (step + 1) % every == 0 or step == steps - 1
