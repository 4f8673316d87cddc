"""MultiInference: several classifications and regressions of the same examples, in one run of the network."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from facegrid.tfserving.v1.inference_pb2 import (
    InferenceResult,
    InferenceTask,
    MultiInferenceRequest,
    MultiInferenceResponse,
)
from facegrid.tfserving.v1.model_metadata_pb2 import SignatureDef
from facegrid.tfserving.v1.predict_pb2 import ModelSpec
from model_server.methods import classify, regress
from model_server.methods import example_texts as texts
from model_server.methods.examples import serialized_examples
from model_server.methods.model_spec import served_spec, signature_name
from model_server.run.servable import Array, Port, Servable, ServableSignature


def requested_model(request: MultiInferenceRequest) -> ModelSpec:
    """Returns the model_spec of the first task, whose model and version answer all tasks."""
    return request.tasks[0].model_spec if request.tasks else ModelSpec()


def multi_inference(
    servable: Servable,
    version: int,
    request: MultiInferenceRequest,
    *,
    check_method_name: bool = False,
    timeout_s: float | None = None,
) -> MultiInferenceResponse:
    """Returns the result of each task, each with a model_spec; `servable` is the version of `requested_model`.

    Raises:
        ServingError: The tasks do not fit together, a signature does not fit its task, or as Classify and Regress.
    """
    fed, fetched = _ports(servable, request, check_method_name=check_method_name)
    examples = serialized_examples(request.input)
    arrays = servable.run([(port, examples) for port in fed], fetched, timeout_s=timeout_s)
    by_tensor = {port.tensor_name: array for port, array in zip(fetched, arrays, strict=True)}
    results = [_result(servable, version, task, len(examples), by_tensor) for task in request.tasks]
    return MultiInferenceResponse(results=results)


def _ports(
    servable: Servable, request: MultiInferenceRequest, *, check_method_name: bool
) -> tuple[list[Port], list[Port]]:
    """Returns each tensor to feed and each to fetch, once. TensorFlow 2 has one to feed for each signature."""
    fed: dict[str, Port] = {}
    fetched: dict[str, Port] = {}
    names: set[str] = set()
    for task in request.tasks:
        name = _signature_name(task, request.tasks[0].model_spec.name, names)
        names.add(name)
        signature = servable.signatures.get(name)
        if signature is None:
            raise texts.no_such_task_signature(name)
        task_fed, task_fetched = _task_ports(
            task, signature, servable.signature_defs[name], check_method_name=check_method_name
        )
        fed[task_fed.tensor_name] = task_fed
        fetched.update((port.tensor_name, port) for port in task_fetched)
    if not fed:
        raise texts.no_tasks()
    return [fed[name] for name in sorted(fed)], [fetched[name] for name in sorted(fetched)]


def _signature_name(task: InferenceTask, model: str, earlier: AbstractSet[str]) -> str:
    if not task.model_spec.name:
        raise texts.task_without_model_name()
    if task.model_spec.name != model:
        raise texts.different_models()
    name = signature_name(task.model_spec)
    if name in earlier:
        raise texts.signature_twice(name)
    return name


def _task_ports(
    task: InferenceTask, signature: ServableSignature, spec: SignatureDef, *, check_method_name: bool
) -> tuple[Port, Sequence[Port]]:
    if task.method_name == classify.METHOD_NAME:
        return classify.classification_ports(signature, spec, check_method_name=check_method_name)
    if task.method_name == regress.METHOD_NAME:
        fed, fetched = regress.regression_ports(signature, spec, check_method_name=check_method_name)
        return fed, [fetched]
    raise texts.unsupported_task(task.method_name)


def _result(
    servable: Servable, version: int, task: InferenceTask, count: int, by_tensor: Mapping[str, Array]
) -> InferenceResult:
    signature = servable.signatures[signature_name(task.model_spec)]
    result = InferenceResult(model_spec=served_spec(task.model_spec, version))
    if task.method_name == classify.METHOD_NAME:
        result.classification_result.CopyFrom(classify.classification_result(signature, count, by_tensor))
    else:
        result.regression_result.CopyFrom(regress.regression_result(signature, count, by_tensor))
    return result
