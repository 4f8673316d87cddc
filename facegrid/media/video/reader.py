"""The frames of a file, camera or network stream, as long as it can be read.

own thread     open -> decode -> leave out damage -> upright RGB -> hand over    (again, where a live source drops)
any thread     next(frames()) <--------------------------------------'
"""

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from facegrid.media.video.damage import DamageFilter, Timed
from facegrid.media.video.decoder import Decoder
from facegrid.media.video.errors import VideoError
from facegrid.media.video.handover import Handover, Silent
from facegrid.media.video.shape import seen
from facegrid.media.video.source import source_of
from facegrid.media.video.times import FrameTimes

if TYPE_CHECKING:
    from types import TracebackType

    from facegrid.media.video.shape import Pixels

_GRACE_S = 5.0
"""How much longer we wait than FFmpeg should, which does not keep its time limit while it looks up a host's name."""

_ATTEMPTS = 5
"""Most times in a row that a live source is opened again."""
_FIRST_PAUSE_S = 0.5
"""Before the first of them; each further one waits twice as long."""
_GIVE_UP_S = 30.0
"""Longest time without a frame."""
_STEADY_S = 10.0
_SHORT_RUNS = 2
"""A source that drops so often in a row after less than `_STEADY_S` does not come up."""

_UNREADABLE_PACKETS = 10
"""Packets in a row, from the start, after which a decoder is asked to be less strict."""


class VideoReader:
    """The frames of a file, camera or network stream.

    Args:
        source: A path; a camera, such as 0 or /dev/video0; or a URL, such as rtsp://host/stream.
        live: Whether a source at a URL does not wait for its reader, as cameras never do. A live source that drops is
            opened again.
        report: Is given a sentence when that happens; in another thread.

    Raises:
        VideoError: It cannot be opened, does not answer, or has no video.
    """

    def __init__(self, source: str, *, live: bool = False, report: Callable[[str], None] | None = None) -> None:
        self.source = source
        self.rate = Fraction(25)
        """Frames a second."""
        self.count: int | None = None
        """Number of frames, if the source says it."""
        self.missing = 0
        """Frames that the file lists and does not have."""
        self.stopped_early: str | None = None
        """Why reading ended before the source did, as one sentence; None: it did not."""
        self._source = source_of(source)
        self.live = live or self._source.is_live
        self._report = report or (lambda _: None)
        self._damage = DamageFilter()
        self._times = FrameTimes(self.rate)
        self._frames = 0
        self._last_frame_s = self._opened_s = time.monotonic()
        self._damaged_before = 0
        answer_s = self._source.answer_s
        self._handover: Handover[tuple[float, Pixels]] = Handover(None if answer_s is None else answer_s + _GRACE_S)
        self._thread = threading.Thread(
            target=self._handover.run, args=(self._read,), name="facegrid-video", daemon=True
        )
        self._thread.start()
        self._wait_until_open()

    @property
    def damaged(self) -> int:
        """Frames that are damaged and left out."""
        return self._damage.damaged

    def frames(self) -> Iterator[tuple[float, "Pixels"]]:
        """Yields seconds since the first frame, never falling, and upright pixels, RGB uint8 [height, width, 3].

        When the source stops answering the iteration ends, and `stopped_early` says why.

        Raises:
            VideoError: There is no frame that can be decoded, or one whose colours cannot be converted.
        """
        try:
            while (frame := self._handover.take()) is not None:
                yield frame
        except Silent:
            self.stopped_early = f"{self.source} has stopped answering"
            self._handover.stop()

    def stop(self) -> None:
        """Ends `frames` at once, whatever thread it waits in."""
        self._handover.stop()

    def close(self) -> None:
        """Ends `frames` and closes the source. One that hangs is left alone."""
        self._handover.stop()
        self._thread.join(timeout=1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def _wait_until_open(self) -> None:
        try:
            self._handover.wait_until_open()
        except Silent:
            self._handover.stop()
            raise VideoError(self._source.advice("it does not answer")) from None
        except BaseException:
            self._handover.stop()
            raise

    def _read(self) -> None:
        """Reads the source to its end, and a live one until it cannot be opened again; the reader's own thread."""
        attempts = short_runs = 0
        while True:
            opened_s = time.monotonic()
            dropped = self._read_once_more()
            if dropped is None or self._handover.is_stopped:
                break
            run_s = self._last_frame_s - opened_s
            if run_s > 0:
                attempts, short_runs = 0, 0 if run_s > _STEADY_S else short_runs + 1
            silent_s = time.monotonic() - self._last_frame_s
            is_hopeless = attempts == _ATTEMPTS or short_runs == _SHORT_RUNS or silent_s > _GIVE_UP_S
            if not self.live or self._source.kind == "file" or is_hopeless:
                self.stopped_early = f"{self.source} has stopped: {dropped}"
                break
            attempts += 1
            self._report(f"{self.source} has stopped: {dropped}; opening it again ({attempts} of {_ATTEMPTS})")
            self._handover.touch()
            if not self._handover.pause(_FIRST_PAUSE_S * 2 ** (attempts - 1)):
                break
        if not self._frames and not self._handover.is_stopped:
            raise VideoError(self._no_frames())

    def _read_once_more(self) -> str | None:
        """Returns why the source dropped; None: it is over. Raises VideoError where it was never opened."""
        try:
            return self._read_opened(strict=True)
        except VideoError as err:
            if not self._frames:
                raise
            return err.reason

    def _read_opened(self, *, strict: bool) -> str | None:
        self._handover.touch()
        decoder = Decoder(self._source, strict=strict)
        try:
            self._begin(decoder)
            damaged = 0
            for frame, is_damaged in decoder.frames():
                self._handover.touch()
                if not self._hand_over(self._whole(frame, decoder, is_damaged=is_damaged), decoder):
                    return None
                damaged += is_damaged
                if decoder.is_strict and not self._frames and damaged >= _UNREADABLE_PACKETS:
                    break
                if self.live and time.monotonic() - max(self._last_frame_s, self._opened_s) > _GIVE_UP_S:
                    return f"no whole frame in {_GIVE_UP_S:.0f} s"
            self._hand_over(self._damage.rest(), decoder)
        finally:
            decoder.close()
        if decoder.is_strict and not self._frames and not self._handover.is_stopped:
            # No frame at all: rather those that may be damaged than none.
            self._damage = DamageFilter()
            return self._read_opened(strict=False)
        self.missing += decoder.missing
        if decoder.interrupted is None and self.live and decoder.is_endless and self._source.kind != "file":
            return "it ended"
        return decoder.interrupted

    def _begin(self, decoder: Decoder) -> None:
        if self._frames:
            self._times.resume(time.monotonic() - self._last_frame_s, decoder.rate)
        else:
            self.rate, self.count = decoder.rate, decoder.count
            self._times = FrameTimes(decoder.rate)
        self._opened_s = time.monotonic()
        self._damaged_before = self._damage.damaged
        self._handover.open()

    def _whole(self, frame: Any, decoder: Decoder, *, is_damaged: bool) -> list[Timed]:
        """Returns the frames that are known to be whole with this one."""
        time_s = self._times.next(self._time_of(frame, decoder), may_jump=decoder.clock_may_jump)
        whole = self._damage.sift(frame, time_s, is_damaged=is_damaged)
        if self.live and self._last_frame_s < self._opened_s:
            self._damage.damaged = self._damaged_before  # opened between two key frames
        return whole

    def _hand_over(self, frames: list[Timed], decoder: Decoder) -> bool:
        """Hands frames over; returns False where no more are wanted."""
        for time_s, frame in frames:
            try:
                pixels = seen(frame, decoder.pixel_aspect)
            except VideoError as err:
                raise VideoError(f"{self.source}: {err}") from err
            self._frames += 1
            if decoder.interrupted is None:  # else the decoder had kept it since the source stopped
                self._last_frame_s = time.monotonic()
            self._handover.put((time_s, pixels))
        return not self._handover.is_stopped

    def _time_of(self, frame: Any, decoder: Decoder) -> float | None:
        return time.monotonic() if self.live and not decoder.has_clock else decoder.time_of(frame)

    def _no_frames(self) -> str:
        if self.stopped_early:
            return self.stopped_early
        if self.damaged:
            return f"{self.source} has no whole frame: {self.damaged} are damaged and left out"
        return f"{self.source} has no frame that can be decoded; is the file whole?"
