"""Predict: from a request to the network and back.

The checks are in upstream's order: a request can have several errors, and callers see the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from facegrid.tfserving.v1.predict_pb2 import PackedPredictResponse, PredictRequest
from facegrid.tfserving.v1.tensor_pb2 import TensorProto
from model_server.methods import texts
from model_server.methods.model_spec import served_spec, signature_name
from model_server.run.servable import Array, Servable, ServableSignature
from model_server.run.tensor_proto import MAX_FILLED_BYTES, OversizedTensor, UnreadableTensor, decode, encode_into

_METHOD_NAMES = frozenset(f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))


@dataclass(frozen=True)
class PredictOptions:
    """The flags of Predict."""

    as_content: bool = False
    """Put outputs into `tensor_content` instead of the field of the dtype."""
    check_method_name: bool = False
    """Refuse signatures with a method name that is not one of TensorFlow Serving's."""
    strict_input_shapes: bool = False
    """Refuse inputs whose rank or known sizes differ from the signature's, and empty inputs."""


def predict(
    servable: Servable,
    version: int,
    request: PredictRequest,
    options: PredictOptions,
    *,
    timeout_s: float | None = None,
) -> PackedPredictResponse:
    """Returns the requested outputs, with the model_spec that says which version computed them.

    Raises:
        ServingError: The request does not fit the signature, or the network refused it.
    """
    name = signature_name(request.model_spec)
    signature = servable.signatures.get(name)
    if signature is None:
        raise texts.signature_not_found(name)
    if options.check_method_name and signature.method_name not in _METHOD_NAMES:
        raise texts.unexpected_method_name(signature.method_name)
    inputs = _inputs(signature, request)
    aliases = _output_aliases(signature, request.output_filter)
    if options.strict_input_shapes:
        for alias, array in inputs.items():
            _check_shape(alias, array.shape, signature.inputs[alias].shape)
    feeds = [(signature.inputs[alias], array) for alias, array in inputs.items()]
    arrays = servable.run(feeds, [signature.outputs[alias] for alias in aliases], timeout_s=timeout_s)

    response = PackedPredictResponse(model_spec=served_spec(request.model_spec, version))
    for alias, array in zip(aliases, arrays, strict=True):
        encode_into(response.outputs[alias], array, as_content=options.as_content)
    return response


def _inputs(signature: ServableSignature, request: PredictRequest) -> dict[str, Array]:
    """Returns a tensor for every input of the signature, sent or default."""
    sent = request.inputs
    surplus = len(sent) - len(signature.inputs)
    if surplus > 0 or (surplus < 0 and not signature.defaults):
        raise texts.wrong_number_of_inputs(sent, signature.inputs)
    arrays = {}
    used = []
    for alias, port in signature.inputs.items():
        if alias in sent:
            used.append(alias)
            arrays[alias] = _decode(alias, sent[alias])
        elif alias in signature.defaults:
            arrays[alias] = _decode(alias, signature.defaults[alias])
        else:
            raise texts.missing_input(alias, port.tensor_name, sent, signature.defaults)
    if len(used) != len(sent):
        raise texts.unused_input(used, sent)
    return arrays


def _decode(alias: str, proto: TensorProto) -> Array:
    try:
        return decode(proto)
    except OversizedTensor as error:
        raise texts.oversized_tensor(alias, error.shape, error.needed_bytes, MAX_FILLED_BYTES) from error
    except UnreadableTensor as error:
        raise texts.unreadable_tensor(alias) from error


def _check_shape(alias: str, shape: tuple[int, ...], expected: tuple[int | None, ...] | None) -> None:
    if expected is not None and (
        len(shape) != len(expected)
        or any(wanted not in (None, size) for size, wanted in zip(shape, expected, strict=True))
    ):
        raise texts.shape_mismatch(alias, shape, expected)
    if 0 in shape:
        raise texts.empty_input(alias, shape)


def _output_aliases(signature: ServableSignature, output_filter: Sequence[str]) -> list[str]:
    """Returns the requested outputs in the order of the request; without a request, all of them."""
    aliases: list[str] = []
    for alias in output_filter:
        if alias not in signature.outputs:
            raise texts.unknown_output(alias, signature.outputs)
        if alias in aliases:
            raise texts.duplicate_output(alias)
        aliases.append(alias)
    return aliases or list(signature.outputs)
