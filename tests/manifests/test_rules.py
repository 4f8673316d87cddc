"""Each alert of the component `monitoring` fires when it should and not before, says promtool."""

import shutil
import subprocess

import pytest
import yaml

from tests.manifests.rendered import combination, of_kind

MINUTES = 20
SERVER = 'namespace="facegrid",container="model-server"'

# For each alert: series that must raise it, and the same world when all is well.
WORLDS = {
    "FacegridModelServersGone": (
        {f'up{{{SERVER},job="pnet",pod="a"}}': "0x20", f'up{{{SERVER},job="pnet",pod="b"}}': "0x20"},
        {f'up{{{SERVER},job="pnet",pod="a"}}': "0x20", f'up{{{SERVER},job="pnet",pod="b"}}': "1x20"},
    ),
    "FacegridModelServerErrors": (
        {
            ':tensorflow:serving:request_count{namespace="facegrid",model_name="pnet",status="OK"}': "0+980x20",
            ':tensorflow:serving:request_count{namespace="facegrid",model_name="pnet",status="INTERNAL"}': "0+20x20",
        },
        {
            ':tensorflow:serving:request_count{namespace="facegrid",model_name="pnet",status="OK"}': "0+995x20",
            ':tensorflow:serving:request_count{namespace="facegrid",model_name="pnet",status="INTERNAL"}': "0+5x20",
        },
    ),
    "FacegridModelServersFull": (
        {  # 9 s of work in each second, in one server
            ':tensorflow:serving:request_latency_sum{namespace="facegrid",model_name="pnet",pod="a"}': "0+540000000x20",
            ':tensorflow:serving:request_latency_count{namespace="facegrid",model_name="pnet",pod="a"}': "0+60x20",
        },
        {  # the same in two
            ':tensorflow:serving:request_latency_sum{namespace="facegrid",model_name="pnet",pod="a"}': "0+270000000x20",
            ':tensorflow:serving:request_latency_sum{namespace="facegrid",model_name="pnet",pod="b"}': "0+270000000x20",
            ':tensorflow:serving:request_latency_count{namespace="facegrid",model_name="pnet",pod="a"}': "0+60x20",
            ':tensorflow:serving:request_latency_count{namespace="facegrid",model_name="pnet",pod="b"}': "0+60x20",
        },
    ),
    "FacegridServiceErrors": (
        {
            'ray_serve_num_grpc_requests_total{namespace="facegrid"}': "0+1000x20",
            'ray_serve_num_grpc_error_requests_total{namespace="facegrid",error_code="UNAVAILABLE"}': "0+20x20",
        },
        {
            'ray_serve_num_grpc_requests_total{namespace="facegrid"}': "0+1000x20",
            'ray_serve_num_grpc_error_requests_total{namespace="facegrid",error_code="INVALID_ARGUMENT"}': "0+500x20",
        },
    ),
}


def spoken(series: str) -> str:
    """A name that begins with a colon is written as a label."""
    name, brace, labels = series.partition("{")
    return f'{{__name__="{name}",{labels}' if name.startswith(":") else f"{name}{brace}{labels}"


def groups() -> list:
    (rule,) = of_kind(combination(("monitoring",)), "PrometheusRule")
    return rule["spec"]["groups"]


def test_every_alert_is_shown_what_it_is_for_and_says_what_to_do():
    rules = {rule["alert"]: rule for group in groups() for rule in group["rules"]}
    assert rules.keys() == WORLDS.keys()
    assert all({"summary", "action"} == rule["annotations"].keys() for rule in rules.values())


@pytest.mark.parametrize("alert", WORLDS)
@pytest.mark.parametrize("fires", [True, False])
def test_an_alert_fires_when_it_should_and_only_then(alert, fires, tmp_path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool: apt-get install prometheus")
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": groups()}))
    world = WORLDS[alert][0 if fires else 1]
    case = {
        "interval": "1m",
        "input_series": [{"series": spoken(name), "values": values} for name, values in world.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                "eval_time": f"{MINUTES}m",
                "exp_samples": [{"labels": "{}", "value": int(fires)}],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": [case]}))
    result = subprocess.run(
        [promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
