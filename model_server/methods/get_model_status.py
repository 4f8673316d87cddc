"""GetModelStatus: the states of a model's versions."""

from facegrid.tfserving.v1.model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from model_server.methods import texts
from model_server.versions.states import StateBoard


def model_status(board: StateBoard, request: GetModelStatusRequest) -> GetModelStatusResponse:
    """Returns the requested version, or every version ever seen, the highest first. A label is ignored.

    A problem with the model's folder is the message of the first version that has no error of its own; the code of that
    version stays OK, because it is served all the same.

    Raises:
        ServingError: No model_spec, or a model or version that was never seen.
    """
    if not request.HasField("model_spec"):
        raise texts.missing_model_spec()
    spec = request.model_spec
    states = board.of_model(spec.name)
    problem = "; ".join(board.problems(spec.name))
    if spec.HasField("version"):
        version = spec.version.value
        if version not in states:
            raise texts.no_such_version(spec.name, version)
        states = {version: states[version]}
    if not states:
        raise texts.no_such_model(spec.name, problem)
    response = GetModelStatusResponse()
    for version, entry in states.items():
        added = response.model_version_status.add(version=version, state=int(entry.state))
        added.status.SetInParent()
        if entry.error is not None:
            added.status.error_code = entry.error.number
            added.status.error_message = entry.error.message
        elif problem:
            added.status.error_message, problem = problem, ""
    return response
