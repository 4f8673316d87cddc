"""The part of TensorFlow that runs a SavedModel: every name of it that this server uses."""

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
    "load_saved_model",
    "new_buffer",
    "run_options",
    "tf_record_iterator",
]


def run_options(timeout_s: float) -> Message:
    """Returns options that end a call after the time; at least a millisecond, for 0 would be no limit."""
    options: Message = RunOptions(timeout_in_ms=max(1, round(timeout_s * 1000)))
    return options


def new_buffer(message: Message) -> Any:
    """Returns the message as TensorFlow's C interface takes it; to be given to `delete_buffer`."""
    return pywrap_tf_session.TF_NewBufferFromString(message.SerializeToString())


def delete_buffer(buffer: Any) -> None:
    """Gives back what `new_buffer` returned."""
    pywrap_tf_session.TF_DeleteBuffer(buffer)
