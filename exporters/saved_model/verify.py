"""Whether a SavedModel keeps its contract and answers as the network it was written from, and as the published one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from exporters.errors import BrokenExport
from exporters.saved_model.goldens import GOLDEN_TOLERANCE, Golden
from exporters.saved_model.graph import Array, ModelGraph, SignatureTensors, loaded
from exporters.signatures import SERVING_DEFAULT, ModelContract, SignatureSpec, TensorSpec

_BATCH_SIZES = (1, 3)
"""A batch of one, and a size that no other dimension of an input has."""


def verify(network: ModelGraph, path: Path, contract: ModelContract, goldens: Sequence[Golden] = ()) -> None:
    """Loads the SavedModel under `path` into a new graph and compares it with the network, the contract and goldens.

    Raises:
        BrokenExport: A signature, an output's shape, or a number differs.
    """
    with loaded(path) as copy:
        check_signatures(copy.endpoints, contract)
        for name, signature in contract.signatures.items():
            for batch_size in _BATCH_SIZES:
                feeds = sample(signature, batch_size)
                answers = copy.run(name, feeds)
                what = f"{contract.name}, signature {name}, batch size {batch_size}"
                _check_shapes(answers, signature, batch_size, what)
                _check_equal(answers, network.run(name, feeds), what)
        for golden in goldens:
            _check_golden(copy, contract, golden)


def check_signatures(endpoints: Mapping[str, SignatureTensors], contract: ModelContract) -> None:
    """Compares names, dtypes and shapes with the contract.

    Raises:
        BrokenExport: They differ.
    """
    found = {name: _signature(endpoint) for name, endpoint in endpoints.items()}
    if found != contract.signatures:
        raise BrokenExport(
            f"{contract.name} breaks its contract: found {found}, expected {contract.signatures}; "
            "change its network or exporters/signatures.py"
        )


def sample(signature: SignatureSpec, batch_size: int) -> dict[str, Array]:
    """Returns inputs for a signature, the same in every call: integers over their whole range, floats about 0."""
    rng = np.random.default_rng(seed=batch_size)
    return {name: _noise(spec, batch_size, rng) for name, spec in signature.inputs.items()}


def _noise(spec: TensorSpec, batch_size: int, rng: np.random.Generator) -> Array:
    shape = _at_batch_size(spec, batch_size)
    if spec.dtype == "float32":
        return rng.standard_normal(shape, dtype=np.float32)
    return rng.integers(0, np.iinfo(spec.dtype).max, shape, dtype=spec.dtype, endpoint=True)


def _at_batch_size(spec: TensorSpec, batch_size: int) -> tuple[int, ...]:
    return tuple(batch_size if size is None else size for size in spec.shape)


def _signature(endpoint: SignatureTensors) -> SignatureSpec:
    return SignatureSpec(
        inputs={name: _spec(tensor) for name, tensor in endpoint.inputs.items()},
        outputs={name: _spec(tensor) for name, tensor in endpoint.outputs.items()},
    )


def _spec(tensor: tf.Tensor) -> TensorSpec:
    return TensorSpec(tensor.dtype.name, tuple(tensor.shape.as_list()))


def _check_shapes(answers: Mapping[str, Array], signature: SignatureSpec, batch_size: int, what: str) -> None:
    for name, spec in signature.outputs.items():
        expected = _at_batch_size(spec, batch_size)
        if answers[name].shape != expected:
            raise BrokenExport(f"{what}: {name} has shape {answers[name].shape}, expected {expected}")


def _check_golden(network: ModelGraph, contract: ModelContract, golden: Golden) -> None:
    (name,) = contract.signatures[SERVING_DEFAULT].inputs
    ((vector,),) = network.run(SERVING_DEFAULT, {name: golden.picture[None]}).values()
    found = np.array([*vector[: len(golden.first)], *vector[-len(golden.last) :], np.linalg.norm(vector)])
    error = float(np.abs(found - np.array([*golden.first, *golden.last, golden.norm])).max())
    if not error <= GOLDEN_TOLERANCE:
        raise BrokenExport(
            f"{contract.name} answers the picture {golden.name!r} unlike the published network: "
            f"a number is off by {error:.1e}, expected at most {GOLDEN_TOLERANCE:.0e}; nothing was exported"
        )


def _check_equal(found: Mapping[str, Array], expected: Mapping[str, Array], what: str) -> None:
    for name, array in expected.items():
        if not np.array_equal(found[name], array):
            raise BrokenExport(
                f"{what}: {np.count_nonzero(found[name] != array)} of {array.size} values of {name} differ "
                "from those of the network that was written; nothing was exported"
            )
