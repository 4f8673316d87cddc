"""How did the losses of a training fall? Draws them from the record beside its weights.

A training that started from another one's weights continues that one's curves. If pairs of faces were scored, the
accuracy is drawn, too: the bottom is a half, the top is all.

    python -m benchmarks.training.curves runs/gan/gan.json curves.svg
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_WIDTH, _HEIGHT, _MARGIN = 720, 320, 46
_COLOURS = ("#2c5fa8", "#c0392b", "#3a8f4d", "#8e5ea2")
_SMOOTHED_OVER = 15


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training.curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("record", type=Path, help="the .json beside the weights")
    parser.add_argument("picture", type=Path, help="the SVG to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Writes the picture; returns 0."""
    args = build_parser().parse_args(argv)
    history = _history(json.loads(args.record.read_text(encoding="utf-8")))
    args.picture.write_text(_svg(history["steps"], history["losses"], history.get("scores", {})), encoding="utf-8")
    return 0


def _history(record: dict[str, Any]) -> dict[str, Any]:
    """Returns the history of a record, after that of the training it began with."""
    own: dict[str, Any] = record["history"]
    if "start" not in record:
        return own
    before = _history(record["start"])
    first = before["steps"][-1] + 1
    return {
        "steps": before["steps"] + [first + step for step in own["steps"]],
        "losses": {
            name: before["losses"].get(name, [None] * len(before["steps"])) + own["losses"][name]
            for name in own["losses"]
        },
        "scores": before.get("scores", {})
        | {first + int(step): score for step, score in own.get("scores", {}).items()},
    }


def _svg(steps: Sequence[int], losses: dict[str, list[float | None]], scores: dict[str, float]) -> str:
    top = max(float(np.quantile([loss for loss in values if loss is not None], 0.98)) for values in losses.values())
    last = steps[-1]

    def place(step: float, loss: float) -> str:
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * step / last
        return f"{x:.1f},{_HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * min(loss, top) / top:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<polyline points="{place(0, top)} {place(0, 0)} {place(last, 0)}" fill="none" stroke="#222"/>',
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">step, to {last:,}</text>',
        f'<text x="{_MARGIN - 6}" y="{_MARGIN + 4}" text-anchor="end">{top:.1f}</text>',
        f'<text x="{_MARGIN - 6}" y="{_HEIGHT - _MARGIN}" text-anchor="end">0</text>',
    ]
    for number, (name, values) in enumerate(losses.items()):
        own = [(step, loss) for step, loss in zip(steps, values, strict=True) if loss is not None]
        smooth = _smoothed([loss for _, loss in own])
        points = " ".join(place(step, loss) for (step, _), loss in zip(own, smooth, strict=True))
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{_MARGIN + 20 + 130 * number}" y="24" fill="{colour}">{name}</text>')
    if scores:
        points = " ".join(place(int(step), top * (2 * score - 1)) for step, score in scores.items())
        best = max(scores.values())
        parts.append(f'<polyline points="{points}" fill="none" stroke="#222" stroke-dasharray="4 3"/>')
        parts.append(
            f'<text x="{_WIDTH - _MARGIN}" y="24" text-anchor="end">pairs judged rightly, to {best:.1%}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _smoothed(values: Sequence[float]) -> list[float]:
    """Returns the mean of each value and those just before it."""
    return [float(np.mean(values[max(0, at - _SMOOTHED_OVER + 1) : at + 1])) for at in range(len(values))]


if __name__ == "__main__":
    sys.exit(main())
