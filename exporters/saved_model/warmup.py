"""Requests that TensorFlow Serving runs before it announces a version as available.

The first run of a batch size is slow, since oneDNN and cuDNN choose their kernels for its shape. With these requests
the model server waits for it, not a caller.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog, PredictLog

from exporters.saved_model.verify import sample
from exporters.signatures import ModelContract

WARMUP_FILE = Path("assets.extra", "tf_serving_warmup_requests")
"""Where TensorFlow Serving looks, relative to the version's folder."""


def write_warmup(version_dir: Path, contract: ModelContract, batch_sizes: Sequence[int]) -> None:
    """Writes a request for each signature and batch size."""
    path = version_dir / WARMUP_FILE
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in _requests(contract, batch_sizes):
            writer.write(PredictionLog(predict_log=PredictLog(request=request)).SerializeToString())


def _requests(contract: ModelContract, batch_sizes: Sequence[int]) -> Iterator[PredictRequest]:
    for name, signature in contract.signatures.items():
        for batch_size in batch_sizes:
            request = PredictRequest()
            request.model_spec.name = contract.name
            request.model_spec.signature_name = name
            for alias, array in sample(signature, batch_size).items():
                request.inputs[alias].CopyFrom(tf.make_tensor_proto(array))
            yield request
