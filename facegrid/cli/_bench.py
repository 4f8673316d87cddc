"""What `facegrid bench` does and shows; the load is in `facegrid.load`."""

import argparse
import asyncio
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from facegrid.cli._access import api_key, tls
from facegrid.cli._report import write_json, write_rows
from facegrid.load.calls import OK, PERCENTILES, Calls, Percentiles, percentiles
from facegrid.load.load import Plan, run
from facegrid.load.mix import build_kinds, parse_shares
from facegrid.load.plot import draw_run
from facegrid.media.files import find_pictures


def bench(args: argparse.Namespace) -> int:
    """Loads the service and reports; returns 0 when calls were answered well, else 1."""
    kinds = build_kinds(
        find_pictures(args.inputs).pictures,
        parse_shares(args.methods),
        parse_shares(args.mix) if args.mix else None,
        timeout_s=args.timeout_s,
    )
    plan = Plan(
        target=args.target,
        kinds=kinds,
        duration_s=args.warm_up_s + args.duration_s,
        concurrency=args.concurrency,
        rps=args.rps,
        arrivals=args.arrivals,
        connections=args.connections,
        retries=not args.no_retries,
        seed=args.seed,
        api_key=api_key(args),
        tls=tls(args),
    )
    calls = _run_shown(plan).after(args.warm_up_s)
    report = _report(plan, calls, args.duration_s)
    if args.json:
        write_json(report)
    else:
        _print(report, calls)
    if args.plot and len(calls):
        args.plot.parent.mkdir(parents=True, exist_ok=True)
        draw_run(args.plot, calls, f"{_loop(plan)}, {report['calls']} calls of {plan.target}")
        sys.stderr.write(f"drawn: {args.plot}\n")
    return 0 if calls.latencies_ms() else 1


def _run_shown(plan: Plan) -> Calls:
    """Returns the calls; a bar on a terminal shows how far it is, the calls so far, those under way and failures."""
    text = "{task.fields[calls]} calls, {task.fields[open]} under way, {task.fields[failed]} failed"
    bar = Progress(
        TextColumn("bench"),
        BarColumn(),
        TextColumn(text),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=False,
    )
    with bar:
        task = bar.add_task("bench", total=plan.duration_s, calls=0, open=0, failed=0)

        def show(at_s: float, calls: Calls, under_way: int) -> None:
            failed = len(calls) - calls.count_outcomes().get(OK, 0)
            bar.update(task, completed=at_s, calls=len(calls), open=under_way, failed=failed)

        return asyncio.run(run(plan, show))


def _report(plan: Plan, calls: Calls, duration_s: float) -> dict[str, Any]:
    outcomes = calls.count_outcomes()
    ok = outcomes.get(OK, 0)
    return {
        "target": plan.target,
        "loop": _loop(plan),
        "duration_s": duration_s,
        "calls": len(calls),
        "ok_per_s": ok / duration_s,
        "errors": {outcome: count for outcome, count in outcomes.items() if outcome != OK},
        "latency_ms": _as_json(percentiles(calls.latencies_ms())),
        "failed_latency_ms": _as_json(percentiles(calls.latencies_ms(ok=False))),
        "sent_late_ms": _as_json(percentiles(calls.late_ms())),
        "kinds": {
            name: _as_json(percentiles(calls.latencies_ms(kind=index))) for index, name in enumerate(calls.kinds)
        },
    }


def _loop(plan: Plan) -> str:
    if plan.rps is None:
        return f"closed loop of {plan.concurrency}"
    return f"open loop of {plan.rps:g} calls/s, {plan.arrivals}"


def _as_json(times: Percentiles | None) -> dict[str, float] | None:
    if times is None:
        return None
    by_percent = {f"p{percent:g}": times.ms[percent] for percent in PERCENTILES}
    numbers = {"mean": times.mean_ms, **by_percent, "max": times.max_ms}
    return {"count": times.count, **{name: round(value, 3) for name, value in numbers.items()}}


def _print(report: dict[str, Any], calls: Calls) -> None:
    sys.stdout.write(f"{report['loop']}: {report['calls']} calls in {report['duration_s']:g} s, ")
    sys.stdout.write(f"{report['ok_per_s']:.1f} answered well per second\n")
    rows = {"answered, ms": report["latency_ms"]}
    if len(calls.kinds) > 1:
        rows |= {f"  {name}": times for name, times in report["kinds"].items()}
    rows |= {"failed, ms": report["failed_latency_ms"], "sent late, ms": report["sent_late_ms"]}
    columns = ["count", "mean", *(f"p{percent:g}" for percent in PERCENTILES), "max"]
    write_rows(
        ["", *columns],
        [[name, *(_number(times[column]) for column in columns)] for name, times in rows.items() if times],
    )
    for outcome, count in report["errors"].items():
        sys.stdout.write(f"{count} x {outcome}\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.1f}"
