"""What `facegrid plan` does and shows; the simulation is in `orchestrator.capacity`."""

import argparse
import math
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from facegrid.cli._report import write_json, write_rows
from facegrid.cli.usage import UsageError
from orchestrator.capacity.day import OFFICE, Day, DaySample, read_curve
from orchestrator.capacity.draw import draw_day
from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.measure import measured
from orchestrator.capacity.profile import parse_profile, read_profile
from orchestrator.capacity.search import SHARE, CapacityPlan, CapacitySearch, shared_gpus
from orchestrator.capacity.simulate import PROCESSOR, SimulationResult
from orchestrator.capacity.simulated_service import ReplicaCounts
from orchestrator.capacity.workload import OfferedLoad, ServiceProfile

_MOMENTS = 144
_PAGE_TIMEOUT_S = 10.0


def plan(args: argparse.Namespace) -> int:
    """Plans and reports; returns 0, or 1 where there is no such service."""
    try:
        return _plan(args)
    except CannotPlan as err:
        sys.stderr.write(f"facegrid: {err}\n")
        return 1


def _plan(args: argparse.Namespace) -> int:
    profile = read_profile(args.profile) if args.profile else _measured(args.metrics)
    load = OfferedLoad(profile, args.rps, _mix(args.mix, profile))
    load = shared_gpus(load, _numbers(args.servers_per_gpu, "--servers-per-gpu"))
    curve = read_curve(Path(args.day)) if args.day else OFFICE
    with _bar() as bar:
        task = bar.add_task("plan", total=None, text="")

        def tried(sizes: ReplicaCounts, answers: SimulationResult) -> None:
            p99_ms = answers.quantile_s(SHARE) * 1e3
            bar.update(task, advance=1, text=f"{sizes.replicas} processes: p99 {p99_ms:.0f} ms")

        search = CapacitySearch(load, args.p99_ms / 1e3, pictures=args.pictures, seed=args.seed, on_try=tried)
        found = search.of(_sizes(args.replicas, load)) if args.replicas else search.run()
    if args.json:
        write_json(_report(load, found))
    else:
        _print(load, found)
    if args.day is not None:
        _day(args, Day(load, found.counts, curve, day_s=args.day_s, autoscale=args.autoscale, seed=args.seed))
    return 0


def _measured(url: str) -> ServiceProfile:
    """Returns what the metrics of an orchestrator say of its pictures so far."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--metrics is {url!r}, expected is a URL such as http://127.0.0.1:9102/metrics")
    with urlopen(url, timeout=_PAGE_TIMEOUT_S) as page:  # noqa: S310 - its scheme was looked at
        text = page.read().decode()
    return parse_profile(measured("", text))


def _mix(text: str | None, profile: ServiceProfile) -> dict[str, float]:
    if text is None:
        return dict.fromkeys(profile.kinds, 1 / len(profile.kinds))
    mix = _numbers(text, "--mix")
    if unknown := sorted(mix.keys() - profile.kinds.keys()):
        raise UsageError(f"--mix names {unknown[0]!r}, the file has {', '.join(profile.kinds)}")
    if not math.isclose(total := sum(mix.values()), 1, abs_tol=1e-3):
        raise UsageError(f"the shares of --mix add up to {total:g}, 1 is needed")
    return {name: share / total for name, share in mix.items()}


def _numbers(text: str, option: str) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{option} has {part!r}, expected is NAME=NUMBER with a number above 0")
        numbers[name.strip()] = value
    return numbers


def _sizes(text: str, load: OfferedLoad) -> ReplicaCounts:
    numbers = {name: int(number) for name, number in _numbers(text, "--replicas").items()}
    needed = {PROCESSOR, *load.networks()}
    if numbers.keys() != needed or min(numbers.values()) < 1:
        raise UsageError(f"--replicas is {text!r}, needed is 1 or more of each of {', '.join(sorted(needed))}")
    return ReplicaCounts(numbers.pop(PROCESSOR), numbers)


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


def _report(load: OfferedLoad, found: CapacityPlan) -> dict[str, Any]:
    p99_s = found.answers.quantile_s(SHARE)
    return {
        "rps": load.rps,
        "p50_ms": round(found.answers.quantile_s(0.5) * 1e3, 2),
        "p99_ms": round(p99_s * 1e3, 2) if math.isfinite(p99_s) else None,
        "failed": found.answers.failed(),
        "gpus": found.gpus,
        "replicas": _rows(found),
    }


def _print(load: OfferedLoad, found: CapacityPlan) -> None:
    rows = _rows(found)
    write_rows(
        ["", "replicas", "busy", "waits, ms"],
        [[name, str(row["replicas"]), f"{row['busy']:.0%}", f"{row['waited_ms']:.1f}"] for name, row in rows.items()],
    )
    p50_ms, p99_ms = (found.answers.quantile_s(share) * 1e3 for share in (0.5, SHARE))
    sys.stdout.write(f"{load.rps:g} pictures/s: p50 {p50_ms:.0f} ms, p99 {p99_ms:.0f} ms")
    sys.stdout.write(f", {found.gpus} GPUs\n" if found.gpus else "\n")


def _day(args: argparse.Namespace, day: Day) -> None:
    with _bar() as bar:
        task = bar.add_task("day", total=_MOMENTS, text="")

        def told(moment: DaySample) -> None:
            text = f"{moment.hour:.1f} h: {moment.rps:.0f} pictures/s, {sum(moment.servers.values())} servers"
            bar.update(task, advance=1, text=text)

        moments = day.run(samples=_MOMENTS, on_sample=told)
    mean = sum(sum(one.servers.values()) for one in moments) / len(moments)
    most = max(sum(one.servers.values()) for one in moments)
    failed = sum(one.failed for one in moments)
    if args.json:
        write_json({"day_s": args.day_s, "servers_mean": round(mean, 1), "servers_most": most, "failed": failed})
    else:
        sys.stdout.write(f"the day: {mean:.0f} model servers on average, {most} at most, {failed} pictures failed\n")
    if args.plot:
        args.plot.parent.mkdir(parents=True, exist_ok=True)
        title = f"A day of up to {args.rps:g} pictures/s, in {args.day_s:g} s, "
        draw_day(
            args.plot, moments, title + ("servers follow the load" if args.autoscale else "as many servers always")
        )
        sys.stderr.write(f"drawn: {args.plot}\n")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[text]}"),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=False,
    )
