"""Warm-up: runs the requests in the folder of a version before it is served.

The file is TFRecord of serialized PredictionLog, written by the exporter of the model.
"""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError

from facegrid.tfserving.v1.prediction_log_pb2 import PredictionLog
from model_server.methods.classify import classify
from model_server.methods.multi_inference import multi_inference
from model_server.methods.predict import PredictOptions, predict
from model_server.methods.regress import regress
from model_server.metrics.server_metrics import ServerMetrics
from model_server.run import runtime, texts
from model_server.run.servable import Servable

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_RECORDS = 1000

_log = logging.getLogger(__name__)


def warm_up(
    servable: Servable, path: Path, metrics: ServerMetrics, *, iterations: int = 1, check_method_name: bool = False
) -> int:
    """Runs the warm-up requests of the version in the folder `path`.

    Args:
        servable: The version.
        path: Its folder.
        metrics: Counts the records once the whole file was run; not the runs of the network.
        iterations: How often each request is run.
        check_method_name: The option of the methods that are run.

    Returns:
        How many records were run; 0 for a version without the file.

    Raises:
        ServingError: A request fails, or the file does not hold warm-up requests. The load fails with it.
    """
    file = path / WARMUP_FILE
    if not file.is_file():
        _log.info("No warmup data file found at %s", file)
        return 0
    started_s = time.perf_counter()
    count = 0
    for record in _records(file):
        for _ in range(iterations):
            _replay(servable, record, check_method_name=check_method_name)
        count += 1
        if count > MAX_RECORDS:
            raise texts.too_many_warmup_records(MAX_RECORDS, str(file))
    took_s = time.perf_counter() - started_s
    metrics.record_warmup(str(path), "OK", records=count, took_s=took_s)
    _log.info(
        "Finished reading warmup data for model at %s. Number of warmup records read: %d. "
        "Elapsed time (microseconds): %d.",
        file,
        count,
        took_s * 1e6,
    )
    return count


def _records(file: Path) -> Iterator[PredictionLog]:
    try:
        for record in runtime.tf_record_iterator(str(file)):
            yield _parsed(record, file)
    except runtime.DataLossError as error:
        raise texts.unreadable_warmup_file(error.message) from error


def _parsed(record: bytes, file: Path) -> PredictionLog:
    try:
        return PredictionLog.FromString(record)
    except DecodeError as error:
        raise texts.unreadable_warmup_record(record, str(file)) from error


def _replay(servable: Servable, record: PredictionLog, *, check_method_name: bool) -> None:
    """Runs a record. The name and version of its model are ignored: they were not known when it was written."""
    match record.WhichOneof("log_type"):
        case None:
            return
        case "predict_log":
            options = PredictOptions(check_method_name=check_method_name)
            predict(servable, 0, record.predict_log.request, options)
        case "classify_log":
            classify(servable, 0, record.classify_log.request, check_method_name=check_method_name)
        case "regress_log":
            regress(servable, 0, record.regress_log.request, check_method_name=check_method_name)
        case "multi_inference_log":
            multi_inference(servable, 0, record.multi_inference_log.request, check_method_name=check_method_name)
        case kind:
            raise texts.unsupported_warmup_record(PredictionLog.DESCRIPTOR.fields_by_name[kind].number)
