"""What a source is (a file, a camera or a network stream), and how it is opened."""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import av

from facegrid.media.video.errors import VideoError, reason_of

if TYPE_CHECKING:
    from av.container import InputContainer

ANSWER_S = 10.0
"""Longest wait for a camera or a server, and for its next frame."""

_SEGMENT_S = 30.0
"""The same for a playlist: at its live end the next segment, which may last 10 s, is still being made."""

_LIVE = ("rtsp", "rtsps", "rtmp", "rtmps", "rtmpt", "rtp", "srtp", "udp", "tcp", "srt", "rist", "mms", "mmsh", "mmst")
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """How FFmpeg is told of a source."""

    text: str
    """As it was named."""
    url: str
    """As FFmpeg wants it."""
    kind: str
    """"file", "camera" or "url"."""
    driver: str | None = None
    """Of a camera."""
    options: dict[str, str] = field(default_factory=dict)
    """For FFmpeg."""
    answer_s: float | None = None
    """Longest wait for the next frame; None: a file, which may take its time."""

    @property
    def is_live(self) -> bool:
        """Whether it does not wait for its reader, as a camera."""
        return self.kind == "camera" or (self.kind == "url" and self.url.split(":")[0].lower() in _LIVE)

    def open(self) -> "InputContainer":
        """Opens the source.

        Raises:
            VideoError: It cannot be opened; the message says what to look at.
        """
        timeout = None if self.answer_s is None else (ANSWER_S, self.answer_s)
        try:
            return av.open(self.url, mode="r", format=self.driver, options=self.options, timeout=timeout)
        except (av.FFmpegError, OSError, ValueError) as err:
            raise VideoError(self.advice(reason_of(err)), reason_of(err)) from err

    def advice(self, reason: str) -> str:
        """Returns what to say where the source cannot be opened."""
        if self.kind == "camera":
            return (
                f"cannot open camera {self.text}: {reason}; name one that is there (on Linux: ls /dev/video*) "
                "and that no other program uses"
            )
        if self.kind == "url":
            return f"cannot open {self.text}: {reason}; is the address right and the server up?"
        if not Path(self.text).exists():
            return f"no such file: {self.text}"
        return f"{self.text} is not a video that can be read: {reason}"


def source_of(text: str) -> Source:
    """Returns what a text names: a file of that name comes first, then a camera, then a URL."""
    if camera := _camera_of(text):
        name, driver = camera
        return Source(text, name, "camera", driver=driver, answer_s=ANSWER_S)
    found = _URL.match(text)
    if found is None or Path(text).exists():
        return Source(text, f"file:{text}", "file")  # without the prefix FFmpeg takes "20:15.mp4" for a protocol
    # By UDP, lost packets would smear the picture.
    options = {"rtsp_transport": "tcp"} if found[1].lower().startswith("rtsp") else {}
    is_playlist = ".m3u8" in text.lower()
    return Source(text, text, "url", options=options, answer_s=_SEGMENT_S if is_playlist else ANSWER_S)


def _camera_of(text: str) -> tuple[str, str] | None:
    """Returns the name of a camera and its driver for FFmpeg, None where the source is something else."""
    is_number = text.isdecimal() and not Path(text).exists()
    if sys.platform == "darwin":
        return (text, "avfoundation") if is_number else None
    if is_number:
        return f"/dev/video{text}", "v4l2"
    return (text, "v4l2") if text.startswith("/dev/video") else None
