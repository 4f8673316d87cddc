"""The page of metrics: every expectation here is what upstream's exporter prints for the same values."""

import math
import threading

import pytest

from model_server.metrics.prometheus import page
from model_server.metrics.registry import MetricRegistry, exponential


@pytest.fixture
def registry() -> MetricRegistry:
    return MetricRegistry()


def test_a_counter(registry):
    registry.counter("/test/path/total", "name").cell("abc").increase(2)
    assert page(registry) == '# TYPE :test:path:total counter\n:test:path:total{name="abc"} 2\n'


def test_a_counter_without_labels(registry):
    registry.counter("/runs").cell().increase()
    assert page(registry) == "# TYPE :runs counter\n:runs{} 1\n"


def test_a_metric_without_values_has_its_type_line(registry):
    registry.histogram("/b", "x", limits=[1.0])
    registry.counter("/a", "x")
    assert page(registry) == "# TYPE :a counter\n# TYPE :b histogram\n"


def test_a_histogram(registry):
    cell = registry.histogram("/test/path/histogram", "status", limits=exponential(1, 2, 10)).cell("good")
    for value in (2, 20, 200):
        cell.add(value)
    # A value on a limit belongs to the bucket above it: 2 is not among those up to 2.
    cumulated = {1: 0, 2: 0, 4: 1, 8: 1, 16: 1, 32: 2, 64: 2, 128: 2, 256: 3, 512: 3, "+Inf": 3}
    buckets = [f':test:path:histogram_bucket{{status="good",le="{limit}"}} {n}' for limit, n in cumulated.items()]
    assert page(registry).splitlines() == [
        "# TYPE :test:path:histogram histogram",
        *buckets,
        ':test:path:histogram_sum{status="good"} 222',
        ':test:path:histogram_count{status="good"} 3',
    ]


def test_a_histogram_without_labels(registry):
    registry.histogram("/h", limits=[0.5]).cell().add(0.25)
    assert page(registry).splitlines()[1:] == [
        ':h_bucket{le="0.5"} 1',
        ':h_bucket{le="+Inf"} 1',
        ":h_sum{} 0.25",
        ":h_count{} 1",
    ]


def test_numbers_have_six_digits_as_in_c(registry):
    cell = registry.histogram("/h", limits=exponential(10, 1.8, 33)).cell()
    cell.add(1234567)
    lines = page(registry).splitlines()
    limits = [line.partition('le="')[2].partition('"')[0] for line in lines if "_bucket" in line]
    assert limits[:8] == ["10", "18", "32.4", "58.32", "104.976", "188.957", "340.122", "612.22"]
    assert limits[20:22] == ["1.27482e+06", "2.29468e+06"]
    assert len(limits) == 34
    assert lines[-2] == ":h_sum{} 1.23457e+06"


def test_cells_come_in_the_order_of_their_labels(registry):
    counter = registry.counter("/c", "model_name", "status")
    for values in (("b", "OK"), ("a", "OK"), ("a", "NOT_FOUND")):
        counter.cell(*values).increase()
    labels = [line.partition("}")[0] for line in page(registry).splitlines()[1:]]
    assert labels == [
        ':c{model_name="a",status="NOT_FOUND"',
        ':c{model_name="a",status="OK"',
        ':c{model_name="b",status="OK"',
    ]


NAMES = [
    ("0/path-total_count", "name", "_0:path:total_count", "name"),
    ("/test/path/total", "my-name+1", ":test:path:total", "my_name_1"),
    ("/test", "1st", ":test", "_1st"),
    ("/test", "a_b", ":test", "a_b"),
]


@pytest.mark.parametrize(("name", "label", "printed_name", "printed_label"), NAMES)
def test_names_are_made_valid(registry, name, label, printed_name, printed_label):
    registry.counter(name, label).cell("abc").increase(2)
    assert page(registry).splitlines()[1] == f'{printed_name}{{{printed_label}="abc"}} 2'


VALUES = [('"abc\\"', '\\"abc\\\\\\"'), ('a"} 9\n:forged{x="', 'a\\"} 9\\n:forged{x=\\"'), ("é", "é")]


@pytest.mark.parametrize(("value", "printed"), VALUES)
def test_label_values_are_escaped(registry, value, printed):
    registry.counter("/test", "name").cell(value).increase()
    assert page(registry).splitlines()[1:] == [f':test{{name="{printed}"}} 1']


def test_no_count_is_lost_among_threads(registry):
    counter = registry.counter("/c", "x")
    histogram = registry.histogram("/h", "x", limits=[1.0])

    def work() -> None:
        for index in range(10_000):
            counter.cell(str(index % 3)).increase()
            histogram.cell("").add(index % 2)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(cell.value for _, cell in counter.cells()) == 80_000
    ((_, cell),) = histogram.cells()
    assert (list(cell.value.counts), cell.value.total) == ([40_000, 40_000], 40_000.0)


def test_the_first_value_is_that_of_the_lowest_labels(registry):
    counter = registry.counter("/c", "x")
    histogram = registry.histogram("/h", limits=[1.0])
    assert registry.first_value("/c") == 0
    counter.cell("b").increase(5)
    counter.cell("a").increase(2)
    histogram.cell().add(1)
    assert [registry.first_value(name) for name in ("/c", "/h", "/unknown")] == [2, 0, 0]


def test_exponential_limits():
    limits = exponential(100, 1.2, 52)
    assert len(limits) == 52
    assert math.isclose(limits[-1], 100 * 1.2**51)
