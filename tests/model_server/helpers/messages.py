"""Requests as a caller writes them."""

import numpy as np

from facegrid.tfserving.v1.predict_pb2 import PredictRequest
from facegrid.tfserving.v1.tensor_pb2 import DataType, TensorProto

FLOAT, INT32 = DataType.DATA_TYPE_FLOAT, DataType.DATA_TYPE_INT32


def tensor(dtype, shape, **fields) -> TensorProto:
    proto = TensorProto(dtype=dtype, **fields)
    proto.tensor_shape.SetInParent()
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def floats(values) -> TensorProto:
    array = np.asarray(values, np.float32)
    return tensor(FLOAT, array.shape, tensor_content=array.tobytes())


def ints(values) -> TensorProto:
    array = np.asarray(values, np.int32)
    return tensor(INT32, array.shape, tensor_content=array.tobytes())


def predict_request(model, inputs=None, *, signature="", version=None, label=None, outputs=()) -> PredictRequest:
    request = PredictRequest(output_filter=outputs)
    request.model_spec.SetInParent()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for alias, proto in (inputs or {}).items():
        request.inputs[alias].CopyFrom(proto)
    return request


def values(proto: TensorProto) -> list[float]:
    """The values of a float tensor in the form the server answers with by default."""
    assert not proto.tensor_content
    return list(proto.float_val)
