"""Regress: one number for each example.

A signature for it has one input, "inputs", and one output, "outputs" (float32 [N] or [N, 1]).
"""

from collections.abc import Mapping

from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef
from facegrid.tfserving.v1.regression_pb2 import Regression, RegressionRequest, RegressionResponse, RegressionResult
from model_server.methods import example_texts as texts
from model_server.methods.examples import INPUTS, serialized_examples
from model_server.methods.model_spec import served_spec, signature_name
from model_server.run.servable import Array, Port, Servable, ServableSignature
from model_server.run.tensor_proto import data_type_name

METHOD_NAME = "tensorflow/serving/regress"

_KIND = "regression"
_OUTPUTS = "outputs"


def regress(
    servable: Servable,
    version: int,
    request: RegressionRequest,
    *,
    check_method_name: bool = False,
    timeout_s: float | None = None,
) -> RegressionResponse:
    """Returns the number of each example, with the model_spec that says which version computed it.

    Raises:
        ServingError: The signature is not one for regression, there are no examples, the network refused
            them, or its output is not one number for each example.
    """
    name = signature_name(request.model_spec)
    signature = servable.signatures.get(name)
    if signature is None:
        raise texts.no_such_signature(name)
    fed, fetched = regression_ports(signature, servable.signature_defs[name], check_method_name=check_method_name)
    examples = serialized_examples(request.input)
    (values,) = servable.run([(fed, examples)], [fetched], timeout_s=timeout_s)
    return RegressionResponse(
        model_spec=served_spec(request.model_spec, version),
        result=regression_result(signature, len(examples), {fetched.tensor_name: values}),
    )


def regression_ports(signature: ServableSignature, spec: SignatureDef, *, check_method_name: bool) -> tuple[Port, Port]:
    """Returns the input to feed and the output to fetch.

    Raises:
        ServingError: The signature is not one for regression; `spec` is what the error shows of it.
    """
    if check_method_name and signature.method_name != METHOD_NAME:
        raise texts.unexpected_method_name(_KIND, METHOD_NAME, signature.method_name)
    if len(signature.inputs) != 1:
        raise texts.not_one_input()
    if len(signature.outputs) != 1:
        raise texts.not_one_output()
    if INPUTS not in signature.inputs:
        raise texts.missing_port(_KIND, "inputs", spec)
    if _OUTPUTS not in signature.outputs:
        raise texts.missing_port(_KIND, "outputs", spec)
    return signature.inputs[INPUTS], signature.outputs[_OUTPUTS]


def regression_result(signature: ServableSignature, count: int, by_tensor: Mapping[str, Array]) -> RegressionResult:
    """Returns the numbers of `count` examples from the fetched array, by the names of the tensors.

    Raises:
        ServingError: They are not one float for each example.
    """
    values = by_tensor[signature.outputs[_OUTPUTS].tensor_name]
    if values.ndim != 1 and not (values.ndim == 2 and values.shape[1] == 1):
        raise texts.not_one_value_each(values.shape)
    if len(values) != count:
        raise texts.wrong_value_count(count, len(values))
    if data_type_name(values) != "DT_FLOAT":
        raise texts.wrong_value_type(data_type_name(values))
    return RegressionResult(regressions=[Regression(value=value) for value in values.ravel().tolist()])
