"""Pictures as an H.264 video."""

import io
import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import av
import numpy as np
from PIL import Image, ImageOps

from facegrid.media.video.errors import VideoError, reason_of
from facegrid.media.whole_file import discard, keep, place_beside

if TYPE_CHECKING:
    from types import TracebackType

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""FFmpeg's names of the containers, by the suffix of a file."""

_CLOCK = Fraction(1, 90_000)
"""Time base of what is written: every usual frame rate is a whole number of it."""


class VideoWriter:
    """Writes pictures as an H.264 video; its size is that of the first, and others are fitted into it.

    The file appears under its name when it is closed. One that could not be written whole is removed.

    Args:
        path: Its suffix names the container: .mp4, .mkv or .mov.
        rate: Frames a second, as a hint to players.

    Raises:
        VideoError: It cannot be written.
    """

    def __init__(self, path: Path, rate: Fraction) -> None:
        self._path = path
        self._part, self._final = place_beside(path)
        try:
            self._file = _File(self._part)
            self._container = av.open(self._file, mode="w", format=FORMATS[path.suffix.lower()])
        except (av.FFmpegError, OSError, ValueError) as err:
            raise self._error(err) from err
        stream = cast("Any", self._container).add_stream("libx264", rate=rate, options={"crf": "20", "preset": "fast"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _CLOCK
        self._stream = stream
        self._size: tuple[int, int] | None = None
        self._last = -1
        self._is_closed = False

    def write(self, time_s: float, picture: Image.Image) -> None:
        """Adds a picture in RGB, to be shown from `time_s` on; times grow.

        Raises:
            VideoError: It cannot be written.
        """
        if self._size is None:
            # The colours of 2 x 2 pixels are one, so sides are even.
            self._size = (max(2, picture.width - picture.width % 2), max(2, picture.height - picture.height % 2))
            self._stream.width, self._stream.height = self._size
        fitted = picture if picture.size == self._size else ImageOps.pad(picture, self._size)
        frame = av.VideoFrame.from_ndarray(np.asarray(fitted), format="rgb24")
        self._last = max(self._last + 1, round(time_s / _CLOCK))
        frame.pts, frame.time_base = self._last, _CLOCK
        self._mux(frame)

    def close(self) -> None:
        """Writes what is left, and gives the file its name; a video without pictures is removed.

        Raises:
            VideoError: It cannot be written.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._size is not None and self._file.error is None:
                self._mux(None)
        finally:
            self._finish()
        if self._file.error is not None:
            raise self._error(self._file.error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        try:
            self.close()
        except VideoError:
            if error is None:
                raise

    def _finish(self) -> None:
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as err:
            self._file.error = self._file.error or OSError(0, reason_of(err))
        self._file.close()
        if self._size is None or self._file.error is not None:
            discard(self._part, self._final)
            return
        try:
            keep(self._part, self._final)
        except OSError as err:
            self._file.error = err
            discard(self._part, self._final)

    def _mux(self, frame: "av.VideoFrame | None") -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except av.FFmpegError as err:
            self._file.error = self._file.error or OSError(0, reason_of(err))
        if self._file.error is not None:
            raise self._error(self._file.error)

    def _error(self, error: BaseException) -> VideoError:
        return VideoError(f"cannot write {self._path}: {reason_of(error)}")


class _File:
    """A file that FFmpeg writes to and that never fails: FFmpeg crashes when it closes an MP4 on a full disk.

    The first error is kept, and what is written after it is lost.

    Args:
        path: Opening it may raise OSError. FFmpeg knows nothing of its name, which may look like a URL.
    """

    def __init__(self, path: Path) -> None:
        self._file = io.FileIO(path, "w")
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Writes all bytes, or none after an error."""
        rest = memoryview(data)
        try:
            while self.error is None and rest:
                rest = rest[os.write(self._file.fileno(), rest) :]
        except OSError as err:
            self.error = err
        return len(data)

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Moves as files do."""
        return self._file.seek(place, whence)

    def tell(self) -> int:
        """Returns the place."""
        return self._file.tell()

    def close(self) -> None:
        """Closes the file."""
        try:
            self._file.close()
        except OSError as err:  # some file systems say only now that they are full
            self.error = self.error or err
