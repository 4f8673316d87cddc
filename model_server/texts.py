"""Every error this server answers with, in one place: code and text, in the words of tensorflow_model_server.

Callers match on these texts, so they are not improved. Errors upstream does not have are at the end.
"""

from collections.abc import Iterable, Sequence

import grpc

from model_server.errors import ServingError

_Code = grpc.StatusCode


def _joined(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


# --- Which model is meant -----------------------------------------------------------------------


def missing_model_spec() -> ServingError:
    """The request has no model_spec."""
    return ServingError(_Code.INVALID_ARGUMENT, "Missing ModelSpec")


def missing_model_name() -> ServingError:
    """The model_spec has no name."""
    return ServingError(_Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")


def unknown_label(label: str) -> ServingError:
    """No model has this label, or the model named has not."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}")


def labels_not_initialised(label: str) -> ServingError:
    """No list of models has been taken up since the start."""
    return ServingError(_Code.UNAVAILABLE, f"Model labels does not init yet.{label}")


def model_not_found(name: str) -> ServingError:
    """No version of the model is available, and none was asked for by number."""
    return ServingError(_Code.NOT_FOUND, f"Servable not found for request: Latest({name})")


def version_not_found(name: str, version: int) -> ServingError:
    """The version asked for is not available."""
    return ServingError(_Code.NOT_FOUND, f"Servable not found for request: Specific({name}, {version})")


# --- Predict ------------------------------------------------------------------------------------


def signature_not_found(name: str) -> ServingError:
    """The model has no such signature."""
    return ServingError(_Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')


def unexpected_method_name(method_name: str) -> ServingError:
    """The signature's method is none of the three (checked only with the flag)."""
    known = "tensorflow/serving/predict, tensorflow/serving/classify, tensorflow/serving/regress"
    return ServingError(
        _Code.INTERNAL,
        f"Expected prediction signature method_name to be one of {{{known}}}. Was: {method_name}",
    )


def wrong_number_of_inputs(sent: Iterable[str], expected: Iterable[str]) -> ServingError:
    """More inputs than the signature has, or fewer and there are no defaults."""
    sent, expected = set(sent), set(expected)
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"input size does not match signature: {len(sent)}!={len(expected)} "
        f"len({{{_joined(sent)}}}) != len({{{_joined(expected)}}}). "
        f"Sent extra: {{{_joined(sent - expected)}}}. Missing but required: {{{_joined(expected - sent)}}}.",
    )


def missing_input(alias: str, tensor_name: str, sent: Iterable[str], defaults: Iterable[str]) -> ServingError:
    """An input is neither sent nor has a default."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Signature input alias: {alias}(feed name: {tensor_name}) not found in request and no default value "
        f"provided. Inputs expected to be in the request {{{_joined(sent)}}}, or default input alias set: "
        f"{_joined(defaults)}",
    )


def unused_input(used: Iterable[str], sent: Iterable[str]) -> ServingError:
    """A name was sent that the signature does not have, while defaults filled the place of another."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Inputs contains invalid name. Used request inputs: {_joined(used)}, request input: {_joined(sent)}",
    )


def unreadable_tensor(alias: str) -> ServingError:
    """The TensorProto is not a tensor: no dtype, a negative size, or content of the wrong length."""
    return ServingError(_Code.INVALID_ARGUMENT, f"tensor parsing error: {alias}")


def unknown_output(alias: str, outputs: Iterable[str]) -> ServingError:
    """The output_filter names an output that the signature does not have."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"output tensor alias not found in signature: {alias} "
        f"Outputs expected to be in the set {{{_joined(outputs)}}}.",
    )


def tensor_not_found(tensor_name: str) -> ServingError:
    """The signature names a tensor that the graph does not have."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Tensor {tensor_name}, specified in either feed_devices or fetch_devices was not found in the Graph",
    )


def refused_by_runtime(reason: str) -> ServingError:
    """TensorFlow's documented session call refused the tensors (only where the quick call is missing)."""
    return ServingError(_Code.INVALID_ARGUMENT, reason)


def duplicate_output(alias: str) -> ServingError:
    """The output_filter names an output twice."""
    return ServingError(_Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {alias}")


# --- GetModelMetadata and GetModelStatus --------------------------------------------------------


def missing_metadata_field() -> ServingError:
    """No metadata_field was asked for."""
    return ServingError(_Code.INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field")


def unsupported_metadata_field(field: str) -> ServingError:
    """Only "signature_def" is known."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Metadata field {field} is not supported")


def no_such_version(name: str, version: int) -> ServingError:
    """GetModelStatus: this version has never been seen."""
    return ServingError(_Code.NOT_FOUND, f"Could not find version {version} of model {name}")


def no_such_model(name: str, problem: str = "") -> ServingError:
    """GetModelStatus: no version has ever been seen; of a configured model, why not (upstream does not say)."""
    more = f": {problem}" if problem else ""
    return ServingError(_Code.NOT_FOUND, f"Could not find any versions of model {name}{more}")


# --- Warm-up -----------------------------------------------------------------------------------


def too_many_warmup_records(limit: int, path: str) -> ServingError:
    """The warm-up file has more than `limit` records."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Number of warmup records exceeds the maximum ({limit}) at {path}")


def unreadable_warmup_file(reason: str) -> ServingError:
    """The warm-up file is not TFRecord."""
    return ServingError(_Code.DATA_LOSS, f"{reason}. Please verify your warmup data is in TFRecord format.")


def unreadable_warmup_record(record: bytes, path: str) -> ServingError:
    """A record of the warm-up file is not a PredictionLog."""
    shown = record.decode(errors="replace")
    return ServingError(_Code.INVALID_ARGUMENT, f"Failed to parse warmup record: {shown} from {path}")


def unsupported_warmup_record(number: int) -> ServingError:
    """A warm-up record of a kind that is not replayed, by the number of its field."""
    return ServingError(_Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")


# --- Configuration ------------------------------------------------------------------------------


def file_not_found(path: str, reason: str) -> ServingError:
    """A file that a flag names cannot be opened."""
    return ServingError(_Code.NOT_FOUND, f"{path}; {reason}")


def invalid_text_proto(path: str) -> ServingError:
    """A file that a flag names is not the text of its message; details go to stderr."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Invalid protobuf file: '{path}'")


def no_port() -> ServingError:
    """Neither a port nor a socket path is set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
    )


def no_models() -> ServingError:
    """Neither a base path nor a config file is set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Both server_options.model_base_path and server_options.model_config_file are empty!",
    )


def conflicting_parallelism() -> ServingError:
    """All three of the parallelism flags are set."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Tensorflow session parallelism and intra/inter parallelism cannot all be set at once.",
    )


def batching_parameters_without_batching() -> ServingError:
    """A batching file is named but batching is off."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
    )


def ssl_and_alts() -> ServingError:
    """Two kinds of credentials."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Either use_alts_credentials must be false or ssl_config_file must be empty.",
    )


def model_listed_twice(name: str) -> ServingError:
    """The config names a model more than once."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Illegal to list model {name} multiple times in config list")


def relative_base_path(name: str, base_path: str) -> ServingError:
    """The base path of a model is neither absolute nor a URI."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Expected model {name} to have an absolute path or URI; got base_path()={base_path}",
    )


def missing_platform(name: str) -> ServingError:
    """The config does not say what kind of model it is."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
        f"model name is {name}",
    )


def conflicting_platform(name: str) -> ServingError:
    """The config says twice what kind of model it is."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform, "
        f"model name is {name}",
    )


def unsupported_platform(name: str, platform: str) -> ServingError:
    """A platform other than "tensorflow"."""
    return ServingError(_Code.INVALID_ARGUMENT, f"Model {name} requests unsupported platform {platform}")


def changed_platform(name: str, served: str, requested: str) -> ServingError:
    """A model that is served is to become one of another kind."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"Illegal to change a model's platform. For model {name} platform was {served} "
        f"and new platform requested is {requested}",
    )


def unsupported_config() -> ServingError:
    """A config that is not a list of models."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )


def models_not_available(failed: Sequence[tuple[str, int, ServingError]], noun: str = "servable") -> ServingError:
    """Models (name, version, error) failed to load: at the start, or (a "model" then) after a reload."""
    listed = "".join(
        f"{{{{name: {name} version: {version}}} due to error: {error}}}, " for name, version, error in failed
    )
    return ServingError(_Code.UNKNOWN, f"{len(failed)} {noun}(s) did not become available: {{{listed}}}")


def label_of_unavailable_version(label_version: int, name: str) -> ServingError:
    """A label points at a version that is not available."""
    return ServingError(
        _Code.FAILED_PRECONDITION,
        f"Request to assign label to version {label_version} of model {name}, "
        "which is not currently available for inference",
    )


# --- Not upstream's -----------------------------------------------------------------------------


def absurd_tensor(alias: str, shape: Sequence[int], needed_bytes: int, allowed_bytes: int) -> ServingError:
    """A few bytes that declare a huge tensor (upstream allocates it)."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"tensor parsing error: {alias}: shape {_brackets(shape)} needs {needed_bytes} bytes of which few were sent; "
        f"{allowed_bytes} are allowed",
    )


def shape_mismatch(alias: str, shape: Sequence[int], expected: Sequence[int | None]) -> ServingError:
    """A shape the signature does not admit (--strict_input_shapes; upstream leaves it to the network)."""
    return ServingError(
        _Code.INVALID_ARGUMENT,
        f"input {alias} has shape {_brackets(shape)}; the signature expects {_brackets(expected)}",
    )


def empty_input(alias: str, shape: Sequence[int]) -> ServingError:
    """A tensor without elements (--strict_input_shapes; convolutions answer garbage to it)."""
    return ServingError(_Code.INVALID_ARGUMENT, f"input {alias} has shape {_brackets(shape)}: it is empty")


def deadline_passed() -> ServingError:
    """The caller's deadline was over before the network was run."""
    return ServingError(_Code.DEADLINE_EXCEEDED, "the deadline was over before the request was run")


def internal_error() -> ServingError:
    """A fault of this server; its log has the rest."""
    return ServingError(_Code.INTERNAL, "internal error; see the log of the model server")


def stopping() -> ServingError:
    """A call that came after SIGTERM (upstream dies of it)."""
    return ServingError(_Code.UNAVAILABLE, "the model server is stopping; send the request to another, or later")


def reload_not_finished() -> ServingError:
    """A new model was neither available nor failed by the caller's deadline (upstream waits without limit)."""
    return ServingError(_Code.DEADLINE_EXCEEDED, "new models were not available in time; they go on being loaded")


def flag_not_available(name: str) -> ServingError:
    """A flag of tensorflow_model_server that this server does not act on yet."""
    return ServingError(
        _Code.UNIMPLEMENTED,
        f"--{name} is not available yet in the embedded model server; leave it at its default, "
        "or use tensorflow_model_server",
    )


def address_taken(address: str, reason: str = "it is in use") -> ServingError:
    """The address to listen on cannot be bound."""
    return ServingError(
        _Code.UNAVAILABLE,
        f"cannot listen on {address}: {reason}; stop what uses it, or choose another with --port, "
        "--rest_api_port or --grpc_socket_path",
    )


def no_tensorflow() -> ServingError:
    """The package that runs the networks is missing."""
    return ServingError(_Code.UNAVAILABLE, "TensorFlow is not installed: pip install 'facegrid[model-server]'")


def invalid_channel_argument(item: str) -> ServingError:
    """An item of --grpc_channel_arguments without "="."""
    return ServingError(_Code.INVALID_ARGUMENT, f"--grpc_channel_arguments: {item!r} is not key=value")


def _brackets(shape: Sequence[int | None]) -> str:
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"
