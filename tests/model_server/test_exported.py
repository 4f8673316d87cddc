"""The exported networks behind the server, with the config file of the repository, on a UNIX socket."""

import numpy as np
import pytest

from exporters.signatures import CONTRACTS, SERVING_DEFAULT
from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from facegrid.tfserving.v1.tensor_pb2 import DataType
from tests.model_server.helpers.messages import predict_request, tensor
from tests.model_server.helpers.process import UPSTREAM, ServerProcess
from tests.support.paths import REPOSITORY

DATA_TYPES = {
    "uint8": DataType.DATA_TYPE_UINT8,
    "uint16": DataType.DATA_TYPE_UINT16,
    "float32": DataType.DATA_TYPE_FLOAT,
}


@pytest.fixture(scope="module")
def server(exported_models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    config = folder / "models.config"
    text = (REPOSITORY / "serving_configs" / "models.config").read_text()
    config.write_text(text.replace('"/models/', f'"{exported_models}/'))
    flags = [f"--model_config_file={config}", f"--grpc_socket_path={folder}/socket"]
    if not UPSTREAM:
        flags.append("--strict_input_shapes")
    with ServerProcess(folder, *flags) as running:
        running.wait_until_ready()
        running.connect(f"unix:{folder}/socket")
        yield running


def test_every_network_is_available(server):
    for name in CONTRACTS:
        (found,) = server.status(GetModelStatusRequest(model_spec=ModelSpec(name=name))).model_version_status
        assert (found.version, found.state) == (1, ModelVersionStatus.STATE_AVAILABLE)


@pytest.mark.parametrize("name", CONTRACTS)
def test_answers_have_the_shapes_of_the_contract(server, name):
    signature = CONTRACTS[name].signatures[SERVING_DEFAULT]
    sent = {alias: proto(spec) for alias, spec in signature.inputs.items()}
    outputs = server.predict(predict_request(name, sent)).outputs
    assert set(outputs) == set(signature.outputs)
    for output, expected in signature.outputs.items():
        assert tuple(dim.size for dim in outputs[output].tensor_shape.dim) == (3, *expected.shape[1:])


def proto(spec):
    array = np.random.default_rng(0).integers(0, 256, (3, *spec.shape[1:])).astype(spec.dtype)
    return tensor(DATA_TYPES[spec.dtype], array.shape, tensor_content=array.tobytes())
