"""Requests with examples as a caller writes them, and the calls that send them."""

import grpc
import pytest

from facegrid.tfserving.v1.classification_pb2 import ClassificationRequest, ClassificationResponse
from facegrid.tfserving.v1.example_pb2 import Example
from facegrid.tfserving.v1.inference_pb2 import MultiInferenceRequest, MultiInferenceResponse
from facegrid.tfserving.v1.input_pb2 import Input
from facegrid.tfserving.v1.regression_pb2 import RegressionRequest, RegressionResponse

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def example(**features) -> Example:
    message = Example()
    for name, value in features.items():
        message.features.feature[name].float_list.value.append(value)
    return message


def examples(*values, context=None) -> Input:
    """One example for each x; with a context, the other kind of list."""
    message = Input()
    if context is None:
        message.example_list.examples.extend(example(x=value) for value in values)
    else:
        message.example_list_with_context.examples.extend(example(x=value) for value in values)
        message.example_list_with_context.context.CopyFrom(context)
    return message


def classification(model, given=None, *, signature="") -> ClassificationRequest:
    request = ClassificationRequest(input=given)
    request.model_spec.name, request.model_spec.signature_name = model, signature
    return request


def regression(model, given=None, *, signature="") -> RegressionRequest:
    request = RegressionRequest(input=given)
    request.model_spec.name, request.model_spec.signature_name = model, signature
    return request


def inference(given, *tasks) -> MultiInferenceRequest:
    """Tasks are (model, signature, method name)."""
    request = MultiInferenceRequest(input=given)
    for model, signature, method_name in tasks:
        task = request.tasks.add(method_name=method_name)
        task.model_spec.name, task.model_spec.signature_name = model, signature
    return request


def send(server, request):
    """Calls the method that takes such a request."""
    name, response_type = {
        ClassificationRequest: ("Classify", ClassificationResponse),
        RegressionRequest: ("Regress", RegressionResponse),
        MultiInferenceRequest: ("MultiInference", MultiInferenceResponse),
    }[type(request)]
    return server.method(f"PredictionService/{name}", type(request), response_type)(request, timeout=60.0)


def refusal(server, request) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        send(server, request)
    return caught.value.code(), caught.value.details()


def served(spec) -> tuple:
    return spec.name, spec.version.value, spec.signature_name


def classes(response) -> list:
    return [[(found.label, found.score) for found in each.classes] for each in response.result.classifications]


def values(response) -> list[float]:
    return [each.value for each in response.result.regressions]
