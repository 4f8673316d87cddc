"""Which of a source's video streams is the film."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from av.stream import Discard, Disposition

from facegrid.media.video.errors import VideoError

if TYPE_CHECKING:
    from av.container import InputContainer

_USUAL_RATE = Fraction(25)
"""Frames a second where the source does not say."""
_GREATEST_RATE = 1000

_NO_TIMES = 0x0080
"""AVFMT_NOTIMESTAMPS: a bare stream."""

_STILL = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails


def choose_stream(container: "InputContainer", source: str) -> Any:
    """Returns the stream that players choose: one that can be decoded and is not a picture, by default, the largest.

    Raises:
        VideoError: The source has no such stream.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & _STILL]
    if not films:
        kinds = ["picture" if stream.type == "video" else stream.type for stream in container.streams]
        raise VideoError(f"{source} has no video stream (its streams: {', '.join(sorted(set(kinds))) or 'none'})")
    film: Any = max(films, key=_preference)
    if film.codec_context is None:
        raise VideoError(f"{source} has a video stream that FFmpeg cannot decode here")
    for other in container.streams.video:
        if other.index != film.index:
            other.discard = Discard.all  # of a playlist's variants only the one that is read is fetched
    return film


def rate_of(stream: Any) -> Fraction:
    """Returns the frames a second."""
    rates = [stream.average_rate, stream.guessed_rate]
    if stream.container.format.flags & _NO_TIMES:
        rates.reverse()  # the average is made up by FFmpeg, the guess is what the stream itself says
    for rate in rates:
        if rate and 0 < rate <= _GREATEST_RATE:
            return Fraction(rate)
    return _USUAL_RATE


def _preference(stream: Any) -> tuple[bool, bool, int, int]:
    codec = stream.codec_context
    if codec is None:  # nothing here decodes it
        return False, False, 0, -stream.index
    is_default = bool(stream.disposition & Disposition.default)
    return True, is_default, codec.width * codec.height, -stream.index
