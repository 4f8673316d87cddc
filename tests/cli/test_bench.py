import json

import pytest
from PIL import Image


def test_a_run_is_reported_as_a_table_and_drawn(facegrid, server, folder, tmp_path):
    plot = tmp_path / "plots" / "run.png"
    run = ("bench", folder, "--concurrency", 2, "--duration-s", 1, "--warm-up-s", 0, "--plot", plot)
    result = facegrid(*run)
    assert result.code == 0
    assert "closed loop of 2" in result.out
    for word in ("p50", "p99.9", "sent late", "detect a.png"):
        assert word in result.out
    with Image.open(plot) as opened:
        assert opened.format == "PNG"


def test_a_run_is_reported_for_programs(facegrid, server, folder):
    at_a_rate = ("--rps", 20, "--arrivals", "constant", "--duration-s", 1, "--warm-up-s", 0.2)
    result = facegrid("bench", folder / "a.png", *at_a_rate, "--json")
    (report,) = result.lines
    assert report["calls"] == report["latency_ms"]["count"] == 20
    assert len(server.servicer.requests) == 24, "those of the warm-up are sent, and not counted"
    assert report["errors"] == {}
    times = report["latency_ms"]
    assert times["p50"] <= times["p90"] <= times["p99"] <= times["p99.9"] <= times["max"]


def test_calls_that_fail_are_counted_and_are_a_failure(facegrid, server, folder):
    result = facegrid("bench", folder / "notes.txt", "--duration-s", 0.5, "--warm-up-s", 0, "--json")
    (report,) = result.lines
    assert result.code == 1
    assert list(report["errors"]) == ["INVALID_ARGUMENT INVALID_IMAGE"]
    assert report["latency_ms"] is None


def test_nobody_there_is_unavailable(facegrid, folder):
    arguments = ("--target", "127.0.0.1:1", "--duration-s", 0.3, "--warm-up-s", 0, "--no-retries", "--json")
    result = facegrid("bench", folder / "a.png", *arguments)
    assert result.code == 1
    assert list(json.loads(result.out)["errors"]) == ["UNAVAILABLE UNAVAILABLE"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to send"),
        (["a.png", "--rps", "0"], "--rps is 0, at least 0.01"),
        (["a.png", "--concurrency", "0"], "--concurrency is 0, at least 1"),
        (["a.png", "--duration-s", "nan"], "--duration-s is nan, at least 0.1"),
        (["a.png", "--rps", "1", "--concurrency", "2"], "exclude each other"),
    ],
)
def test_wrong_usage_is_said(facegrid, arguments, words):
    result = facegrid("bench", *arguments)
    assert result.code == 2
    assert words in result.err
