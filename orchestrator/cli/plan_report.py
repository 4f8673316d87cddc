"""What `facegrid plan` shows while it searches, of the plan, and of the day."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn

from facegrid.cli.output import write_json, write_rows
from facegrid.cli.progress import bar
from orchestrator.capacity.day import Day, DaySample
from orchestrator.capacity.search import SHARE, CapacityPlan
from orchestrator.capacity.simulate import PROCESSOR, SimulationResult
from orchestrator.capacity.simulated_service import ReplicaCounts
from orchestrator.capacity.workload import OfferedLoad

_SAMPLES = 144
"""Of a day: every ten minutes."""


@contextmanager
def search_shown() -> Iterator[Callable[[ReplicaCounts, SimulationResult], None]]:
    """Gives what a search calls for each size that it tried; a bar shows the last."""
    with _bar() as progress:
        task = progress.add_task("plan", total=None, text="")

        def tried(sizes: ReplicaCounts, answers: SimulationResult) -> None:
            p99_ms = answers.quantile_s(SHARE) * 1e3
            progress.update(task, advance=1, text=f"{sizes.replicas} processes: p99 {p99_ms:.0f} ms")

        yield tried


def run_day_shown(day: Day) -> Sequence[DaySample]:
    """Runs a day and returns its samples; a bar shows the last."""
    with _bar() as progress:
        task = progress.add_task("day", total=_SAMPLES, text="")

        def reached(sample: DaySample) -> None:
            text = f"{sample.hour:.1f} h: {sample.rps:.0f} pictures/s, {sum(sample.servers.values())} servers"
            progress.update(task, advance=1, text=text)

        return day.run(samples=_SAMPLES, on_sample=reached)


def _rows(found: CapacityPlan) -> dict[str, dict[str, Any]]:
    numbers = {PROCESSOR: found.counts.orchestrators, **found.counts.servers}
    return {
        name: {
            "replicas": number,
            "busy": round(found.answers.busy[name], 3),
            "waited_ms": round(found.answers.waited_s[name] * 1e3, 2),
        }
        for name, number in numbers.items()
    }


def plan_as_json(load: OfferedLoad, found: CapacityPlan) -> dict[str, Any]:
    """Returns a plan for programs."""
    p99_s = found.answers.quantile_s(SHARE)
    return {
        "rps": load.rps,
        "p50_ms": round(found.answers.quantile_s(0.5) * 1e3, 2),
        "p99_ms": round(p99_s * 1e3, 2) if math.isfinite(p99_s) else None,
        "failed": found.answers.failed(),
        "gpus": found.gpus,
        "replicas": _rows(found),
    }


def write_plan(load: OfferedLoad, found: CapacityPlan) -> None:
    """Writes a plan for people to standard output."""
    rows = _rows(found)
    write_rows(
        ["", "replicas", "busy", "waits, ms"],
        [[name, str(row["replicas"]), f"{row['busy']:.0%}", f"{row['waited_ms']:.1f}"] for name, row in rows.items()],
    )
    p50_ms, p99_ms = (found.answers.quantile_s(share) * 1e3 for share in (0.5, SHARE))
    sys.stdout.write(f"{load.rps:g} pictures/s: p50 {p50_ms:.0f} ms, p99 {p99_ms:.0f} ms")
    sys.stdout.write(f", {found.gpus} GPUs\n" if found.gpus else "\n")


def write_day(moments: Sequence[DaySample], day_s: float, *, as_json: bool) -> None:
    """Writes how many model servers a day took, and how many pictures failed, to standard output."""
    mean = sum(sum(one.servers.values()) for one in moments) / len(moments)
    most = max(sum(one.servers.values()) for one in moments)
    failed = sum(one.failed for one in moments)
    if as_json:
        write_json({"day_s": day_s, "servers_mean": round(mean, 1), "servers_most": most, "failed": failed})
    else:
        sys.stdout.write(f"the day: {mean:.0f} model servers on average, {most} at most, {failed} pictures failed\n")


def _bar() -> Progress:
    return bar(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
