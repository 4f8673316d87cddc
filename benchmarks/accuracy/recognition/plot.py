"""The rates of both errors by distance, as a picture."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.recognition.verification import Comparisons, Distances, share_within
from orchestrator.pipeline.thresholds import IDENTIFY_FALSE_MATCH_RATES, VERIFY_FALSE_MATCH_RATE, threshold_of

_SIZE = (900, 520)
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 880, 20, 460
_DISTANCES = (0.3, 0.9)
_DECADES = (-6, 0)
_INK, _GRID, _FALSE_MATCH, _MISSED = "#222222", "#dddddd", "#c0392b", "#2c5fa8"


def draw_rates(path: Path, impostors: Distances, pairs: Comparisons, version: int) -> None:
    """Writes a PNG: share of different people taken for one and of one person taken for two, by distance.

    Args:
        path: Where to.
        impostors: Distances of different people, ascending.
        pairs: Those of the same person are taken.
        version: Of the embedder, whose default thresholds are marked.
    """
    picture = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(16)
    _draw_axes(draw, font)
    at = np.linspace(*_DISTANCES, 400)
    genuine = np.sort(pairs.distances[pairs.same & ~pairs.missed])
    _draw_curve(draw, at, share_within(impostors, at), _FALSE_MATCH)
    _draw_curve(draw, at, 1 - share_within(genuine, at), _MISSED)
    for use, rate in (("Identify", IDENTIFY_FALSE_MATCH_RATES[version]), ("Verify", VERIFY_FALSE_MATCH_RATE)):
        threshold = threshold_of(rate, version)
        if threshold is not None:
            draw.line([_place(threshold, 1.0), _place(threshold, 1e-6)], fill=_INK)
            draw.text((_place(threshold, 1.0)[0] + 6, _BOTTOM - 10), use, fill=_INK, font=font, anchor="ls")
    draw.text((_LEFT + 540, 170), "different people taken for one", fill=_FALSE_MATCH, font=font)
    draw.text((_LEFT + 16, 60), "one person taken for two", fill=_MISSED, font=font)
    picture.quantize(32).save(path, optimize=True)


def _draw_axes(draw: ImageDraw.ImageDraw, font: "ImageFont.FreeTypeFont | ImageFont.ImageFont") -> None:
    for decade in range(_DECADES[0], _DECADES[1] + 1):
        x, y = _place(_DISTANCES[0], 10.0**decade)
        draw.line([(x, y), (_RIGHT, y)], fill=_GRID)
        label = f"{100 * 10.0**decade:.10f}".rstrip("0").rstrip(".")
        draw.text((x - 8, y), f"{label} %", fill=_INK, font=font, anchor="rm")
    for distance in np.arange(_DISTANCES[0], _DISTANCES[1] + 0.01, 0.1):
        x, y = _place(distance, 10.0 ** _DECADES[0])
        draw.line([(x, y), (x, y + 6)], fill=_INK)
        draw.text((x, y + 10), f"{distance:.1f}", fill=_INK, font=font, anchor="mt")
    draw.text(((_LEFT + _RIGHT) / 2, _SIZE[1] - 8), "distance of two raw vectors", fill=_INK, font=font, anchor="ms")
    draw.rectangle([_LEFT, _TOP, _RIGHT, _BOTTOM], outline=_INK)


def _draw_curve(draw: ImageDraw.ImageDraw, at: Distances, shares: Distances, colour: str) -> None:
    points = [
        _place(distance, share) for distance, share in zip(at, shares, strict=True) if share > 10.0 ** _DECADES[0]
    ]
    draw.line(points, fill=colour, width=3)


def _place(distance: float, share: float) -> tuple[float, float]:
    right = (distance - _DISTANCES[0]) / (_DISTANCES[1] - _DISTANCES[0])
    up = (np.log10(share) - _DECADES[0]) / (_DECADES[1] - _DECADES[0])
    return _LEFT + right * (_RIGHT - _LEFT), float(_BOTTOM - up * (_BOTTOM - _TOP))
