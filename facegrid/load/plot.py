"""Draws a run: the latency of each call over time, and the distribution of latencies."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from facegrid.load.calls import Calls

_SIZE = (1100, 460)
_TOP, _BOTTOM = 40, 400
_OVER_TIME = (70, 620)
_DISTRIBUTION = (680, 1080)
_INK, _GRID, _OK, _FAILED = "#222222", "#dddddd", "#2c5fa8", "#c0392b"
_PERCENTS = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99)


def draw_run(path: Path, calls: Calls, title: str) -> None:
    """Writes a PNG.

    Args:
        path: The file.
        calls: At least one.
        title: Text above the plot.
    """
    picture = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(14)
    ok, failed = calls.latencies_ms(), calls.latencies_ms(ok=False)
    scale = _Scale([*ok, *failed])
    draw.text((_OVER_TIME[0], 12), title, fill=_INK, font=font)
    _draw_grid(draw, font, scale)
    _draw_over_time(draw, font, calls, scale)
    _draw_distribution(draw, font, ok, scale)
    picture.save(path, optimize=True)


class _Scale:
    """Milliseconds to heights, by their logarithm; the decades are those of the times drawn."""

    def __init__(self, times_ms: Sequence[float]) -> None:
        low, high = max(min(times_ms), 0.01), max(*times_ms, 0.02)
        self.first = math.floor(math.log10(low))
        self.last = max(math.ceil(math.log10(high)), self.first + 1)

    def y(self, ms: float) -> float:
        """Returns the height in the picture."""
        share = (math.log10(max(ms, 10.0**self.first)) - self.first) / (self.last - self.first)
        return _BOTTOM - share * (_BOTTOM - _TOP)


def _draw_grid(draw: ImageDraw.ImageDraw, font: "ImageFont.FreeTypeFont | ImageFont.ImageFont", scale: _Scale) -> None:
    for decade in range(scale.first, scale.last + 1):
        y = scale.y(10.0**decade)
        for left, right in (_OVER_TIME, _DISTRIBUTION):
            draw.line([(left, y), (right, y)], fill=_GRID)
        draw.text((_OVER_TIME[0] - 6, y), f"{10.0**decade:g} ms", fill=_INK, font=font, anchor="rm")
    for left, right in (_OVER_TIME, _DISTRIBUTION):
        draw.rectangle([left, _TOP, right, _BOTTOM], outline=_INK)


def _draw_over_time(
    draw: ImageDraw.ImageDraw, font: "ImageFont.FreeTypeFont | ImageFont.ImageFont", calls: Calls, scale: _Scale
) -> None:
    left, right = _OVER_TIME
    end_s = max(calls.due_s) or 1.0
    for due_s, done_s, outcome in zip(calls.due_s, calls.done_s, calls.outcome, strict=True):
        x, y = left + due_s / end_s * (right - left), scale.y((done_s - due_s) * 1000)
        draw.rectangle([x - 1, y - 1, x + 1, y + 1], fill=_FAILED if outcome else _OK)
    for tick in range(5):
        x = left + tick / 4 * (right - left)
        draw.text((x, _BOTTOM + 8), f"{end_s * tick / 4:.3g}", fill=_INK, font=font, anchor="mt")
    draw.text(
        ((left + right) / 2, _BOTTOM + 30), "time of each call, by the second it was due", _INK, font, anchor="mt"
    )
    if any(calls.outcome):
        draw.text((right - 6, _TOP + 6), "failed", fill=_FAILED, font=font, anchor="rt")


def _draw_distribution(
    draw: ImageDraw.ImageDraw,
    font: "ImageFont.FreeTypeFont | ImageFont.ImageFont",
    ascending_ms: Sequence[float],
    scale: _Scale,
) -> None:
    """Draws times by percentile; the axis gives each further nine the same width."""
    left, right = _DISTRIBUTION

    def x(share: float) -> float:
        nines = -math.log10(max(1 - share, 1e-4)) / 4
        return left + nines * (right - left)

    for percent in _PERCENTS:
        at = x(percent / 100)
        draw.line([(at, _TOP), (at, _BOTTOM)], fill=_GRID)
        draw.text((at, _BOTTOM + 8), f"{percent:g}", fill=_INK, font=font, anchor="mt")
    count = len(ascending_ms)
    points = [(x(index / count), scale.y(ms)) for index, ms in enumerate(ascending_ms)]
    if len(points) > 1:
        draw.line(points, fill=_OK, width=2)
    text = "percent of the calls that took no longer"
    draw.text(((left + right) / 2, _BOTTOM + 30), text, fill=_INK, font=font, anchor="mt")
