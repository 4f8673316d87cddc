"""Parts that need neither TensorFlow nor a process."""

import pytest

from facegrid.tfserving.v1.model_server_config_pb2 import FileSystemStoragePathSourceConfig
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.errors import ServingError, code_of
from model_server.flags import FLAGS, FlagError, parse_flags, usage
from model_server.grpc.listen import addresses, channel_arguments
from model_server.texts import invalid_channel_argument
from model_server.versions.handles import AvailableVersions
from model_server.versions.policy import Policy, find_versions


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


def test_addresses():
    assert addresses(parse_flags([])) == ["0.0.0.0:8500"]
    assert addresses(parse_flags(["--port=0", "--grpc_socket_path=/run/x"])) == ["unix:/run/x"]


def test_channel_arguments_are_numbers_where_they_parse_as_such():
    text = "a=1,b=x,c=2147483648,d=-5,e="
    assert channel_arguments(text) == (("a", 1), ("b", "x"), ("c", "2147483648"), ("d", -5), ("e", ""))
    with pytest.raises(type(invalid_channel_argument(""))):
        channel_arguments("a")


def test_only_whole_numbers_are_versions(tmp_path):
    for name in ("1", "0000012", "x", "1a", "-3", " 4", "1.0", "9223372036854775807", "9223372036854775808", "٣"):
        (tmp_path / name).mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").touch()
    found = find_versions(tmp_path)
    assert set(found.versions) == {1, 12, 2**63 - 1}
    assert [remark.removeprefix(f"{tmp_path}/") for remark in found.remarks] == [
        f"{name} is not served: its name is not a version number"
        for name in (" 4", "-3", "1.0", "1a", "9223372036854775808", "x", "٣")
    ]


def test_of_two_names_for_one_number_the_later_is_taken(tmp_path):
    for name in ("01", "1"):
        (tmp_path / name).mkdir()
    found = find_versions(tmp_path)
    assert found.versions == {1: tmp_path / "1"}
    (remark,) = found.remarks
    assert remark == (
        f"Duplicate version directories detected. Version 1 will be loaded from {tmp_path}/1, {tmp_path}/01 will be "
        "ignored."
    )


def test_a_version_asked_for_that_is_not_there_is_missing(tmp_path):
    proto = FileSystemStoragePathSourceConfig.ServableVersionPolicy(specific={"versions": [2, 1]})
    policy, found = Policy.from_proto(proto), {1: tmp_path, 3: tmp_path}
    assert (policy.choose(found), policy.missing(found)) == ({1: tmp_path}, [2])
    assert Policy().missing({}) == []


def test_a_label_before_any_list_of_models_is_told_to_come_later():
    available = AvailableVersions()
    spec = ModelSpec(name="m", version_label="stable")
    with pytest.raises(ServingError, match=r"UNAVAILABLE: Model labels does not init yet\.stable"), available.use(spec):
        pass
    available.set_labels({})
    with pytest.raises(ServingError, match="INVALID_ARGUMENT: Unrecognized servable version label: stable"):
        available.use(spec).__enter__()


def test_codes():
    assert [code_of(number).name for number in (3, 5, 9, 99)] == [
        "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "UNKNOWN"
    ]  # fmt: skip
