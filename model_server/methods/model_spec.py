"""Which signature a request names, and the model_spec of its response."""

from facegrid.tfserving.v1.predict_pb2 import ModelSpec

DEFAULT_SIGNATURE = "serving_default"


def signature_name(spec: ModelSpec) -> str:
    """Returns the name of the requested signature."""
    return spec.signature_name or DEFAULT_SIGNATURE


def served_spec(requested: ModelSpec, version: int) -> ModelSpec:
    """Returns the model_spec of a response: the model, the number of the version, and the signature."""
    served = ModelSpec(name=requested.name, signature_name=signature_name(requested))
    served.version.value = version
    return served
