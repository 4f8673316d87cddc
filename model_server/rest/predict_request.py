"""From the document of a Predict request to named tensors: rows ("instances") or columns ("inputs").

Upstream: `FillPredictRequestFromJson` in util/json_tensor.cc.
"""

import math
from collections.abc import Mapping, Sequence

from model_server.errors import ServingError
from model_server.rest import texts
from model_server.rest.json_tensors import (
    MAX_RANK,
    DType,
    Shape,
    converted,
    first_unfit,
    is_base64,
    shape_of,
    tensor,
)
from model_server.rest.json_values import Json
from model_server.run.servable import Array

Document = Mapping[str, Json]
Types = Mapping[str, DType]
"""The dtypes of the inputs of a signature, by name."""

INSTANCES, INPUTS = "instances", "inputs"


def signature_name(document: Document) -> str:
    """Returns the name of the signature, "" for the default.

    Raises:
        ServingError: It is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise texts.signature_name_not_a_string(document)
    return name


def is_in_rows(document: Document) -> bool:
    """Returns whether the request, and so the response, is in rows; otherwise it is in columns.

    Raises:
        ServingError: It is both or neither, or has no rows.
    """
    if INSTANCES not in document:
        if INPUTS not in document:
            raise texts.neither_form()
        return False
    if INPUTS in document:
        raise texts.both_forms(document)
    if not isinstance(document[INSTANCES], list):
        raise texts.instances_not_a_list(document)
    if not document[INSTANCES]:
        raise texts.no_instances(document)
    return True


def tensors_of_rows(rows: Sequence[Json], types: Types) -> dict[str, Array]:
    """Returns the tensors; their first dimension is the number of rows, at least one.

    Raises:
        ServingError: A row is not a tensor, or its names or shapes differ from those expected.
    """
    if _is_object(rows[0]):
        return _tensors_of_named_rows(rows, types)
    if len(types) > 1:
        # Upstream accepts an object that stands for bytes, and uses it for the first input alone.
        raise texts.plain_instances()
    ((name, dtype),) = types.items()
    shape = _checked_rank(rows[0])
    array = converted(rows, shape, dtype)
    if array is None:
        index = first_unfit(rows, lambda part: converted(part, shape, dtype) is not None)
        if _is_object(rows[index]):
            raise texts.row_not_plain(index)
        raise texts.unfit_row(index, _row_error(rows[index], shape, dtype))
    return {name: array}


def tensors_of_columns(columns: Json, types: Types) -> dict[str, Array]:
    """Returns the tensors of an object that names them, or of one value without a name.

    Raises:
        ServingError: One is missing, or is not a tensor.
    """
    if _is_object(columns):
        for name in sorted(types):
            if name not in columns:
                raise texts.missing_column(name)
        return {name: tensor(columns[name], types[name]) for name in sorted(types)}
    if len(types) > 1:
        raise texts.plain_inputs()
    ((name, dtype),) = types.items()
    return {name: tensor(columns, dtype)}


def _tensors_of_named_rows(rows: Sequence[Json], types: Types) -> dict[str, Array]:
    shapes = {name: _checked_rank(value) for name, value in rows[0].items() if name in types}
    arrays = _columns(rows, shapes, types)
    if arrays is None:
        index = first_unfit(rows, lambda part: _columns(part, shapes, types) is not None)
        raise _named_row_error(index, rows[index], shapes, types)
    return arrays


def _columns(rows: Sequence[Json], shapes: Mapping[str, Shape], types: Types) -> dict[str, Array] | None:
    """Returns the tensors of rows with the names and shapes of the first row, or None if a row differs."""
    if not all(_is_object(row) and row.keys() == types.keys() for row in rows):
        return None
    arrays = {}
    for name, dtype in types.items():
        array = converted([row[name] for row in rows], shapes[name], dtype)
        if array is None:
            return None
        arrays[name] = array
    return arrays


def _named_row_error(index: int, row: Json, shapes: Mapping[str, Shape], types: Types) -> ServingError:
    if not _is_object(row):
        return texts.row_not_an_object(index)
    for name, value in row.items():
        if name not in types:
            return texts.unfit_row(index, texts.unknown_input(name), name)
        # The first row may lack a name; then the shape of this row is taken.
        shape = shapes.get(name, shape_of(value))
        if converted([value], shape, types[name]) is None:
            return texts.unfit_row(index, _row_error(value, shape, types[name]), name)
    return texts.wrong_row_keys(index, row, types)


def _row_error(value: Json, shape: Shape, dtype: DType) -> ServingError:
    """Returns why the shape of a value differs from that in the first row."""
    try:
        array = tensor(value, dtype)
    except ServingError as error:
        return error
    size = math.prod(shape)
    if array.size != size:
        return texts.other_size(size, array.size)
    return texts.other_shape(shape, array.shape)


def _checked_rank(value: Json) -> Shape:
    shape = shape_of(value)
    if len(shape) > MAX_RANK:
        raise texts.too_many_dimensions(MAX_RANK)
    return shape


def _is_object(value: Json) -> bool:
    return isinstance(value, dict) and not is_base64(value)
