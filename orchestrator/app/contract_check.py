"""Checks that a model server has the networks that this orchestrator was written for.

A model server loads any SavedModel; one of an earlier contract would fail only at the first picture.
"""

from collections.abc import Iterable, Mapping, Sequence

import grpc

from exporters.signatures import CONTRACTS, EMBEDDER, ModelContract, TensorSpec, contract_of
from facegrid.tfserving.v1.model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDef,
    SignatureDefMap,
    TensorInfo,
)
from facegrid.tfserving.v1.tensor_pb2 import DataType
from orchestrator.app.errors import StackError
from orchestrator.settings import Settings

_GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
_FIELD = "signature_def"
_DTYPES = {
    DataType.DATA_TYPE_UINT8: "uint8",
    DataType.DATA_TYPE_UINT16: "uint16",
    DataType.DATA_TYPE_INT32: "int32",
    DataType.DATA_TYPE_FLOAT: "float32",
}


_NO_ANSWER = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE}


class NoAnswer(StackError):
    """The model server did not answer in time; it may answer later."""


def required_versions(models: Iterable[str], settings: Settings) -> dict[str, int | None]:
    """Returns which of these models a stack needs, and in which version; None: the newest."""
    return {
        model: settings.embedder_version if model == EMBEDDER.name else None for model in models if model in CONTRACTS
    }


def require_contract(target: str, versions: Mapping[str, int | None], *, timeout_s: float) -> None:
    """Checks the signatures of a model server's models against the contract.

    Args:
        target: Address of the server.
        versions: The models to check, each with its version; None: the newest. A server may have several versions of
            the embedder, and requests name the one that they need.
        timeout_s: For each answer.

    Raises:
        NoAnswer: The server did not answer in time.
        StackError: A model has other signatures, or the server has none.
    """
    with grpc.insecure_channel(target) as channel:
        get_metadata = channel.unary_unary(
            _GET_MODEL_METADATA,
            request_serializer=GetModelMetadataRequest.SerializeToString,
            response_deserializer=GetModelMetadataResponse.FromString,
        )
        for model, version in versions.items():
            contract = contract_of(model, version)
            request = GetModelMetadataRequest(metadata_field=[_FIELD])
            request.model_spec.name = contract.name
            if version is not None:
                request.model_spec.version.value = version
            try:
                answer = get_metadata(request, timeout=timeout_s)
            except grpc.RpcError as err:
                failed = NoAnswer if err.code() in _NO_ANSWER else StackError
                raise failed(
                    f"no signatures of {contract.name}: {err.details()}",
                    f"see the log above; if the version is missing, run: facegrid export {contract.name}",
                ) from err
            _require_equal(contract, SignatureDefMap.FromString(answer.metadata[_FIELD].value))


def _require_equal(contract: ModelContract, served: SignatureDefMap) -> None:
    for name, signature in contract.signatures.items():
        found = served.signature_def.get(name, SignatureDef())
        for kind, tensors, specs in (
            ("input", found.inputs, signature.inputs),
            ("output", found.outputs, signature.outputs),
        ):
            given, needed = _words_of(tensors), _words(specs)
            if given != needed:
                raise StackError(
                    f"{contract.name} is of another release: the {kind} of its signature {name} is {_listed(given)}, "
                    f"expected {_listed(needed)}",
                    f"run: facegrid export {contract.name}   (writes the next version beside it)",
                )


def _words(specs: dict[str, TensorSpec]) -> dict[str, str]:
    return {alias: f"{spec.dtype} {_sizes(spec.shape)}" for alias, spec in specs.items()}


def _words_of(infos: Mapping[str, TensorInfo]) -> dict[str, str]:
    return {
        alias: f"{_DTYPES.get(info.dtype, info.dtype)} {_sizes([dim.size for dim in info.tensor_shape.dim])}"
        for alias, info in infos.items()
    }


def _sizes(shape: Sequence[int | None]) -> str:
    return f"[{', '.join('?' if size is None or size < 0 else str(size) for size in shape)}]"


def _listed(words: dict[str, str]) -> str:
    return ", ".join(f"{alias} {text}" for alias, text in sorted(words.items())) or "absent"
