"""The command line of tensorflow_model_server: the names, the defaults and the syntax of its flags.

A value is given as `--name=value` only. A boolean is `--name`, `--name=true` or `--name=false`.
An unknown argument is an error, so that a misspelt flag does not start a server that does something else
(upstream prints its usage and continues).
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

Value = bool | int | float | str


@dataclass(frozen=True)
class FlagSpec:
    """One flag of the table."""

    default: Value
    help: str
    available: bool = True
    """False: only the default is accepted."""


_CPUS = os.cpu_count() or 1


def _unavailable(default: Value, text: str) -> FlagSpec:
    return FlagSpec(default, text, available=False)


FLAGS: Mapping[str, FlagSpec] = MappingProxyType(
    {
        # Where to listen
        "port": FlagSpec(8500, "TCP port of the gRPC API, on all interfaces; 0 for none"),
        "grpc_socket_path": FlagSpec("", "also listen on this UNIX socket"),
        "grpc_max_threads": FlagSpec(4 * _CPUS, "gRPC requests run at once"),
        "grpc_channel_arguments": FlagSpec("", "gRPC server arguments, key=value separated by commas"),
        "enable_grpc_healthcheck_service": FlagSpec(False, "serve grpc.health.v1.Health"),
        "rest_api_port": FlagSpec(0, "port of the REST API and of the metrics; 0 for none"),
        "rest_api_num_threads": FlagSpec(4 * _CPUS, "REST requests run at once"),
        "rest_api_timeout_in_ms": FlagSpec(30000, "time limit of a REST request; 0 for none"),
        "rest_api_enable_cors_support": FlagSpec(False, "send CORS headers"),
        "ssl_config_file": FlagSpec("", "text SSLConfig: speak TLS on every gRPC address"),
        "use_alts_credentials": _unavailable(False, "Google ALTS"),
        # What to serve
        "model_name": FlagSpec("default", "name of the one model, without model_config_file"),
        "model_base_path": FlagSpec("", "folder of the one model's versions, without model_config_file"),
        "model_config_file": FlagSpec("", "text ModelServerConfig"),
        "model_config_file_poll_wait_seconds": FlagSpec(0, "seconds between two reads of the config file; 0 for never"),
        "file_system_poll_wait_seconds": FlagSpec(
            1, "seconds between two looks for versions; 0: one look; negative: none"
        ),
        "allow_version_labels_for_unavailable_models": FlagSpec(
            False, "let labels point at versions that are not yet available; needed for labels in the initial config"
        ),
        "saved_model_tags": FlagSpec("serve", "tags of the graph to load, separated by commas"),
        # Loading
        "num_load_threads": FlagSpec(0, "versions loaded at once after the start; 0 means 1"),
        "num_unload_threads": FlagSpec(0, "accepted; versions are unloaded as their last request ends"),
        "max_num_load_retries": FlagSpec(5, "how often a failed load is retried"),
        "load_retry_interval_micros": FlagSpec(60_000_000, "pause before each retry"),
        "flush_filesystem_caches": FlagSpec(True, "accepted; TensorFlow's Python loader has no such cache"),
        "enable_model_warmup": FlagSpec(True, "replay assets.extra/tf_serving_warmup_requests before serving"),
        "num_request_iterations_for_warmup": FlagSpec(0, "how often each warm-up request is replayed; 0 means 1"),
        "remove_unused_fields_from_bundle_metagraph": FlagSpec(True, "accepted; only signatures are kept"),
        # The runtime
        "tensorflow_session_parallelism": FlagSpec(0, "threads within and between operations; 0 for automatic"),
        "tensorflow_intra_op_parallelism": FlagSpec(0, "threads within an operation; 0 for automatic"),
        "tensorflow_inter_op_parallelism": FlagSpec(0, "threads between operations; 0 for automatic"),
        "tensorflow_session_config_file": FlagSpec("", "text tensorflow.ConfigProto"),
        "per_process_gpu_memory_fraction": FlagSpec(0.0, "share of the GPU's memory; 0 for automatic"),
        "xla_cpu_compilation_enabled": FlagSpec(False, "accepted; what a SavedModel asks XLA to compile is compiled"),
        "xla_gpu_compilation_enabled": FlagSpec(False, "accepted; as for the CPU"),
        "mixed_precision": _unavailable("", "bfloat16"),
        "skip_initialize_tpu": _unavailable(False, "for TPUs"),
        "thread_pool_factory_config_file": _unavailable("", "text ThreadPoolConfig"),
        "platform_config_file": _unavailable("", "text PlatformConfigMap"),
        "prefer_tflite_model": FlagSpec(False, "serve model.tflite where a version has one"),
        "num_tflite_pools": FlagSpec(_CPUS, "TensorFlow Lite interpreters of a version; each runs a request"),
        "num_tflite_interpreters_per_pool": _unavailable(1, "interpreters in each of these pools"),
        # Batching
        "enable_batching": FlagSpec(False, "form batches across requests"),
        "batching_parameters_file": FlagSpec("", "text BatchingParameters"),
        "enable_per_model_batching_parameters": FlagSpec(False, "read batching_params.pbtxt of each version"),
        # Responses and checks
        "enable_serialization_as_tensor_content": FlagSpec(False, "answer in tensor_content, not in float_val etc."),
        "enable_signature_method_name_check": FlagSpec(False, "refuse signatures with an unknown method name"),
        "monitoring_config_file": FlagSpec("", "text MonitoringConfig: serve Prometheus metrics on the REST port"),
        # There is no profiler here, so on (upstream's default) and off are the same.
        "enable_profiler": FlagSpec(True, "accepted; there is no profiler service"),
        "version": FlagSpec(False, "print versions and exit"),
        # Not upstream's
        "strict_input_shapes": FlagSpec(
            False, "check rank and known sizes of inputs against the signature (not in tensorflow_model_server)"
        ),
        "drain_timeout_seconds": FlagSpec(
            30, "time for requests under way to finish after SIGTERM (not in tensorflow_model_server)"
        ),
    }
)


class FlagError(ValueError):
    """The command line is wrong; the message says why."""


class Flags:
    """The value of every flag."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """Returns a flag whose default is a string."""
        value = self._values[name]
        if not isinstance(value, str):
            raise TypeError(f"--{name} is {type(value).__name__}")
        return value

    def number(self, name: str) -> int:
        """Returns a flag whose default is an integer."""
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"--{name} is {type(value).__name__}")
        return value

    def fraction(self, name: str) -> float:
        """Returns a flag whose default is a float."""
        return float(self._values[name])

    def is_set(self, name: str) -> bool:
        """Returns a flag whose default is a boolean."""
        value = self._values[name]
        if not isinstance(value, bool):
            raise TypeError(f"--{name} is {type(value).__name__}")
        return value

    def unavailable(self) -> list[str]:
        """Returns the flags that are not available yet and differ from their default."""
        return [name for name, spec in FLAGS.items() if not spec.available and self._values[name] != spec.default]


def parse_flags(arguments: Sequence[str]) -> Flags:
    """Returns the flags. If one is given twice, the last value counts.

    Raises:
        FlagError: An unknown argument, a value given after a space, or a value that does not parse.
    """
    values = {name: spec.default for name, spec in FLAGS.items()}
    for argument in arguments:
        name, equals, text = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or name not in FLAGS:
            raise FlagError(f"unknown argument: {argument}")
        values[name] = _parse(name, FLAGS[name].default, text if equals else None)
    return Flags(values)


def _parse(name: str, default: Value, text: str | None) -> Value:
    if isinstance(default, bool):
        if text not in (None, "true", "false"):
            raise FlagError(f"Couldn't interpret value {text} for flag {name}.")
        return text != "false"
    if text is None:
        raise FlagError(f"--{name} needs a value: --{name}=...")
    if isinstance(default, str):
        return text
    pattern = r"[+-]?[0-9]+" if isinstance(default, int) else r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?"
    if not re.fullmatch(pattern, text):
        raise FlagError(f"Couldn't interpret value {text} for flag {name}.")
    return type(default)(text)


def usage() -> str:
    """Returns the list of flags."""
    lines = ["usage: python -m model_server [--flag=value ...]", "Flags:"]
    for name, spec in FLAGS.items():
        default = str(spec.default).lower() if isinstance(spec.default, bool) else repr(spec.default)
        later = "" if spec.available else " [not available yet]"
        lines.append(f"\t--{name}={default}\t{spec.help}{later}")
    return "\n".join(lines)
