"""Which of the versions found are served."""

from facegrid.tfserving.v1.model_server_config_pb2 import FileSystemStoragePathSourceConfig
from model_server.versions.policy import VersionPolicy


def test_a_specific_version_without_a_folder_is_missing(tmp_path):
    proto = FileSystemStoragePathSourceConfig.ServableVersionPolicy(specific={"versions": [2, 1]})
    policy, found = VersionPolicy.from_proto(proto), {1: tmp_path, 3: tmp_path}
    assert (policy.choose(found), policy.missing(found)) == ({1: tmp_path}, [2])
    assert VersionPolicy().missing({}) == []
