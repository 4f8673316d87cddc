"""Builds the parts of the server as the flags say. Importing this file loads TensorFlow."""

import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from facegrid.tfserving.v1.batching_parameters_pb2 import BatchingParameters
from model_server.batching.batcher import Batcher
from model_server.batching.scheduler import BatchScheduler
from model_server.files.batching_parameters import BatchingOptions, BatchLimits
from model_server.files.text_proto import read_text_proto
from model_server.flags import Flags
from model_server.grpc.channel_arguments import channel_arguments
from model_server.grpc.server import GrpcServer
from model_server.methods.predict import PredictOptions
from model_server.methods.services import Services
from model_server.metrics import prometheus
from model_server.metrics.batching_metrics import BatchingMetrics
from model_server.metrics.server_metrics import ServerMetrics
from model_server.rest.api import RestApi
from model_server.rest.http_response import HttpResponse
from model_server.rest.http_server import RestServer
from model_server.run.runtime import ConfigProto
from model_server.run.saved_model import load
from model_server.run.session import SessionServable
from model_server.run.tflite import TFLITE_FILE, load_tflite
from model_server.run.warmup import warm_up
from model_server.versions.manager import VersionManager, VersionManagerOptions
from model_server.versions.retries import LoadRetries

BATCHING_FILE = "batching_params.pbtxt"
"""The parameters in the folder of a version, read with --enable_per_model_batching_parameters."""


def make_manager(flags: Flags, batching: BatchingOptions | None, metrics: ServerMetrics) -> VersionManager:
    """Returns a manager that loads and warms up as the flags say."""
    tags = flags.text("saved_model_tags").split(",")
    config = session_config(flags)
    batch = None if batching is None else make_batching(batching, metrics.batching)
    with_warmup = flags.is_set("enable_model_warmup")
    iterations = flags.number("num_request_iterations_for_warmup") or 1
    check_method_name = flags.is_set("enable_signature_method_name_check")
    prefer_lite = flags.is_set("prefer_tflite_model")
    interpreters = max(1, flags.number("num_tflite_pools"))

    def load_and_warm_up(path: Path) -> SessionServable:
        if prefer_lite and (path / TFLITE_FILE).is_file():
            servable = load_tflite(path, interpreters=interpreters)
        else:
            servable = load(path, tags=tags, session_config=config)
        try:
            if batch is not None:
                batch(servable, path)
            if with_warmup:
                warm_up(servable, path, metrics, iterations=iterations, check_method_name=check_method_name)
        except BaseException:
            servable.close()
            raise
        return servable

    poll_wait_s = flags.number("file_system_poll_wait_seconds")
    return VersionManager(
        load_and_warm_up,
        VersionManagerOptions(
            poll_wait_s=None if poll_wait_s < 0 else float(poll_wait_s),
            initial_load_threads=4 * (os.cpu_count() or 1),
            load_threads=max(1, flags.number("num_load_threads")),
            retries=LoadRetries(
                max_retries=max(0, flags.number("max_num_load_retries")),
                interval_s=max(0, flags.number("load_retry_interval_micros")) / 1e6,
            ),
            allow_labels_of_unavailable=flags.is_set("allow_version_labels_for_unavailable_models"),
        ),
    )


def make_batching(options: BatchingOptions, metrics: BatchingMetrics) -> Callable[[SessionServable, Path], None]:
    """Starts the threads that run batches; returns a function that makes a loaded version use them."""
    scheduler = BatchScheduler(options.pool)
    scheduler.start()

    def batch(servable: SessionServable, path: Path) -> None:
        limits = options.limits
        if options.per_model:
            file = path / BATCHING_FILE
            if not file.is_file():
                return
            limits = BatchLimits.from_proto(read_text_proto(str(file), BatchingParameters()))
        servable.use_batching(Batcher(servable.run_unbatched, scheduler, limits, metrics).run)

    return batch


def session_config(flags: Flags) -> ConfigProto:
    """Returns the session options: those of the file, overridden by the flags.

    Raises:
        ServingError: The file cannot be read.
    """
    config = ConfigProto()
    if path := flags.text("tensorflow_session_config_file"):
        read_text_proto(path, config)
    config.gpu_options.per_process_gpu_memory_fraction = flags.fraction("per_process_gpu_memory_fraction")
    both = flags.number("tensorflow_session_parallelism")
    config.intra_op_parallelism_threads = flags.number("tensorflow_intra_op_parallelism") or both
    config.inter_op_parallelism_threads = flags.number("tensorflow_inter_op_parallelism") or both
    return config


def make_services(flags: Flags, manager: VersionManager, metrics: ServerMetrics) -> Services:
    """Returns the methods of the API, for gRPC and REST."""
    return Services(
        manager,
        metrics,
        PredictOptions(
            as_content=flags.is_set("enable_serialization_as_tensor_content"),
            check_method_name=flags.is_set("enable_signature_method_name_check"),
            strict_input_shapes=flags.is_set("strict_input_shapes"),
        ),
    )


def make_server(flags: Flags, services: Services, metrics: ServerMetrics) -> GrpcServer:
    """Returns the gRPC server, not yet listening."""
    return GrpcServer(
        services,
        metrics,
        max_threads=max(1, flags.number("grpc_max_threads")),
        channel_arguments=channel_arguments(flags.text("grpc_channel_arguments")),
        with_health=flags.is_set("enable_grpc_healthcheck_service"),
    )


def make_rest_server(
    flags: Flags, services: Services, manager: VersionManager, metrics: ServerMetrics, metrics_path: str | None
) -> RestServer:
    """Returns the server of the REST API, not yet listening."""
    timeout_ms = flags.number("rest_api_timeout_in_ms")

    def metrics_page(_target: str) -> HttpResponse:
        return HttpResponse(HTTPStatus.OK, prometheus.page(metrics.registry).encode(), prometheus.CONTENT_TYPE)

    return RestServer(
        RestApi(services, manager.available, metrics).handle,
        max_threads=max(1, flags.number("rest_api_num_threads")),
        timeout_s=timeout_ms / 1000 if timeout_ms > 0 else None,
        with_cors=flags.is_set("rest_api_enable_cors_support"),
        pages={} if metrics_path is None else {metrics_path: metrics_page},
    )
