r"""Measure a running service under load.

With --concurrency N a closed loop: N callers, each asks again when it is answered. That finds what the service can do;
but when it stalls, so do the callers, and the wait of the calls they did not make is not seen. With --rps N an open
loop: calls are sent when they are due, whatever the answers, and times count from the moment a call was due. That is
what callers see. "sent late" says how much of it is the sender's own doing; where it is much, send from another machine
or with less.

Percentiles are exact, of the calls that succeeded after the warm-up.

Exit code: 0 when calls succeeded, 1 when none did, 2 for wrong usage.

Examples:
  facegrid bench photo.jpg --concurrency 8
  facegrid bench holiday/ --rps 20 --duration-s 60 --plot out/latency.png
  facegrid bench photo.jpg --mix small=0.7,large=0.3 --rps 20 \
    --methods detect=0.8,identify=0.2
  facegrid bench --mix small.jpg=0.9,crowd.jpg=0.1 --rps 5 --json \
    | jq .latency_ms
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from facegrid.cli.arguments import ServiceArguments, refuse_both, refuse_less
from facegrid.cli.command import command
from facegrid.cli.output import write_json, write_rows
from facegrid.cli.progress import bar
from facegrid.cli.usage import UsageError
from facegrid.load.calls import OK, PERCENTILES, Calls, Percentiles, percentiles
from facegrid.load.load import LoadPlan, run
from facegrid.load.mix import build_templates, parse_shares
from facegrid.load.plot import draw_run
from facegrid.media.picture_files import find_pictures

_TIMEOUT_S = 10.0


@command(__doc__)
def bench(
    *,
    service: ServiceArguments,
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE|FOLDER", help="pictures to send, in turn", show_default=False),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=SHARE,...",
            help="sizes to scale the pictures to (small, medium, large: 640, 1280, 4000 px) or files, and their shares",
        ),
    ] = None,
    methods: Annotated[
        str, typer.Option(metavar="NAME=SHARE,...", help="methods to call: detect, embed, identify, and their shares")
    ] = "detect",
    concurrency: Annotated[int | None, typer.Option(metavar="N", help="closed loop of N callers (default 1)")] = None,
    rps: Annotated[float | None, typer.Option(metavar="N", help="open loop of N calls per second")] = None,
    arrivals: Annotated[
        Literal["poisson", "constant"], typer.Option(help="when the calls of the open loop are due")
    ] = "poisson",
    duration_s: Annotated[float, typer.Option(metavar="S", help="how long to send calls")] = 10.0,
    warm_up_s: Annotated[
        float, typer.Option(metavar="S", help="how long to send calls before that, which are not counted")
    ] = 1.0,
    connections: Annotated[int, typer.Option(metavar="N", help="connections to spread the calls over")] = 1,
    no_retries: Annotated[bool, typer.Option("--no-retries", help="count the service's first answer")] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="seed of the random numbers")] = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="draw the time of every call, and their distribution")
    ] = None,
) -> int:
    """Loads the service and reports; returns 0 when calls succeeded, else 1.

    Raises:
        UsageError: A number is out of its range, or there is nothing to send.
    """
    refuse_both("--concurrency", concurrency, "--rps", rps)
    refuse_less("--concurrency", concurrency, 1)
    refuse_less("--connections", connections, 1)
    refuse_less("--duration-s", duration_s, 0.1)
    refuse_less("--warm-up-s", warm_up_s, 0)
    refuse_less("--rps", rps, 0.01)
    if not pictures and not mix:
        raise UsageError("nothing to send: name a picture or a folder")
    templates = build_templates(
        find_pictures(pictures or ()).pictures,
        parse_shares(methods),
        parse_shares(mix) if mix else None,
        timeout_s=_TIMEOUT_S if service.timeout_s is None else service.timeout_s,
    )
    plan = LoadPlan(
        target=service.target,
        templates=templates,
        duration_s=warm_up_s + duration_s,
        concurrency=concurrency or 1,
        rps=rps,
        arrivals=arrivals,
        connections=connections,
        retries=not no_retries,
        seed=seed,
        api_key=service.api_key(),
        tls=service.tls_choice(),
    )
    calls = _run_shown(plan).after(warm_up_s)
    report = _report(plan, calls, duration_s)
    if service.json:
        write_json(report)
    else:
        _print(report, calls)
    if plot and len(calls):
        plot.parent.mkdir(parents=True, exist_ok=True)
        draw_run(plot, calls, f"{_loop(plan)}, {report['calls']} calls of {plan.target}")
        sys.stderr.write(f"drawn: {plot}\n")
    return 0 if calls.latencies_ms() else 1


def _run_shown(plan: LoadPlan) -> Calls:
    """Returns the calls; a bar on a terminal shows the time, the calls so far, those in progress and failures."""
    text = "{task.fields[calls]} calls, {task.fields[open]} in progress, {task.fields[failed]} failed"
    with bar(TextColumn("bench"), BarColumn(), TextColumn(text), TimeRemainingColumn()) as progress:
        task = progress.add_task("bench", total=plan.duration_s, calls=0, open=0, failed=0)

        def show(at_s: float, calls: Calls, in_progress: int) -> None:
            failed = len(calls) - calls.count_outcomes().get(OK, 0)
            progress.update(task, completed=at_s, calls=len(calls), open=in_progress, failed=failed)

        return asyncio.run(run(plan, show))


def _report(plan: LoadPlan, calls: Calls, duration_s: float) -> dict[str, Any]:
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


def _loop(plan: LoadPlan) -> str:
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
    sys.stdout.write(f"{report['ok_per_s']:.1f} succeeded per second\n")
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
