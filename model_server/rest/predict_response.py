"""From tensors to the JSON of a Predict response, in the layout of tensorflow_model_server.

Rows are written with their lists on one line, columns with every value on a line of its own.
Upstream: `MakeJsonFromTensors` in util/json_tensor.cc.
"""

import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from model_server.rest import texts
from model_server.rest.json_tensors import STRING, dtype_name
from model_server.rest.json_values import decimals, indent, json_object, quoted
from model_server.run.servable import Array

BYTES_SUFFIX = "_bytes"
"""An output whose name ends so holds bytes, not text, and is written in base64."""

_WRITTEN_AS_WHOLE = frozenset(
    np.dtype(kind) for kind in (np.int32, np.int16, np.int8, np.uint8, np.int64, np.uint32, np.uint64)
)


def predictions_json(arrays: Mapping[str, Array]) -> str:
    """Returns {"predictions": [...]}: an item for each row, an object where there are several outputs.

    Raises:
        ServingError: An output has no rows, a different number of rows, or a dtype that is not written.
    """
    names = _checked_names(arrays)
    rows = _number_of_rows(arrays)
    if not rows:
        return json_object({"predictions": "[]"}, 0)
    if len(names) == 1:
        values = _row_texts(names[0], arrays[names[0]], 2)
        return json_object({"predictions": "[" + ", ".join(values) + indent(1) + "]"}, 0)
    columns = [_row_texts(name, arrays[name], 3) for name in names]
    items = [json_object(dict(zip(names, row, strict=True)), 2) for row in zip(*columns, strict=True)]
    return json_object({"predictions": _on_lines(items, 1)}, 0)


def outputs_json(arrays: Mapping[str, Array]) -> str:
    """Returns {"outputs": ...}: the one output, or an object of several.

    Raises:
        ServingError: An output has a dtype that is not written.
    """
    names = _checked_names(arrays)
    if len(names) == 1:
        return json_object({"outputs": _column_text(names[0], arrays[names[0]], 1)}, 0)
    columns = {name: _column_text(name, arrays[name], 2) for name in names}
    return json_object({"outputs": json_object(columns, 1)}, 0)


def _checked_names(arrays: Mapping[str, Array]) -> list[str]:
    if not arrays:
        raise texts.no_outputs()
    return sorted(arrays)


def _number_of_rows(arrays: Mapping[str, Array]) -> int:
    rows: int | None = None
    for name in sorted(arrays):
        shape = arrays[name].shape
        if not shape:
            raise texts.output_without_rows(name)
        if rows is not None and shape[0] != rows:
            raise texts.uneven_outputs(name, shape[0], rows)
        rows = shape[0]
    return rows or 0


def _row_texts(name: str, array: Array, depth: int) -> list[str]:
    """Returns the text of every row, which stands inside `depth` lists and objects."""
    texts = _value_texts(name, array, depth + array.ndim - 1)
    return _nested(texts, array.shape, 1, lambda members, _level: "[" + ", ".join(members) + "]")


def _column_text(name: str, array: Array, depth: int) -> str:
    texts = _value_texts(name, array, depth + array.ndim)
    return _nested(texts, array.shape, 0, lambda members, level: _on_lines(members, depth + level))[0]


def _nested(
    texts: list[str], shape: Sequence[int], outermost: int, as_list: Callable[[Sequence[str], int], str]
) -> list[str]:
    """Returns the texts of values put into lists, from the last dimension to the one numbered `outermost`."""
    for level in range(len(shape) - 1, outermost - 1, -1):
        size, lists = shape[level], math.prod(shape[:level])
        texts = [as_list(texts[number * size : (number + 1) * size], level) for number in range(lists)]
    return texts


def _on_lines(members: Sequence[str], depth: int) -> str:
    if not members:
        return "[]"
    start = indent(depth + 1)
    return "[" + start + ("," + start).join(members) + indent(depth) + "]"


def _value_texts(name: str, array: Array, depth: int) -> list[str]:
    flat = array.ravel()
    if array.dtype in (np.float32, np.float64):
        return decimals(flat)
    if array.dtype in _WRITTEN_AS_WHOLE:
        return list(map(str, flat.tolist()))
    if array.dtype == np.bool_:
        return ["true" if value else "false" for value in flat.tolist()]
    if array.dtype == STRING:
        if name.endswith(BYTES_SUFFIX):
            return [json_object({"b64": quoted(b64encode(value).decode())}, depth) for value in flat]
        return [quoted(value.decode(errors="surrogateescape")) for value in flat]
    if flat.size:
        raise texts.unwritable_type(dtype_name(array.dtype))
    return []
