r"""Compute how many servers a load needs.

Computes the smallest service that answers a load in time. The service runs in virtual time with the rules of its
balancer, admission and autoscaler; only the networks are replaced by their measured times, from a file (TOML or JSON):

  [networks.pnet]
  slots = 1                 # calls that one server computes at a time
  [sizes.small]
  pixels = 307200
  orchestrator_ms = 30      # of an orchestrator's core, for a picture
  pnet = 27                 # milliseconds of a call, or
                            # { calls = 2, ms = 27, cv = 0.3 }, or samples:
  embedder = { calls = 0.8, samples_ms = [11.0, 12.5] }

Exit code: 0 planned, 1 impossible, 2 for wrong usage.

Examples:
  facegrid plan --profile times.toml --rps 1000 --p99-ms 250 \
    --mix small=0.7,large=0.3
  facegrid plan --profile times.toml --rps 200 --p99-ms 400 --json \
    --servers-per-gpu pnet=2,embedder=4
  facegrid plan --profile times.toml --rps 50 --p99-ms 400 --day \
    --autoscale --plot out/day.png
  facegrid plan --profile times.toml --rps 50 --p99-ms 400 --day monday.csv
  facegrid plan --metrics http://127.0.0.1:9102/metrics --rps 50 --p99-ms 800
"""

import math
import sys
from pathlib import Path
from typing import Annotated
from urllib.request import urlopen

import typer

from facegrid.cli.arguments import refuse_less
from facegrid.cli.command import command
from facegrid.cli.output import write_json
from facegrid.cli.usage import UsageError
from orchestrator.capacity.day import OFFICE, Day, read_curve
from orchestrator.capacity.draw import draw_day
from orchestrator.capacity.errors import CannotPlan
from orchestrator.capacity.measure import measured
from orchestrator.capacity.profile import parse_profile, read_profile
from orchestrator.capacity.search import CapacitySearch, shared_gpus
from orchestrator.capacity.simulate import PROCESSOR
from orchestrator.capacity.simulated_service import ReplicaCounts
from orchestrator.capacity.workload import OfferedLoad, ServiceProfile
from orchestrator.cli.plan_report import plan_as_json, run_day_shown, search_shown, write_day, write_plan

_PAGE_TIMEOUT_S = 10.0


@command(__doc__, optional_values={"--day": ""})
def plan(
    *,
    rps: Annotated[float, typer.Option(metavar="N", help="pictures per second at the peak")],
    p99_ms: Annotated[float, typer.Option(metavar="MS", help="time in which 99 of 100 pictures must be answered")],
    profile: Annotated[Path | None, typer.Option(metavar="FILE", help="measured times, TOML or JSON")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="URL", help="or the metrics of an orchestrator under little load, as measured so far"),
    ] = None,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=SHARE,...", help="shares of the sizes in the file; they add up to 1 (default: equal)"
        ),
    ] = None,
    servers_per_gpu: Annotated[
        str, typer.Option(metavar="NAME=N,...", help="how many servers of a network share a GPU")
    ] = "",
    replicas: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=N,...",
            help="do not search, but simulate these: orchestrators and every network",
        ),
    ] = None,
    pictures: Annotated[int, typer.Option(metavar="N", help="pictures to simulate in each try")] = 3000,
    seed: Annotated[int, typer.Option(metavar="N", help="seed of the random numbers")] = 0,
    day: Annotated[
        str | None,
        typer.Option(
            metavar="[CSV]",
            help="then simulate a day whose peak is --rps: a file of lines HOUR,NUMBER, else a built-in curve",
        ),
    ] = None,
    autoscale: Annotated[
        bool, typer.Option("--autoscale", help="let model servers follow the load of the day")
    ] = False,
    day_s: Annotated[float, typer.Option(metavar="S", help="length of the day")] = 600.0,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="draw the day")] = None,
    json_line: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> int:
    """Plans and reports; returns 0, or 1 where no service answers the load in time.

    Raises:
        UsageError: A number is out of its range, or options do not go together.
    """
    refuse_less("--rps", rps, 0.01)
    refuse_less("--p99-ms", p99_ms, 0.1)
    refuse_less("--pictures", pictures, 100)
    refuse_less("--day-s", day_s, 10)
    if day is None and (autoscale or plot):
        raise UsageError("--autoscale and --plot need a day: add --day")
    try:
        times = _profile(profile, metrics)
        load = shared_gpus(OfferedLoad(times, rps, _mix(mix, times)), _numbers(servers_per_gpu, "--servers-per-gpu"))
        curve = read_curve(Path(day)) if day else OFFICE
        with search_shown() as tried:
            search = CapacitySearch(load, p99_ms / 1e3, pictures=pictures, seed=seed, on_try=tried)
            found = search.of(_sizes(replicas, load)) if replicas else search.run()
        if json_line:
            write_json(plan_as_json(load, found))
        else:
            write_plan(load, found)
        if day is not None:
            moments = run_day_shown(Day(load, found.counts, curve, day_s=day_s, autoscale=autoscale, seed=seed))
            write_day(moments, day_s, as_json=json_line)
            if plot:
                plot.parent.mkdir(parents=True, exist_ok=True)
                sizes = "servers follow the load" if autoscale else "as many servers always"
                draw_day(plot, moments, f"A day of up to {rps:g} pictures/s, in {day_s:g} s, {sizes}")
                sys.stderr.write(f"drawn: {plot}\n")
    except CannotPlan as err:
        sys.stderr.write(f"facegrid: {err}\n")
        return 1
    return 0


def _profile(file: Path | None, metrics_url: str | None) -> ServiceProfile:
    """Returns the times in a file, or those that the metrics of an orchestrator give for its pictures so far."""
    if (file is None) == (metrics_url is None):
        raise UsageError("--profile and --metrics exclude each other" if file else "give --profile or --metrics")
    if file is not None:
        return read_profile(file)
    url = str(metrics_url)
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--metrics is {url!r}, expected a URL such as http://127.0.0.1:9102/metrics")
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
            raise UsageError(f"{option} has {part!r}, expected NAME=NUMBER with a number above 0")
        numbers[name.strip()] = value
    return numbers


def _sizes(text: str, load: OfferedLoad) -> ReplicaCounts:
    numbers = {name: int(number) for name, number in _numbers(text, "--replicas").items()}
    needed = {PROCESSOR, *load.networks()}
    if numbers.keys() != needed or min(numbers.values()) < 1:
        raise UsageError(f"--replicas is {text!r}, expected 1 or more of each of {', '.join(sorted(needed))}")
    return ReplicaCounts(numbers.pop(PROCESSOR), numbers)
