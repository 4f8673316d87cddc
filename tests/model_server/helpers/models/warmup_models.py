"""Models that bring warm-up records along, good ones and others."""

import tensorflow as tf

from facegrid.tfserving.v1.prediction_log_pb2 import PredictionLog
from tests.model_server.helpers.example_messages import (
    CLASSIFY,
    REGRESS,
    classification,
    examples,
    inference,
    regression,
)
from tests.model_server.helpers.messages import floats, ints, predict_request
from tests.model_server.helpers.models.example_models import good
from tests.model_server.helpers.models.write_saved_model import write

# The names in the records are not looked at; the signatures are.
PREDICT = predict_request("another name", {"x": floats([[1]])}, version=99)
CLASSIFICATION = classification("another name", examples(1), signature="classify_x_to_y")
REGRESSION = regression("", examples(1, 2), signature="regress_x_to_y")
INFERENCE = inference(examples(1), ("m", "classify_x_to_y", CLASSIFY), ("m", "regress_x_to_y", REGRESS))


def log(**kind) -> PredictionLog:
    """PredictionLog(predict_log={"request": ...}) and so on; an empty log of a kind is set all the same."""
    message = PredictionLog()
    for name, fields in kind.items():
        getattr(message, name).SetInParent()
        for field, value in fields.items():
            getattr(getattr(message, name), field).CopyFrom(value)
    return message


def write_warm_models(root, half_plus_two) -> None:
    predict = log(predict_log={"request": PREDICT})
    wrong = log(predict_log={"request": predict_request("", {"x": ints([[1]])})})
    models = {
        "warm": (half_plus_two, [predict, predict, PredictionLog()]),
        "warm_wrong": (half_plus_two, [predict, wrong]),
        "warm_limit": (half_plus_two, [predict] * 1000),
        "warm_many": (half_plus_two, [predict] * 1001),
        "warm_torn": (half_plus_two, [predict, predict]),
        "warm_session": (half_plus_two, [log(session_run_log={})]),
        "warm_streamed": (half_plus_two, [log(predict_streamed_log={})]),
        "warm_regress": (half_plus_two, [log(regress_log={"request": regression("", examples(1))})]),
        "warm_examples": (
            good,
            [
                log(classify_log={"request": CLASSIFICATION}),
                log(regress_log={"request": REGRESSION}),
                log(multi_inference_log={"request": INFERENCE}),
            ],
        ),
        "warm_no_examples": (good, [log(classify_log={"request": classification("", signature="labels")})]),
        "warm_no_tasks": (good, [log(multi_inference_log={"request": inference(examples(1))})]),
    }
    for name, (build, records) in models.items():
        write(root / name / "1", build)
        write_records(root / name / "1", *(record.SerializeToString() for record in records))
    for name, record in (("warm_unparsable", b"\xffmalformed"), ("warm_garbage", b"")):
        write(root / name / "1", half_plus_two)
        write_records(root / name / "1", record)
    (root / "warm_garbage/1/assets.extra/tf_serving_warmup_requests").write_bytes(b"not a TFRecord file")
    torn = root / "warm_torn/1/assets.extra/tf_serving_warmup_requests"
    torn.write_bytes(torn.read_bytes()[:-1])


def write_records(version, *records: bytes) -> None:
    file = version / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir()
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in records:
            writer.write(record)
