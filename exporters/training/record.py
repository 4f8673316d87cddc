"""What is known of a training afterwards: losses as they fell, what was typed, and on which machine."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exporters.atomic_file import replaced

Report = Callable[[int, int, dict[str, float]], None]
"""Is told how many steps are done, of how many, and what was measured last."""


@dataclass
class History:
    """Losses by step, and the time that went by."""

    steps: list[int] = field(default_factory=list)
    losses: dict[str, list[float | None]] = field(default_factory=dict)
    """As many of each name as there are steps; None where a step has no such loss."""
    scores: dict[int, float] = field(default_factory=dict)
    """By step, what was measured now and then."""
    elapsed_s: float = 0.0
    """Of training, its interruptions left out."""
    _since_s: float = field(default_factory=time.monotonic)

    @classmethod
    def load(cls, file: Path, *, before: int) -> "History":
        """Returns what was saved of the steps before a number; nothing where there is no file."""
        if not file.exists():
            return cls()
        saved = json.loads(file.read_text(encoding="utf-8"))
        count = sum(step < before for step in saved["steps"])
        losses = {name: values[:count] for name, values in saved["losses"].items()}
        scores = {int(step): score for step, score in saved.get("scores", {}).items() if int(step) < before}
        return cls(saved["steps"][:count], losses, scores, saved["elapsed_s"])

    def add(self, step: int, losses: dict[str, float]) -> None:
        """Notes the losses of a step."""
        for name in losses:
            self.losses.setdefault(name, [None] * len(self.steps))
        self.steps.append(step)
        for name, values in self.losses.items():
            values.append(round(losses[name], 5) if name in losses else None)

    def add_score(self, step: int, score: float) -> None:
        """Notes what was measured after a step."""
        self.scores[step] = round(score, 5)

    def save(self, file: Path) -> None:
        """Writes the file in one step, so that it is whole or the one before."""
        now_s = time.monotonic()
        self.elapsed_s += now_s - self._since_s
        self._since_s = now_s
        with replaced(file, durable=False) as draft:
            draft.write_text(json.dumps(self.as_json()), encoding="utf-8")

    def as_json(self) -> dict[str, Any]:
        """Returns what `load` reads."""
        scores = {"scores": self.scores} if self.scores else {}
        return {"steps": self.steps, "losses": self.losses, **scores, "elapsed_s": round(self.elapsed_s, 1)}


def write_record(
    weights: Path,
    *,
    config: dict[str, Any],
    command: str,
    data: dict[str, Any],
    history: History,
    packages: Sequence[str] = ("tensorflow", "keras", "numpy"),
    **more: Any,
) -> Path:
    """Writes WEIGHTS with the suffix .json: how the weights came about; returns it.

    Args:
        weights: The file.
        config: What the training was told.
        command: What was typed.
        data: What was trained with: how much, and its checksum.
        history: How it went.
        packages: What it ran on.
        more: What else is worth knowing, by name.
    """
    record = {
        "command": command,
        "config": config,
        "data": data,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {name: version(name) for name in packages},
        "history": history.as_json(),
        **more,
    }
    file = weights.with_suffix(".json")
    with replaced(file, durable=True) as draft:
        draft.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return file
