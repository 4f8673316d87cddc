"""Small TensorFlow Lite networks, with the signatures that early, late and no converters wrote into the file."""

import flatbuffers
import tensorflow as tf
from flatbuffers import flexbuffers
from tensorflow.lite.python import schema_py_generated as schema

from tests.model_server.helpers.models.write_saved_model import signature, v1

METADATA = b"signature_defs_metadata"


def half_plus_two() -> bytes:
    """Tensors x and y [1, 1] without a signature."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [1, 1], name="x")
        y = tf.identity(x * 0.5 + 2.0, name="y")
        return v1.lite.TFLiteConverter.from_session(session, [x], [y]).convert()


def early_signature() -> bytes:
    """A signature in which x is called "given" and y "found"."""
    with tf.Graph().as_default():
        x, y = (v1.placeholder(tf.float32, [1, 1], name=name) for name in ("x", "y"))
        return signature({"given": x}, {"found": y}).SerializeToString()


def with_early_signature(content: bytes, key: str, spec: bytes) -> bytes:
    """Adds a signature to the metadata of a network, as early converters did."""
    packed = flexbuffers.Builder()
    with packed.Map():
        packed.String(key, spec.decode())
    model = schema.ModelT.InitFromPackedBuf(content)
    metadata, buffer = schema.MetadataT(), schema.BufferT()
    metadata.name, metadata.buffer = METADATA, len(model.buffers)
    buffer.data = list(packed.Finish())
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or ()), metadata]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class Module(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32), tf.TensorSpec([2], tf.string)])
    def call(self, x, words):
        return {"y": x * 0.5 + 2.0, "turned": tf.gather(words, [1, 0])}


def with_late_signature() -> bytes:
    """A signature of any number of rows, with strings, as the converter writes it today."""
    module = Module()
    return tf.lite.TFLiteConverter.from_concrete_functions([module.call.get_concrete_function()], module).convert()


def write_lite_models(root):
    plain = half_plus_two()
    models = {
        "lite": plain,
        "lite_early": with_early_signature(plain, "custom_signature_key", early_signature()),
        "lite_odd": with_early_signature(plain, "custom_signature_key", b"\x07"),
        "lite_late": with_late_signature(),
        "lite_broken": b"not a flatbuffer",
    }
    for name, content in models.items():
        version = root / name / "00000123"
        version.mkdir(parents=True)
        (version / "model.tflite").write_bytes(content)
