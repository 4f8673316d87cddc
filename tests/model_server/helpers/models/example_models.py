"""Small networks that take tf.Example, with good and with odd signatures, of TensorFlow 1's and 2's kind."""

import tensorflow as tf

from tests.model_server.helpers.models.write_saved_model import signature, v1, write

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
FEATURES = {
    "x": tf.io.FixedLenFeature([1], tf.float32),
    "bias": tf.io.FixedLenFeature([1], tf.float32, [2.0]),
}


def parsed():
    """Returns the tensor [N] of serialized examples; x [N, 1]; and y = x / 2 + bias, where bias is 2 if left out."""
    serialized = v1.placeholder(tf.string, [None], name="examples")
    features = tf.io.parse_example(serialized, FEATURES)
    x = tf.identity(features["x"], name="x")
    return serialized, x, tf.add(x * 0.5, features["bias"], name="y")


def good():
    """Each method's signatures; the default one is for Predict and fed with x itself."""
    serialized, x, y = parsed()
    rows = tf.shape(x)[:1]
    labels = tf.concat([tf.fill(tf.shape(x), "low"), tf.fill(tf.shape(x), "high")], axis=1)
    scores = tf.concat([-y, y], axis=1)

    def classify(**outputs):
        return signature({"inputs": serialized}, outputs, method_name=CLASSIFY)

    def regress(outputs):
        return signature({"inputs": serialized}, {"outputs": outputs}, method_name=REGRESS)

    return {
        "serving_default": signature({"x": x}, {"y": y}),
        "classify_x_to_y": classify(scores=y),
        "labels_and_scores": classify(classes=labels, scores=scores),
        "labels": classify(classes=labels),
        "labels_twice": classify(classes=labels, scores=labels),
        "regress_x_to_y": regress(y),
        "regress_flat": regress(tf.squeeze(y + 1.0, axis=1)),
        "regress_batch_size": regress(tf.fill(rows, tf.cast(rows[0], tf.float32))),
        "regress_x_itself": signature({"inputs": x}, {"outputs": y}, method_name=REGRESS),
        "predict_examples": signature({"inputs": serialized}, {"outputs": y}),
    }


def odd():
    """Signatures that no example can be answered by, named after what is wrong with them."""
    serialized, x, y = parsed()
    flat, count, text = tf.squeeze(y, axis=1), tf.cast(y, tf.int32), tf.strings.as_string(y)
    inputs = {"inputs": serialized}
    twice, wide = tf.concat([y, y], axis=0), tf.concat([y, y], axis=1)
    text_twice, text_wide = tf.strings.as_string(twice), tf.strings.as_string(wide)

    def classify(given=inputs, **outputs):
        return signature(given, outputs, method_name=CLASSIFY)

    def regress(given=inputs, **outputs):
        return signature(given, outputs, method_name=REGRESS)

    return {
        "classify_no_input": classify({}, scores=y),
        "classify_two_inputs": classify({"inputs": serialized, "x": x}, scores=y),
        "classify_no_output": classify(),
        "classify_three_outputs": classify(scores=y, classes=text, more=y),
        "classify_input_alias": classify({"examples": serialized}, scores=y),
        "classify_output_alias": classify(y=y),
        "classify_flat_classes": classify(classes=tf.strings.as_string(flat), scores=flat),
        "classify_flat_scores": classify(classes=text, scores=flat),
        "classify_cube": classify(scores=y[:, :, tf.newaxis]),
        "classify_float_classes": classify(classes=y),
        "classify_int_scores": classify(scores=count),
        "classify_classes_twice": classify(classes=text_twice),
        "classify_scores_twice": classify(classes=text, scores=twice),
        "classify_widths": classify(classes=text_wide, scores=y),
        "regress_two_inputs": regress({"inputs": serialized, "x": x}, outputs=y),
        "regress_two_outputs": regress(outputs=y, more=y),
        "regress_input_alias": regress({"examples": serialized}, outputs=y),
        "regress_output_alias": regress(y=y),
        "regress_wide": regress(outputs=wide),
        "regress_scalar": regress(outputs=tf.reduce_sum(y)),
        "regress_twice": regress(outputs=twice),
        "regress_int": regress(outputs=count),
        "regress_text": regress(outputs=text),
    }


class HalfPlusTwo(tf.Module):
    """Of TensorFlow 2's kind: each signature is a function with an input tensor and the method name of Predict."""

    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(0.5)

    def y(self, examples):
        features = tf.io.parse_example(examples, FEATURES)
        return features["x"] * self.factor + features["bias"]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        return {"scores": self.y(inputs)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        return {"outputs": self.y(inputs)}


def write_example_models(root):
    write(root / "examples" / "123", good)
    write(root / "odd_examples" / "1", odd)
    module = HalfPlusTwo()
    signatures = {"classify_x_to_y": module.classify, "regress_x_to_y": module.regress}
    tf.saved_model.save(module, str(root / "examples_tf2" / "123"), signatures=signatures)
