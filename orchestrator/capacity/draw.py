"""Draws a day: pictures per second, servers of each network, and the 99th percentile, by the hour."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from orchestrator.capacity.day import DaySample

_SIZE = (1000, 640)
_LEFT, _RIGHT = 80, 860
_PANELS = ((50, 210), (250, 410), (450, 600))
_INK, _GRID = "#222222", "#dddddd"
_COLOURS = ("#2c5fa8", "#c0392b", "#2e8b57", "#b8860b")


def draw_day(path: Path, samples: Sequence[DaySample], title: str) -> None:
    """Writes a PNG.

    Args:
        path: Of the file.
        samples: At least two.
        title: What was simulated.
    """
    picture = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(picture)
    draw.text((_LEFT, 12), title, fill=_INK, font=ImageFont.load_default(14))
    networks = list(samples[0].servers)
    # Where no picture was answered in time, the line goes to the top.
    answered = [one.p99_s * 1e3 for one in samples if one.p99_s < float("inf")]
    most_ms = max(answered, default=1.0)
    panels = (
        {"pictures/s": [one.rps for one in samples]},
        {network: [float(one.servers[network]) for one in samples] for network in networks},
        {"p99, ms": [min(one.p99_s * 1e3, most_ms) for one in samples]},
    )
    hours = [one.hour for one in samples]
    for (top, bottom), lines in zip(_PANELS, panels, strict=True):
        _draw_panel(draw, top, bottom, hours, lines)
    for hour in range(0, 25, 4):
        x = _LEFT + hour / 24 * (_RIGHT - _LEFT)
        draw.text((x, _PANELS[-1][1] + 8), f"{hour} h", fill=_INK, font=ImageFont.load_default(14), anchor="mt")
    picture.save(path, optimize=True)


def _draw_panel(
    draw: ImageDraw.ImageDraw, top: int, bottom: int, hours: Sequence[float], lines: dict[str, list[float]]
) -> None:
    font = ImageFont.load_default(14)
    most = max((max(values) for values in lines.values()), default=0.0) or 1.0
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - top)
        draw.line([(_LEFT, y), (_RIGHT, y)], fill=_GRID)
        draw.text((_LEFT - 6, y), f"{most * share:.4g}", fill=_INK, font=font, anchor="rm")
    draw.rectangle([_LEFT, top, _RIGHT, bottom], outline=_INK)
    for index, (name, values) in enumerate(lines.items()):
        points = [
            (_LEFT + hour / 24 * (_RIGHT - _LEFT), bottom - value / most * (bottom - top))
            for hour, value in zip(hours, values, strict=True)
        ]
        draw.line(points, fill=_COLOURS[index % 4], width=2)
        draw.text((_RIGHT + 8, top + 18 * index), name, fill=_COLOURS[index % 4], font=font)
