"""The trend of a series of numbers: a straight line, its confidence interval, and a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 50


@dataclass(frozen=True)
class Trend:
    """The least-squares line through (index, value)."""

    slope: float
    intercept: float
    low: float
    high: float
    """95 % confidence interval of the slope, for independent normal residuals."""


def trend(values: Sequence[float]) -> Trend:
    """Returns the line through at least three values."""
    x, y = np.arange(len(values), dtype=float), np.asarray(values)
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    half = 1.96 * float(np.sqrt(covariance[0, 0]))
    return Trend(float(slope), float(intercept), float(slope) - half, float(slope) + half)


def plot(path: Path, values: Sequence[float], line: Trend, *, x_label: str, y_label: str) -> None:
    """Writes an SVG of the values and the line; the vertical axis begins at zero."""
    top = max(values) * 1.1

    def place(x: float, y: float) -> str:
        across = _MARGIN + (_WIDTH - 2 * _MARGIN) * x / max(1, len(values) - 1)
        return f"{across:.1f},{_HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * y / top:.1f}"

    def text(x: float, y: float, words: str, more: str = "") -> str:
        return f'<text x="{x}" y="{y}" text-anchor="middle" {more}>{words}</text>'

    points = " ".join(place(x, y) for x, y in enumerate(values))
    last = len(values) - 1
    ends = f"{place(0, line.intercept)} {place(last, line.intercept + line.slope * last)}"
    corners = f"{place(0, top)} {place(0, 0)} {place(last, 0)}"
    path.write_text(
        "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="12">',
                f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
                f'<polyline points="{corners}" fill="none" stroke="black"/>',
                f'<polyline points="{points}" fill="none" stroke="steelblue"/>',
                f'<polyline points="{ends}" fill="none" stroke="firebrick" stroke-dasharray="4"/>',
                text(_WIDTH / 2, _HEIGHT - 12, x_label),
                text(16, _HEIGHT / 2, y_label, f'transform="rotate(-90 16 {_HEIGHT / 2})"'),
                text(_MARGIN, _HEIGHT - _MARGIN + 16, "0"),
                text(_WIDTH - _MARGIN, _HEIGHT - _MARGIN + 16, str(last)),
                text(_MARGIN - 16, _MARGIN, f"{top:.0f}"),
                "</svg>\n",
            )
        ),
        encoding="utf-8",
    )
