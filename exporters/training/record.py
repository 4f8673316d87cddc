"""The record of a training: the losses by step, the command, the data and the machine."""

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
"""Called with the steps that are done, all steps, and the last measurements by name."""


@dataclass
class History:
    """Losses by step, and the time that training took."""

    steps: list[int] = field(default_factory=list)
    losses: dict[str, list[float | None]] = field(default_factory=dict)
    """By name, one for each of `steps`; None where a step has no such loss."""
    scores: dict[int, float] = field(default_factory=dict)
    """Accuracy of the pairs, by step."""
    elapsed_s: float = 0.0
    """Without interruptions."""
    _since_s: float = field(default_factory=time.monotonic)

    @classmethod
    def load(cls, file: Path, *, before: int) -> "History":
        """Returns the saved history of the steps before a number; an empty one if there is no file."""
        if not file.exists():
            return cls()
        saved = json.loads(file.read_text(encoding="utf-8"))
        count = sum(step < before for step in saved["steps"])
        losses = {name: values[:count] for name, values in saved["losses"].items()}
        scores = {int(step): score for step, score in saved.get("scores", {}).items() if int(step) < before}
        return cls(saved["steps"][:count], losses, scores, saved["elapsed_s"])

    def add(self, step: int, losses: dict[str, float]) -> None:
        """Adds the losses of a step."""
        for name in losses:
            self.losses.setdefault(name, [None] * len(self.steps))
        self.steps.append(step)
        for name, values in self.losses.items():
            values.append(round(losses[name], 5) if name in losses else None)

    def add_score(self, step: int, score: float) -> None:
        """Adds the accuracy of the pairs after a step."""
        self.scores[step] = round(score, 5)

    def save(self, file: Path) -> None:
        """Writes the file; a kill leaves it whole or as it was before."""
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
    """Writes the record of a file of weights beside it, with the suffix .json, and returns its path.

    Args:
        weights: The file of weights.
        config: The configuration of the training.
        command: The command line.
        data: How much data there was, and its checksum.
        history: Losses and scores.
        packages: Packages whose versions are recorded.
        more: Other fields of the record.
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
