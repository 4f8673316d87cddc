"""Every name of TensorFlow that this server uses."""

import warnings
from typing import Any

from google.protobuf.message import Message
from tensorflow.core.protobuf.config_pb2 import ConfigProto, RunOptions
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.client.session import Session
from tensorflow.python.framework.errors import DataLossError, OpError
from tensorflow.python.framework.ops import Graph
from tensorflow.python.lib.io.tf_record import tf_record_iterator
from tensorflow.python.saved_model.loader_impl import load as load_saved_model

__all__ = [
    "ConfigProto",
    "DataLossError",
    "Graph",
    "OpError",
    "Session",
    "SignatureDef",
    "delete_buffer",
    "lite_interpreter",
    "lite_model",
    "load_saved_model",
    "new_buffer",
    "run_options",
    "tf_record_iterator",
]


def run_options(timeout_s: float) -> Message:
    """Returns options that end a call after the time; at least 1 ms, because 0 means no limit."""
    options: Message = RunOptions(timeout_in_ms=max(1, round(timeout_s * 1000)))
    return options


def lite_interpreter(content: bytes) -> Any:
    """Returns an interpreter of a TensorFlow Lite network; raises ValueError or RuntimeError if it is not one."""
    from tensorflow.lite.python.interpreter import Interpreter  # noqa: PLC0415 - most servers need none

    with warnings.catch_warnings():
        # It recommends a package that is no longer part of TensorFlow.
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated", category=UserWarning)
        return Interpreter(model_content=content)


def lite_model(content: bytes) -> Any:
    """Returns the content of a TensorFlow Lite file as objects."""
    from tensorflow.lite.python import schema_py_generated  # noqa: PLC0415 - as above

    return schema_py_generated.ModelT.InitFromPackedBuf(content)


def new_buffer(message: Message) -> Any:
    """Returns the message in a buffer of TensorFlow's C interface; `delete_buffer` frees it."""
    return pywrap_tf_session.TF_NewBufferFromString(message.SerializeToString())


def delete_buffer(buffer: Any) -> None:
    """Frees the buffer that `new_buffer` returned."""
    pywrap_tf_session.TF_DeleteBuffer(buffer)
