"""Versions chosen, served and replaced."""

import shutil

import grpc
import pytest

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from tests.model_server.helpers.lifecycle_calls import at_zero, states
from tests.model_server.helpers.process import ServerProcess
from tests.support.polling import eventually

State = ModelVersionStatus
FAST = ("--max_num_load_retries=0", "--load_retry_interval_micros=0")


@pytest.fixture
def base_path(tmp_path, saved_models):
    """Versions 1 (x/2 + 2), 2 and 3 (x/2 + 3), and folders that are not versions."""
    root = tmp_path / "model"
    shutil.copytree(saved_models / "half_plus_two" / "00000123", root / "1")
    shutil.copytree(saved_models / "half_plus_three" / "1", root / "2")
    shutil.copytree(saved_models / "half_plus_three" / "1", root / "003")
    (root / "x").mkdir()
    (root / "4.tmp").mkdir()
    return root


POLICIES = {
    "": {3},
    "model_version_policy { latest { num_versions: 0 } }": {3},
    "model_version_policy { latest { num_versions: 2 } }": {3, 2},
    "model_version_policy { all {} }": {3, 2, 1},
    "model_version_policy { specific { versions: 1, versions: 3 versions: 9 } }": {3, 1},
}


def test_policies_choose_and_labels_name_versions(tmp_path, base_path, write_config):
    """One server with a model per policy."""
    models = {f"m{index}": policy for index, policy in enumerate(POLICIES)}
    labels = ' version_labels { key: "old" value: 1 } version_labels { key: "new" value: 3 }'
    config = write_config(
        *((name, base_path, policy) for name, policy in models.items()),
        ("m", base_path, "model_version_policy { all {} }" + labels),
    )
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models", *FAST)
    with ServerProcess(tmp_path, *flags) as server:
        server.wait_until_ready()
        for name, policy in models.items():
            expected = dict.fromkeys(POLICIES[policy], State.STATE_AVAILABLE)
            eventually(lambda name=name, expected=expected: states(server, name) == expected, f"{policy}: {expected}")
            assert list(states(server, name)) == sorted(expected, reverse=True)
        eventually(lambda: len(states(server)) == 3, "all three versions")
        eventually(lambda: set(states(server).values()) == {State.STATE_AVAILABLE}, "all available")
        assert at_zero(server) == 3.0
        assert (at_zero(server, version=1), at_zero(server, version=2)) == (2.0, 3.0)
        assert (at_zero(server, label="old"), at_zero(server, label="new")) == (2.0, 3.0)


def test_a_rollout_a_broken_version_and_a_rollback(tmp_path, base_path, saved_models):
    """A new version takes over, a broken one never does, and one that is taken away gives way to the last."""
    with ServerProcess(tmp_path, "--model_name=m", f"--model_base_path={base_path}", *FAST) as server:
        server.wait_until_ready()
        eventually(lambda: states(server) == {3: State.STATE_AVAILABLE}, "version 3 alone")

        shutil.copytree(saved_models / "half_plus_two" / "00000123", tmp_path / "new")
        (tmp_path / "new").rename(base_path / "4")
        expected = {4: State.STATE_AVAILABLE, 3: State.STATE_END}
        eventually(lambda: states(server) == expected, "version 4 in the place of 3")
        assert at_zero(server) == 2.0
        with pytest.raises(grpc.RpcError) as caught:
            at_zero(server, version=3)
        assert caught.value.details() == "Servable not found for request: Specific(m, 3)"

        (base_path / "5").mkdir()
        eventually(lambda: states(server).get(5) == State.STATE_END, "version 5 failed")
        response = server.status(GetModelStatusRequest(model_spec=ModelSpec(name="m")))
        status = response.model_version_status[0].status
        assert status.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert status.error_message.startswith("Could not find SavedModel .pb or .pbtxt")
        assert states(server)[4] == State.STATE_AVAILABLE
        assert at_zero(server) == 2.0

        (base_path / "5").rmdir()
        (base_path / "4").rename(tmp_path / "taken away")
        eventually(lambda: states(server)[3] == State.STATE_AVAILABLE, "version 3 again")
        eventually(lambda: states(server)[4] == State.STATE_END, "version 4 gone")
        assert at_zero(server) == 3.0

        shutil.rmtree(base_path)
        base_path.mkdir()
        # All of them: while the folders went, one after the other, a lower version may have been the highest.
        eventually(lambda: set(states(server).values()) == {State.STATE_END}, "everything unloaded")
        with pytest.raises(grpc.RpcError) as caught:
            at_zero(server)
        assert caught.value.details() == "Servable not found for request: Latest(m)"


def test_a_load_is_tried_again_until_the_version_is_whole(tmp_path, saved_models):
    """A version copied in place is seen when half of it is there."""
    version = tmp_path / "model" / "1"
    version.mkdir(parents=True)
    flags = ("--max_num_load_retries=1000000", "--load_retry_interval_micros=20000")
    with ServerProcess(tmp_path, "--model_name=m", f"--model_base_path={version.parent}", *flags) as server:
        eventually(lambda: "Could not find SavedModel" in server.log.read_text(), "a failed load")
        assert not server.is_listening()
        shutil.copytree(saved_models / "half_plus_two" / "00000123", version, dirs_exist_ok=True)
        server.wait_until_ready()
        assert at_zero(server) == 2.0
