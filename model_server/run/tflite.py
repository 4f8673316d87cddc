"""From the folder of a version to a servable: loads `model.tflite`, with --prefer_tflite_model.

Importing this file loads TensorFlow. Upstream: servables/tensorflow/tflite_session.cc.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypedDict

import numpy as np
from flatbuffers import flexbuffers  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef, TensorInfo
from model_server.methods.model_spec import DEFAULT_SIGNATURE
from model_server.run import runtime, texts
from model_server.run.servable import Array
from model_server.run.session import SessionServable
from model_server.run.tensor_proto import data_type

TFLITE_FILE = "model.tflite"

_STRING = np.dtype(object)
_PREDICT_METHOD_NAME = "tensorflow/serving/predict"
_SIGNATURES = b"signature_defs_metadata"
"""Early converters put signatures here: a FlexBuffer of serialized SignatureDef by name."""


class TensorDetails(TypedDict):
    """The interpreter's description of a tensor."""

    name: str
    index: int
    shape: NDArray[np.int32]
    shape_signature: NDArray[np.int32]
    """The shape before any resize, with -1 for an unknown size."""
    dtype: type[np.generic]


Interpreter = Any
"""A `tf.lite.Interpreter`; TensorFlow has no types."""


@dataclass(frozen=True)
class TfliteTensor:
    """An input or output of the network."""

    name: str
    index: int

    def _as_tf_output(self) -> "TfliteTensor":
        return self


class TfliteSession:
    """A network with the part of TensorFlow's session that `SessionServable` uses. Calls may come from many threads."""

    def __init__(self, content: bytes, interpreters: int) -> None:
        self._content = content
        self._permits = BoundedSemaphore(interpreters)
        self._free = [self._new_interpreter()]
        self.inputs: Sequence[TensorDetails] = self._free[0].get_input_details()
        self.outputs: Sequence[TensorDetails] = self._free[0].get_output_details()
        self._tensors = {each["name"]: TfliteTensor(each["name"], each["index"]) for each in self._all_details()}

    @property
    def graph(self) -> "TfliteSession":
        """This object: it knows its tensors itself."""
        return self

    def get_tensor_by_name(self, name: str) -> TfliteTensor:
        """Returns an input or output; the ":0" of a name may be missing there, as early converters wrote it."""
        return self._tensors.get(name) or self._tensors[name.partition(":")[0]]

    def signatures(self) -> dict[str, tuple[dict[str, TensorDetails], dict[str, TensorDetails]]]:
        """Returns the inputs and outputs of each signature in the file, by their names in it."""
        (interpreter,) = self._free
        runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
        return {name: (runner.get_input_details(), runner.get_output_details()) for name, runner in runners.items()}

    def _call_tf_sessionrun(
        self, _options: Any, feeds: Mapping[TfliteTensor, Array], fetches: Sequence[TfliteTensor], *_others: Any
    ) -> list[Array]:
        """Returns the arrays of `fetches`. TensorFlow Lite has no deadlines."""
        with self._interpreter() as interpreter:
            _feed(interpreter, feeds)
            try:
                interpreter.invoke()
            except RuntimeError as error:
                raise texts.tflite_run_failed() from error
            return [interpreter.get_tensor(tensor.index) for tensor in fetches]

    def close(self) -> None:
        """Frees the interpreters."""
        self._free.clear()

    @contextmanager
    def _interpreter(self) -> Iterator[Interpreter]:
        with self._permits:
            try:
                interpreter = self._free.pop()
            except IndexError:
                interpreter = self._new_interpreter()
            yield interpreter
            # After an exception it is dropped, because the sizes of its tensors are unknown.
            self._free.append(interpreter)

    def _new_interpreter(self) -> Interpreter:
        interpreter: Interpreter = runtime.lite_interpreter(self._content)
        interpreter.allocate_tensors()
        return interpreter

    def _all_details(self) -> Sequence[TensorDetails]:
        return [*self.inputs, *self.outputs]


def load_tflite(path: Path, *, interpreters: int) -> SessionServable:
    """Returns the network in the folder `path`, run by at most `interpreters` interpreters at once.

    Raises:
        ServingError: The file is not a TensorFlow Lite network, or has unknown operations.
    """
    try:
        content = (path / TFLITE_FILE).read_bytes()
        session = TfliteSession(content, interpreters)
    except (OSError, ValueError, RuntimeError) as error:
        raise texts.unreadable_tflite_model(path / TFLITE_FILE, str(error)) from error
    try:
        signature_defs = _signature_defs(session, content)
    except (DecodeError, ValueError, TypeError, IndexError, struct.error) as error:
        raise texts.unreadable_tflite_signatures(path / TFLITE_FILE, str(error)) from error
    return SessionServable(session, signature_defs)


def _feed(interpreter: Interpreter, feeds: Mapping[TfliteTensor, Array]) -> None:
    details = {each["index"]: each for each in interpreter.get_input_details()}
    resized = False
    for tensor, array in feeds.items():
        shape, dtype = tuple(details[tensor.index]["shape"]), _dtype(details[tensor.index])
        if array.dtype != dtype:
            raise texts.wrong_tflite_input_type(tensor.name, str(dtype), str(array.dtype))
        if array.shape != shape and (array.size != np.prod(shape) or dtype == _STRING):
            interpreter.resize_tensor_input(tensor.index, array.shape)
            resized = True
    if resized:
        try:
            interpreter.allocate_tensors()
        except RuntimeError as error:
            raise texts.tflite_shapes_not_accepted(
                [(tensor.name, array.shape) for tensor, array in feeds.items()]
            ) from error
        details = {each["index"]: each for each in interpreter.get_input_details()}
    for tensor, array in feeds.items():
        # As upstream, which compares only the number of bytes: an equal number of values gets the network's shape.
        interpreter.set_tensor(tensor.index, array.reshape(details[tensor.index]["shape"]))


def _signature_defs(session: TfliteSession, content: bytes) -> dict[str, SignatureDef]:
    """Returns the signatures in the file; without any, one in which tensors have their own names."""
    found = _early_signature_defs(content) or _late_signature_defs(session)
    if not found:
        inputs, outputs = ({each["name"]: each for each in details} for details in (session.inputs, session.outputs))
        return {DEFAULT_SIGNATURE: _signature_def(inputs, outputs)}
    if DEFAULT_SIGNATURE not in found and len(found) == 1:
        found[DEFAULT_SIGNATURE] = next(iter(found.values()))
    return found


def _early_signature_defs(content: bytes) -> dict[str, SignatureDef]:
    model = runtime.lite_model(content)
    for entry in model.metadata or ():
        if entry.name == _SIGNATURES:
            packed = flexbuffers.GetRoot(bytes(model.buffers[entry.buffer].data)).AsMap
            names = [key.AsKey for key in packed.Keys]
            return {name: SignatureDef.FromString(packed[name].AsStringBytes) for name in names}
    return {}


def _late_signature_defs(session: TfliteSession) -> dict[str, SignatureDef]:
    """Returns the signatures of the graph that is run, which is the first in the file."""
    names = {each["name"] for each in (*session.inputs, *session.outputs)}
    return {
        name: _signature_def(inputs, outputs)
        for name, (inputs, outputs) in session.signatures().items()
        if {each["name"] for each in (*inputs.values(), *outputs.values())} <= names
    }


def _signature_def(inputs: Mapping[str, TensorDetails], outputs: Mapping[str, TensorDetails]) -> SignatureDef:
    signature = SignatureDef(method_name=_PREDICT_METHOD_NAME)
    for target, ports in ((signature.inputs, inputs), (signature.outputs, outputs)):
        for alias, details in ports.items():
            target[alias].CopyFrom(_tensor_info(details))
    return signature


def _tensor_info(details: TensorDetails) -> TensorInfo:
    info = TensorInfo(name=details["name"], dtype=data_type(_dtype(details)))
    info.tensor_shape.SetInParent()
    for size in details["shape_signature"]:
        info.tensor_shape.dim.add(size=size)
    return info


def _dtype(details: TensorDetails) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(details["dtype"])
    return _STRING if dtype.kind == "S" else dtype
