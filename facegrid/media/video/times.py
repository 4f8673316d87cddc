"""When each frame is shown, whatever the source says."""

from fractions import Fraction

_JITTER_FRAMES = 3
"""Times that fall by less are out of order; by more, the source has begun to count again."""
_LONGEST_PAUSE_S = 10.0
"""A longer one is a jump, in formats whose clock may jump."""


class FrameTimes:
    """Seconds since the first frame, never falling.

    Frames without a time follow at the frame rate. Where the source's times jump back, as where recordings were
    joined, the frame follows the one before it and is the new base.

    Args:
        rate: Frames a second.
    """

    def __init__(self, rate: Fraction) -> None:
        self._step_s = float(1 / rate)
        self._offset_s: float | None = None
        self._last_s: float | None = None

    def next(self, source_s: float | None, *, may_jump: bool = False) -> float:
        """Returns when the next frame is shown.

        Args:
            source_s: What the source says; None: nothing.
            may_jump: Whether a large step forward is a jump, too.
        """
        if self._last_s is None:
            following_s = time_s = 0.0
        else:
            following_s = time_s = self._last_s + self._step_s
        if source_s is not None:
            if self._offset_s is not None:
                time_s = source_s + self._offset_s
            if self._offset_s is None or self._is_jump(time_s, may_jump=may_jump):
                time_s = following_s
                self._offset_s = time_s - source_s
        self._last_s = time_s if self._last_s is None else max(time_s, self._last_s)
        return self._last_s

    def resume(self, pause_s: float, rate: Fraction) -> None:
        """Says that the source was opened again: the next frame comes `pause_s` after the last one."""
        if self._last_s is not None:
            self._last_s += max(0.0, pause_s - self._step_s)
        self._step_s = float(1 / rate)
        self._offset_s = None

    def _is_jump(self, time_s: float, *, may_jump: bool) -> bool:
        last_s = self._last_s or 0.0
        fell = time_s < last_s - _JITTER_FRAMES * self._step_s
        return fell or (may_jump and time_s > last_s + _LONGEST_PAUSE_S)
