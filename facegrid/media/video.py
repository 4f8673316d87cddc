"""Videos in and out, by PyAV: files, cameras and network streams as upright frames, and frames as an H.264 file."""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import av
import numpy as np
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from types import TracebackType

    from av.container import InputContainer
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_CONNECT_S = 10.0
"""Longest wait for a camera or a server, and for its next frame."""

_CLOCK = Fraction(1, 90_000)
"""Time base of what is written: every usual frame rate is a whole number of it."""

_USUAL_RATE = Fraction(25)
"""Frames a second where the source does not say."""


class FootageError(OSError):
    """A source that cannot be read, or a file that cannot be written; the message says what to do."""


class Footage:
    """The frames of a file, camera or network stream.

    Args:
        source: A path; a camera, such as 0 or /dev/video0; or a URL, such as rtsp://host/stream.

    Raises:
        FootageError: It cannot be opened, or has no video.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.live = is_live(source)
        self.damaged = 0
        """Packets that could not be decoded; their frames are left out."""
        self._container = self._open()
        streams = self._container.streams
        if not streams.video:
            kinds = ", ".join(sorted({stream.type for stream in streams})) or "none"
            self._container.close()
            raise FootageError(f"{source} has no video stream (its streams: {kinds})")
        self._stream = streams.video[0]
        self._stream.thread_type = "AUTO"
        self.rate = Fraction(self._stream.average_rate or _USUAL_RATE)
        self.count = self._stream.frames or None
        """Number of frames, if the source says it."""

    def frames(self) -> Iterator[tuple[float, "Pixels"]]:
        """Yields seconds since the first frame, never falling, and upright pixels, RGB uint8 [height, width, 3].

        Raises:
            FootageError: No frame can be decoded.
        """
        first_s: float | None = None
        last_s = -1.0
        for frame in self._decoded():
            time_s = frame.time if frame.time is not None else last_s + 1 / float(self.rate)
            first_s = time_s if first_s is None else first_s
            last_s = max(last_s, time_s - first_s, 0.0)
            # The rotation is counterclockwise, as numpy's is.
            yield last_s, np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90 % 4)
        if first_s is None:
            raise FootageError(f"{self.source} has no frame that can be decoded; is the file whole?")

    def close(self) -> None:
        """Closes the source."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def _decoded(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as err:
                if self.live:
                    raise FootageError(f"{self.source} stopped: {err.strerror}") from err
                self.damaged += 1  # nothing behind this place can be found
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self.damaged += 1

    def _open(self) -> "InputContainer":
        camera = camera_of(self.source)
        name, form, options = self.source, None, {"rtsp_transport": "tcp"}  # by UDP, lost packets smear the picture
        if camera:
            name, form = camera
        try:
            return av.open(
                name,
                mode="r",
                format=form,
                options=options if self.source.startswith("rtsp") else {},
                timeout=_CONNECT_S if self.live else None,
            )
        except (av.FFmpegError, OSError, ValueError) as err:
            reason = getattr(err, "strerror", None) or str(err)
            raise FootageError(self._advice(reason, camera is not None)) from err

    def _advice(self, reason: str, is_camera: bool) -> str:
        if is_camera:
            return (
                f"cannot open camera {self.source}: {reason}; name one that is there (on Linux: ls /dev/video*) "
                "and that no other program uses"
            )
        if "://" in self.source:
            return f"cannot open {self.source}: {reason}; is the address right and the server up?"
        if not Path(self.source).exists():
            return f"no such file: {self.source}"
        return f"{self.source} is no video that can be read: {reason}"


def is_live(source: str) -> bool:
    """Returns whether the source is a camera or a stream that does not wait."""
    return camera_of(source) is not None or source.startswith(("rtsp://", "rtsps://", "rtmp://", "udp://", "srt://"))


def camera_of(source: str) -> tuple[str, str] | None:
    """Returns the name of a camera and its driver for FFmpeg, None where the source is something else."""
    is_number = source.isdecimal() and not Path(source).exists()
    if sys.platform == "darwin":
        return (source, "avfoundation") if is_number else None
    if is_number:
        return f"/dev/video{source}", "v4l2"
    return (source, "v4l2") if source.startswith("/dev/video") else None


class FootageWriter:
    """Writes pictures as an H.264 video; its size is that of the first, and others are fitted into it.

    Args:
        path: Its suffix names the container: .mp4, .mkv or .mov.

    Raises:
        FootageError: It cannot be written.
    """

    def __init__(self, path: Path, rate: Fraction) -> None:
        self._path = path
        try:
            self._container = av.open(str(path), mode="w")
        except (av.FFmpegError, OSError, ValueError) as err:
            raise FootageError(f"cannot write {path}: {getattr(err, 'strerror', None) or err}") from err
        stream = cast("Any", self._container).add_stream("libx264", rate=rate, options={"crf": "20", "preset": "fast"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _CLOCK
        self._stream = stream
        self._size: tuple[int, int] | None = None
        self._last = -1

    def write(self, time_s: float, picture: Image.Image) -> None:
        """Adds a picture in RGB, to be shown from `time_s` on; times grow.

        Raises:
            FootageError: It cannot be written.
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
        """Writes what is left; a video without pictures is removed."""
        if self._size is not None:
            self._mux(None)
        self._container.close()
        if self._size is None:
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.close()

    def _mux(self, frame: "av.VideoFrame | None") -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except av.FFmpegError as err:
            raise FootageError(f"cannot write {self._path}: {err.strerror}") from err
