"""tf.Example inputs: from the forms a request may have to the one tensor that a network parses."""

import numpy as np

from facegrid.tfserving.v1.input_pb2 import Input, SerializedInput
from model_server.methods import example_texts as texts
from model_server.run.tensor_proto import Array

INPUTS = "inputs"
"""The input of every signature that takes examples."""


def serialized_examples(sent: Input) -> Array:
    """Returns the examples as bytes, an object array [N]; a context is put before each.

    Two messages one after the other are their merger, in which the features of the example win.

    Raises:
        ServingError: There are none.
    """
    # Once written and once read, instead of a call per example.
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
