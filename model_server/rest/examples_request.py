"""From the document of a Classify or Regress request to `tf.Example`.

Upstream: `FillClassifyRegressRequestFromJson` in util/json_tensor.cc.
"""

import math
from collections.abc import Mapping, MutableSequence
from typing import Any

import numpy as np

from facegrid.tfserving.v1.example_pb2 import Example, Feature
from facegrid.tfserving.v1.input_pb2 import Input
from model_server.rest import texts
from model_server.rest.json_tensors import from_base64, is_base64
from model_server.rest.json_values import Json

_MAX_FLOAT = float(np.finfo(np.float32).max)
_MAX_INT64 = 2**63 - 1
_KINDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def examples_of(document: Mapping[str, Json]) -> Input:
    """Returns the "examples" of a request, and its "context" if it has one.

    Raises:
        ServingError: There are none, or something is not an example.
    """
    examples: Input = Input()
    target = examples.example_list.examples
    if "context" in document:
        with_context = examples.example_list_with_context
        with_context.context.CopyFrom(_example(document["context"]))
        target = with_context.examples
    if "examples" not in document:
        raise texts.missing_examples(document)
    if not isinstance(document["examples"], list):
        raise texts.examples_not_a_list(document)
    if not document["examples"]:
        raise texts.no_examples(document)
    target.extend(_example(value) for value in document["examples"])
    return examples


def _example(value: Json) -> Example:
    if not isinstance(value, dict):
        raise texts.example_not_an_object(value)
    example = Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for each in content if isinstance(content, list) else [content]:
            _add(feature, name, each)
    return example


def _add(feature: Feature, name: str, value: Json) -> None:
    """Adds a value to a feature. All values are of the kind of the first."""
    match value:
        case bool():  # before int: in Python a bool is an int
            _of_kind(feature, name, "int64_list").append(int(value))
        case str():
            _of_kind(feature, name, "bytes_list").append(value.encode())
        case dict() if is_base64(value):
            _of_kind(feature, name, "bytes_list").append(from_base64(value))
        case float():
            values = _of_kind(feature, name, "float_list")
            if math.isfinite(value) and abs(value) > _MAX_FLOAT:
                raise texts.too_large_for_float(value)
            values.append(value)
        case int():
            values = _of_kind(feature, name, "int64_list")
            if value > _MAX_INT64:
                raise texts.too_large_for_int64(name)
            values.append(value)
        case _:
            raise texts.not_a_feature_value(name, value)


def _of_kind(feature: Feature, name: str, kind: str) -> MutableSequence[Any]:
    """Returns the list that values of this kind are appended to: of bytes, floats or ints."""
    found = feature.WhichOneof("kind")
    if found not in (None, kind):
        raise texts.mixed_feature(name, _KINDS[found])
    values: MutableSequence[Any] = getattr(feature, kind).value
    return values
