"""Which decoded frames are smears that the decoder made up."""

from typing import Any

from av.video.frame import PictureType

_LONGEST_S = 10.0
"""A stream without key frames renews its picture bit by bit."""

_MOST_WAITING = 4
"""B frames in a row are rarely more, but for encoders that make nothing else between key frames."""

Timed = tuple[float, Any]
"""When a frame is shown, and the frame as PyAV decodes it."""


class DamageFilter:
    """Lets frames through that are as they were filmed.

    A frame is made from those before it, so damage lasts until the next key frame. B frames are also made from the one
    that follows, and wait for it.
    """

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._waiting: list[Timed] = []
        self.damaged = 0
        """Frames that are damaged."""

    def sift(self, frame: Any, time_s: float, *, is_damaged: bool) -> list[Timed]:
        """Takes the next frame, and returns those that are known to be whole now.

        Args:
            frame: As PyAV decodes it; None: it could not be decoded at all.
            time_s: When it is shown.
            is_damaged: What the decoder says of it.
        """
        if is_damaged:
            self._since_s = time_s
            self.damaged += len(self._waiting)
            self._waiting = []
        elif frame.key_frame or (self._since_s is not None and time_s - self._since_s > _LONGEST_S):
            self._since_s = None
        if self._since_s is not None:
            self.damaged += 1
            return []
        self._waiting.append((time_s, frame))
        if frame.pict_type != PictureType.B:
            return self.rest()
        return [self._waiting.pop(0)] if len(self._waiting) > _MOST_WAITING else []

    def rest(self) -> list[Timed]:
        """Returns the frames that wait; there is none behind them."""
        whole, self._waiting = self._waiting, []
        return whole
