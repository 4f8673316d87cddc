"""Inputs of `tf.Example`: from the forms that a request may have to the tensor that a network parses."""

import numpy as np

from facegrid.tfserving.v1.input_pb2 import Input, SerializedInput
from model_server.methods import example_texts as texts
from model_server.run.servable import Array

INPUTS = "inputs"
"""The input of every signature that takes examples."""


def serialized_examples(sent: Input) -> Array:
    """Returns the examples as bytes, an object array [N]; the context is put before each.

    The bytes of two messages in a row are those of the merged message; the example's features override the context's.

    Raises:
        ServingError: There are none.
    """
    # One round trip through bytes instead of one call for each example.
    serialized = SerializedInput.FromString(sent.SerializeToString())
    kind = serialized.WhichOneof("kind")
    if kind == "example_list_with_context":
        with_context = serialized.example_list_with_context
        examples = [with_context.context + example for example in with_context.examples]
    else:
        examples = list(serialized.example_list.examples)
    if not examples:
        raise texts.empty_input()
    tensor = np.empty(len(examples), object)
    tensor[:] = examples
    return tensor
