"""Which signature a request means, and what its answer says about who gave it."""

from facegrid.tfserving.v1.predict_pb2 import ModelSpec

DEFAULT_SIGNATURE = "serving_default"


def signature_name(spec: ModelSpec) -> str:
    """Returns the name of the signature that is asked for."""
    return spec.signature_name or DEFAULT_SIGNATURE


def served_spec(asked: ModelSpec, version: int) -> ModelSpec:
    """Returns the model, the version by number whatever was asked for, and the signature of an answer."""
    served = ModelSpec(name=asked.name, signature_name=signature_name(asked))
    served.version.value = version
    return served
