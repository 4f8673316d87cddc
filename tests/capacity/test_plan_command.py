"""`facegrid plan` as a user runs it."""

import json

import pytest
from PIL import Image
from prometheus_client import start_http_server

from facegrid.cli.main import main
from orchestrator.telemetry.metrics import Metrics
from tests.capacity.measured_page import page


@pytest.fixture
def plan(capsys, profile_file):
    def run(*arguments):
        code = main(["plan", "--profile", str(profile_file), "--pictures", "400", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_plan_is_reported_for_people(plan):
    code, out, _ = plan("--rps", 40, "--p99-ms", 250, "--mix", "small=0.7,large=0.3")
    assert code == 0
    for word in ("orchestrators", "pnet", "embedder", "40 pictures/s", "p99", "1 GPUs"):
        assert word in out


def test_a_plan_is_reported_for_programs_and_keeps_what_was_asked(plan):
    code, out, _ = plan("--rps", 40, "--p99-ms", 250, "--mix", "small=1", "--servers-per-gpu", "pnet=1", "--json")
    report = json.loads(out)
    assert code == 0
    numbers = {name: row["replicas"] for name, row in report["replicas"].items()}
    # One pnet server is busy for 0.8 of the time with 40 pictures of 20 ms.
    assert numbers["pnet"] in (1, 2)
    assert report["gpus"] == numbers["pnet"] + -(-numbers["embedder"] // 4)
    assert set(numbers) == {"orchestrators", "pnet", "embedder"}


def test_a_day_is_run_and_drawn(plan, tmp_path):
    plot = tmp_path / "out" / "day.png"
    curve = tmp_path / "day.csv"
    curve.write_text("hour,number\n0,10\n12,40\n24,10\n")
    arguments = ("--day", curve, "--autoscale", "--day-s", 20, "--plot", plot, "--json")
    code, out, _ = plan("--rps", 20, "--p99-ms", 300, "--mix", "small=1", *arguments)
    day = json.loads(out.splitlines()[1])
    assert code == 0
    assert day["failed"] == 0
    with Image.open(plot) as opened:
        assert opened.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--rps", "0", "--p99-ms", "250"], 2, "--rps is 0, at least 0.01"),
        (["--rps", "nan", "--p99-ms", "250"], 2, "--rps is nan"),
        (["--rps", "1", "--p99-ms", "-1"], 2, "--p99-ms is -1"),
        (["--rps", "1", "--p99-ms", "250", "--mix", "small=0.7"], 2, "add up to 0.7, 1 is needed"),
        (["--rps", "1", "--p99-ms", "250", "--mix", "small=x"], 2, "'small=x'"),
        (["--rps", "1", "--p99-ms", "250", "--mix", "huge=1"], 2, "'huge', the file has small, large"),
        (["--rps", "1", "--p99-ms", "250", "--servers-per-gpu", "rnet=1"], 1, "no network 'rnet'"),
        (["--rps", "1", "--p99-ms", "250", "--autoscale"], 2, "add --day"),
        # 10 ms of a core and 20 of pnet, and no embedder for one picture in five.
        (["--rps", "1", "--p99-ms", "25", "--mix", "small=1"], 1, "within 25 ms: without any waiting they take 5"),
    ],
)
def test_what_cannot_be_is_said_with_both_numbers(plan, arguments, code, words):
    result, _, err = plan(*arguments)
    assert result == code
    assert words in err


def test_a_page_of_metrics_stands_for_a_file(capsys, tmp_path):
    registry = Metrics()
    page(20_000, [0.02], registry)  # so many that the time of the processor which this process took is little for each
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry.registry)
    try:
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        code = main(["plan", "--metrics", url, "--rps", "10", "--p99-ms", "9000", "--pictures", "300", "--json"])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert code == 0
    assert json.loads(capsys.readouterr().out)["replicas"].keys() == {"orchestrators", "pnet"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no sizes"),
        ("[sizes.a]\ngnet = 3", "sizes.a names 'gnet', the networks of a picture are pnet"),
        ("[networks.gnet]\nslots = 1\n[sizes.a]\npnet = 1", "networks names 'gnet'"),
        ("[sizes.a]\npnet = -3", "sizes.a.pnet.ms is -3"),
        ("[sizes.a]\npnet = {calls = 1}", "sizes.a.pnet.ms is None"),
        ("[sizes.a]\npnet = {ms = 1, milliseconds = 2}", "sizes.a.pnet has 'milliseconds'"),
        ("[networks.pnet]\nslots = 0\n[sizes.a]\npnet = 1", "slots is 0, expected a whole number of at least 1"),
        ("[sizes", "cannot be read"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(plan, profile_file, text, words):
    profile_file.write_text(text)
    code, _, err = plan("--rps", 1, "--p99-ms", 250)
    assert code == 1
    assert words in err
