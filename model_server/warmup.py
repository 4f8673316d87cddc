"""Warm-up: the requests that a version brings along are run before it is served.

The file is TFRecord of serialized PredictionLog, written by the exporter of the model.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError

from facegrid.tfserving.v1.prediction_log_pb2 import PredictionLog
from model_server import runtime, texts
from model_server.predict import PredictOptions, predict
from model_server.servable import Servable

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MAX_RECORDS = 1000

_log = logging.getLogger(__name__)


def warm_up(servable: Servable, path: Path, *, iterations: int = 1) -> int:
    """Replays the warm-up requests of the version in folder `path`.

    Returns:
        How many were replayed; 0 when the version brings none.

    Raises:
        ServingError: A request fails, which fails the load, or the file is not one of warm-up requests.
    """
    file = path / WARMUP_FILE
    if not file.is_file():
        _log.info("No warmup data file found at %s", file)
        return 0
    count = 0
    for record in _records(file):
        count += 1
        if count > MAX_RECORDS:
            raise texts.too_many_warmup_records(MAX_RECORDS, str(file))
        for _ in range(iterations):
            _replay(servable, record)
    _log.info("Finished reading warmup data for model at %s. Number of warmup records read: %d", file, count)
    return count


def _records(file: Path) -> Iterator[PredictionLog]:
    try:
        for record in runtime.tf_record_iterator(str(file)):
            yield PredictionLog.FromString(record)
    except runtime.DataLossError as error:
        raise texts.unreadable_warmup_file(error.message) from error
    except DecodeError as error:
        raise texts.unreadable_warmup_record(str(file)) from error


def _replay(servable: Servable, record: PredictionLog) -> None:
    kind = record.WhichOneof("log_type")
    if kind is None:
        return
    if kind != "predict_log":
        raise texts.unsupported_warmup_record(kind)
    # Name and version in the record are not looked at: it was written before they were known.
    predict(servable, 0, record.predict_log.request, PredictOptions())
