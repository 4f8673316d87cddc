"""Which version a request gets."""

import pytest

from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.errors import ServingError
from model_server.versions.available import AvailableVersions


def test_a_label_before_any_list_of_models_is_unavailable():
    available = AvailableVersions()
    spec = ModelSpec(name="m", version_label="stable")
    with pytest.raises(ServingError, match=r"UNAVAILABLE: Model labels does not init yet\.stable"), available.use(spec):
        pass
    available.set_labels({})
    with pytest.raises(ServingError, match="INVALID_ARGUMENT: Unrecognized servable version label: stable"):
        available.use(spec).__enter__()
