"""The command line: defaults, what parses, what does not."""

import pytest

from model_server.flags import FLAGS, FlagError, parse_flags, usage


def test_flags_have_upstream_defaults():
    flags = parse_flags([])
    assert flags.number("port") == 8500
    assert flags.number("load_retry_interval_micros") == 60_000_000
    assert flags.text("model_name") == "default"
    assert flags.is_set("enable_model_warmup")
    assert not flags.is_set("enable_batching")
    assert flags.unavailable() == []


def test_the_last_of_two_counts():
    assert parse_flags(["--port=1", "--port=2"]).number("port") == 2


@pytest.mark.parametrize(("text", "is_set"), [("", True), ("=true", True), ("=false", False)])
def test_booleans(text, is_set):
    assert parse_flags([f"--enable_model_warmup{text}"]).is_set("enable_model_warmup") is is_set


WRONG = (
    "--enable_model_warmup=1",
    "--enable_model_warmup=True",
    "-port=1",
    "port=1",
    "--port=1.5",
    "--port=",
    "--port=1_0",
    "--port= 1",
    "--per_process_gpu_memory_fraction=half",
)


@pytest.mark.parametrize("argument", WRONG)
def test_what_upstream_does_not_parse(argument):
    with pytest.raises(FlagError):
        parse_flags([argument])


def test_usage_names_every_flag():
    assert all(f"--{name}=" in usage() for name in FLAGS)
