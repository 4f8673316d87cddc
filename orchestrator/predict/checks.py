"""Checks a batch and its answer against the contract of `exporters.signatures`.

A model server does not check shapes itself, and some TensorFlow kernels end the whole process, or
return whatever was in memory, for an empty batch or a wrong rank. So no such batch is sent.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.signatures import TensorSpec, contract_of
from facegrid.errors import InternalError
from orchestrator.predict.predictor import Arrays


def check_inputs(model: str, signature: str, inputs: Arrays, *, version: int | None = None) -> int:
    """Returns the number of rows of the batch.

    Raises:
        InternalError: The inputs are not those of the signature, or there is no row.
    """
    specs = contract_of(model, version).signatures[signature].inputs
    return _check(f"input of {model}", specs, inputs, rows=None)


def check_outputs(model: str, signature: str, outputs: Arrays, *, rows: int, version: int | None = None) -> None:
    """Returns if the outputs are those of the signature with one row for each row sent.

    Raises:
        InternalError: They are not: another network than the contract's is served under this name.
    """
    specs = contract_of(model, version).signatures[signature].outputs
    _check(f"output of {model}", specs, outputs, rows=rows)


def _check(what: str, specs: dict[str, TensorSpec], arrays: Arrays, *, rows: int | None) -> int:
    if arrays.keys() != specs.keys():
        raise InternalError(f"{what} has the names {sorted(arrays)}, the contract {sorted(specs)}")
    for name, spec in specs.items():
        rows = len(arrays[name]) if rows is None else rows
        _check_tensor(f"{what}, {name}", spec, arrays[name], rows)
    if not rows:
        raise InternalError(f"{what} has no rows")
    return rows


def _check_tensor(what: str, spec: TensorSpec, array: NDArray[Any], rows: int) -> None:
    shape = (rows, *spec.shape[1:])
    if array.dtype != np.dtype(spec.dtype) or array.shape != shape:
        raise InternalError(
            f"{what} is {array.dtype} {list(array.shape)}, the contract says {spec.dtype} {list(shape)}"
        )
