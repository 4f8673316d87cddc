"""The frames of one opened source, and whether it ended where it should."""

from collections.abc import Iterator
from typing import Any

import av

from facegrid.media.video.errors import reason_of
from facegrid.media.video.source import Source
from facegrid.media.video.streams import choose_stream, rate_of

_STRICT_CODECS = {"hevc", "mjpeg"}
"""Their decoders do not mark damaged frames; they can only be told to fail on them."""

_TELL_DAMAGE = {"err_detect": "explode"}

_JUMPING_CLOCK = 0x0200
"""AVFMT_TS_DISCONT: the times of the format may jump."""

_CUT_OFF_SHARE, _CUT_OFF_S = 0.02, 1.0
"""How much a file may end before the duration in its header, which is rounded."""


class Decoder:
    """An opened source.

    Args:
        source: What to open.
        strict: Whether decoders that do not mark damaged frames are told to fail on them.

    Raises:
        VideoError: It cannot be opened, or has no video.
    """

    def __init__(self, source: Source, *, strict: bool) -> None:
        self._container = source.open()
        try:
            self._stream = choose_stream(self._container, source.text)
        except BaseException:
            self._container.close()
            raise
        codec = self._stream.codec_context
        # FFmpeg tells of damage by one thread only: with one for each slice H.264's frames are not marked, with one for
        # each frame some are lost without an error.
        codec.thread_type, codec.thread_count = "NONE", 1
        self.is_strict = strict and codec.name in _STRICT_CODECS
        if self.is_strict:
            codec.options = _TELL_DAMAGE
        self.rate = rate_of(self._stream)
        self.count: int | None = self._stream.frames or None
        """Number of frames, if the source says it."""
        self.pixel_aspect = self._stream.sample_aspect_ratio
        self.clock_may_jump = bool(self._container.format.flags & _JUMPING_CLOCK)
        self.has_clock = self._container.format.name != "mpjpeg"
        """Whether the source says when a frame was taken. FFmpeg counts 25 frames a second for pictures over HTTP."""
        self.is_endless = self._container.duration is None and (self._container.size or 0) <= 0
        self.interrupted: str | None = None
        """Why reading ended before the end, if it did."""
        self.missing = 0
        """Frames that the file lists and does not have."""
        self._failed: set[int | None] = set()
        self._packets = 0
        self._latest_s = 0.0

    def frames(self) -> Iterator[tuple[Any, bool]]:
        """Yields frames as PyAV decodes them, or None for one that cannot be decoded, and whether each is damaged."""
        try:
            for packet in self._container.demux():
                self._note(packet)
                if packet.stream.index == self._stream.index:
                    yield from self._decoded(packet)
        except av.FFmpegError as err:
            self.interrupted = reason_of(err)
            yield from self._decoded(self._stream)  # what the decoder still holds
        self._look_for_what_is_missing()

    def time_of(self, frame: Any) -> float | None:
        """Returns when a frame is shown, in seconds of the source's clock; None: it does not say."""
        if frame is None or frame.pts is None or not self._stream.time_base:
            return None
        return float(frame.pts * self._stream.time_base)

    def close(self) -> None:
        """Closes the source."""
        self._container.close()

    def _decoded(self, packet: Any) -> Iterator[tuple[Any, bool]]:
        try:
            for frame in packet.decode():
                has_failed = frame.pts is not None and frame.pts in self._failed
                yield frame, frame.is_corrupt or has_failed
        except av.FFmpegError:
            # The decoder may show the frame nevertheless, later on.
            self._failed.add(getattr(packet, "pts", None))
            yield None, True

    def _note(self, packet: Any) -> None:
        self._packets += packet.stream.index == self._stream.index and packet.size > 0
        if packet.pts is not None and packet.time_base is not None:
            self._latest_s = max(self._latest_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))

    def _look_for_what_is_missing(self) -> None:
        form = self._container.format.name
        if "mp4" in form:
            self.missing = max(0, len(self._stream.index_entries) - self._packets)
        elif "matroska" in form and self._container.duration and self.interrupted is None:
            start_s = (self._container.start_time or 0) / av.time_base
            expected_s = self._container.duration / av.time_base
            latest_s = self._latest_s - start_s
            if latest_s < expected_s - max(_CUT_OFF_S, _CUT_OFF_SHARE * expected_s):
                self.interrupted = f"the file is cut off after {latest_s:.1f} s of {expected_s:.1f} s"
