"""What the specification of the lifecycle says, line by line, on one server: each test says the whole list it wants."""

import shutil

import grpc
import pytest

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from tests.model_server.helpers.lifecycle_calls import at_zero, refusal, reload, states
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually

AVAILABLE, END = ModelVersionStatus.STATE_AVAILABLE, ModelVersionStatus.STATE_END
LOADING = ModelVersionStatus.STATE_LOADING
ADDED = {1: 2.0, 2: 3.0, 3: 2.0}


@pytest.fixture(scope="module")
def server(saved_models, write_config, tmp_path_factory):
    """A load that fails is tried again after an hour, so that it stays LOADING for a test to see."""
    flags = (
        f"--model_config_file={write_config(('other', saved_models / 'matmul', ''))}",
        "--load_retry_interval_micros=3600000000",
        "--num_load_threads=8",
        "--allow_version_labels_for_unavailable_models",
    )
    with ServerProcess(tmp_path_factory.mktemp("server"), *flags) as running:
        yield running.wait_until_ready()


@pytest.fixture
def base_path(tmp_path, saved_models):
    """Versions 1 (x/2 + 2), 2 (x/2 + 3) and, written "0003", 3 (x/2 + 2)."""
    root = tmp_path / "model"
    for name, model in (
        ("1", "half_plus_two/00000123"),
        ("2", "half_plus_three/1"),
        ("0003", "half_plus_two/00000123"),
    ):
        shutil.copytree(saved_models / model, root / name)
    return root


@pytest.fixture
def name(request):
    """A model of its own for each test: ended versions stay listed."""
    return request.node.name


def entry(name, base_path, more="") -> str:
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "tensorflow" {more} }}'


def label(key, version) -> str:
    return f'version_labels {{ key: "{key}" value: {version} }}'


PLAIN = "name: '{name}' base_path: '{path}' model_platform: 'tensorflow' "
SPELLINGS = {
    PLAIN.replace("' ", "', "): {3},
    PLAIN.replace("' ", "'; "): {3},
    PLAIN.replace("' ", "' # a comment\n"): {3},
    PLAIN.replace("model_platform: 'tensorflow'", "model_type: TENSORFLOW"): {3},
    PLAIN + "model_version_policy: < specific: < versions: [1, 3] > >": {3, 1},
    PLAIN + "model_version_policy { specific { versions: 1; versions: 2, } }": {2, 1},
    PLAIN + "model_version_policy {}": {3},
    PLAIN + "model_version_policy { latest {} }": {3},
    PLAIN + "model_version_policy { latest { num_versions: 0 } }": {3},
    PLAIN + "model_version_policy { latest { num_versions: 2 } }": {3, 2},
    PLAIN + "model_version_policy { latest { num_versions: 9 } }": {3, 2, 1},
    PLAIN + "model_version_policy { all {} }": {3, 2, 1},
}


def test_ways_to_write_a_config(server, base_path):
    cases = {f"spelled{index}": case for index, case in enumerate(SPELLINGS.items())}
    texts = [text.replace("{name}", name).replace("{path}", str(base_path)) for name, (text, _) in cases.items()]
    reload(server, *(f"config {{ {text} }}" for text in texts))
    for name, (text, versions) in cases.items():
        expected = dict.fromkeys(versions, AVAILABLE)
        eventually(lambda n=name, e=expected: states(server, n) == e, text)
        assert list(states(server, name)) == sorted(versions, reverse=True)
        for version in versions:
            assert at_zero(server, name, version=version) == ADDED[version]


def test_an_added_version_joins_the_others_and_a_removed_one_leaves_them(
    server, base_path, saved_models, name, tmp_path
):
    reload(server, entry(name, base_path, "model_version_policy { all {} }"))
    eventually(lambda: states(server, name) == dict.fromkeys((3, 2, 1), AVAILABLE), "three versions")
    shutil.copytree(saved_models / "half_plus_three" / "1", tmp_path / "4")
    (tmp_path / "4").rename(base_path / "4")
    (base_path / "2").rename(tmp_path / "2")
    expected = {4: AVAILABLE, 3: AVAILABLE, 2: END, 1: AVAILABLE}
    eventually(lambda: states(server, name) == expected, "four in, two out")
    text = f"Servable not found for request: Specific({name}, 2)"
    assert refusal(lambda: at_zero(server, name, version=2)) == (grpc.StatusCode.NOT_FOUND, text)
    (tmp_path / "2").rename(base_path / "2")
    eventually(lambda: states(server, name)[2] == AVAILABLE, "an ended version that comes back starts again")
    assert at_zero(server, name, version=2) == 3.0


def test_a_reload_moves_a_model_to_another_version(server, base_path, name):
    reload(server, entry(name, base_path))
    eventually(lambda: states(server, name) == {3: AVAILABLE}, "version 3 alone")
    reload(server, entry(name, base_path, "model_version_policy { specific { versions: 2 } }"))
    eventually(lambda: states(server, name) == {3: END, 2: AVAILABLE}, "version 2 in the place of 3")
    assert at_zero(server, name) == 3.0


def test_the_last_version_stays_while_the_next_is_missing(server, base_path, name):
    reload(server, entry(name, base_path))
    reload(server, entry(name, base_path, "model_version_policy { specific { versions: 3 versions: 77 } }"))
    eventually(lambda: states(server, name) == {3: AVAILABLE}, "version 3 goes on")
    assert at_zero(server, name) == 2.0


def test_a_dropped_model_stays_listed_as_ended(server, base_path, name):
    reload(server, entry(name, base_path, "model_version_policy { all {} }"))
    eventually(lambda: states(server, name) == dict.fromkeys((3, 2, 1), AVAILABLE), "three versions")
    reload(server)
    eventually(lambda: states(server, name) == dict.fromkeys((3, 2, 1), END), "all ended")
    request = GetModelStatusRequest(model_spec=ModelSpec(name=name))
    request.model_spec.version.value = 2
    (found,) = server.status(request).model_version_status
    assert (found.version, found.state, found.status.error_code) == (2, END, 0)
    text = f"Servable not found for request: Latest({name})"
    assert refusal(lambda: at_zero(server, name)) == (grpc.StatusCode.NOT_FOUND, text)


def test_a_load_that_is_retried_is_loading_until_its_folder_goes(server, base_path, name):
    reload(server, entry(name, base_path))
    (base_path / "4").mkdir()
    eventually(lambda: states(server, name).get(4) == LOADING, "version 4 is loading")
    failed = f"{base_path}/4. Check that the directory exists"
    eventually(lambda: failed in server.log.read_text(), "it has failed")
    assert states(server, name) == {4: LOADING, 3: AVAILABLE}
    assert at_zero(server, name) == 2.0
    (base_path / "4").rmdir()
    eventually(lambda: states(server, name) == {4: END, 3: AVAILABLE}, "version 4 is no longer waited for")


def test_labels_follow_a_reload(server, base_path, name):
    """With the flag, a label may point at a version not available if it is new or unchanged, never if it is moved."""
    everything = "model_version_policy { all {} } "
    reload(server, entry(name, base_path, everything + label("stable", 1) + label("canary", 2)))
    eventually(lambda: states(server, name) == dict.fromkeys((3, 2, 1), AVAILABLE), "three versions")
    assert (at_zero(server, name, label="stable"), at_zero(server, name, label="canary")) == (2.0, 3.0)
    reload(server, entry(name, base_path, everything + label("stable", 2) + label("new", 99)))
    assert at_zero(server, name, label="stable") == 3.0
    text = f"Servable not found for request: Specific({name}, 99)"
    assert refusal(lambda: at_zero(server, name, label="new")) == (grpc.StatusCode.NOT_FOUND, text)
    text = "Unrecognized servable version label: canary"
    assert refusal(lambda: at_zero(server, name, label="canary")) == (grpc.StatusCode.INVALID_ARGUMENT, text)
    text = f"Request to assign label to version 98 of model {name}, which is not currently available for inference"
    moved = entry(name, base_path, everything + label("new", 98))
    assert refusal(lambda: reload(server, moved)) == (grpc.StatusCode.FAILED_PRECONDITION, text)


def test_a_label_of_another_model_is_not_known(server, base_path, name):
    one, other = f"{name}1", f"{name}2"
    reload(server, entry(one, base_path, label("stable", 3)), entry(other, base_path))
    assert at_zero(server, one, label="stable") == 2.0
    for asked in (other, "nobody"):
        text = "Unrecognized servable version label: stable"
        assert refusal(lambda asked=asked: at_zero(server, asked, label="stable"))[1] == text


@pytest.mark.usefixtures("embedded_only")
def test_one_bad_folder_does_not_stop_the_others(server, base_path, name, tmp_path):
    """Upstream stops looking at every folder; this server goes on."""
    bad, good = f"{name}1", f"{name}2"
    shutil.copytree(base_path, tmp_path / "bad")
    reload(server, entry(bad, tmp_path / "bad"), entry(good, base_path))
    (tmp_path / "bad").rename(tmp_path / "gone")  # at once: with its folders gone one by one, versions would change
    (base_path / "0003").rename(tmp_path / "0003")
    eventually(lambda: states(server, good) == {3: END, 2: AVAILABLE}, "the good one follows its folder")
    assert states(server, bad) == {3: AVAILABLE}
    assert at_zero(server, bad) == 2.0
