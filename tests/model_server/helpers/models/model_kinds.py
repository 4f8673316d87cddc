"""SavedModels of the kinds that exporters write: functions, tables with a vocabulary file, text instead of binary."""

import tensorflow as tf

from tests.model_server.helpers.models.write_saved_model import signature, v1

FLOATS = tf.TensorSpec(None, tf.float32)


def write_product(path, *, compiled):
    """y = 6 x, from variables of TensorFlow 2's kind, for any shape; compiled by XLA if so asked."""
    root = tf.train.Checkpoint(two=tf.Variable(2.0), three=tf.Variable(3.0))
    root.call = tf.function(
        lambda x: {"y": root.two * root.three * x}, input_signature=[FLOATS], jit_compile=compiled or None
    )
    tf.saved_model.save(root, str(path), signatures=root.call)


def write_constants(path):
    """Two functions that do not look at x; y has no dimensions."""
    root = tf.train.Checkpoint()
    root.one = tf.function(lambda x: {"y": 1.0}, input_signature=[FLOATS])  # noqa: ARG005 - names the input
    root.two = tf.function(lambda x: {"y": 2.0}, input_signature=[FLOATS])  # noqa: ARG005 - names the input
    tf.saved_model.save(root, str(path), signatures={"serving_default": root.one, "custom_signature_key": root.two})


def vocabulary_table(file):
    initializer = tf.lookup.TextFileInitializer(
        file, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
    )
    return tf.lookup.StaticVocabularyTable(initializer, num_oov_buckets=1)


def write_table(path, vocabulary, *, as_text):
    """The line of a word in an asset, read by an operation that the loader runs."""
    with tf.Graph().as_default(), v1.Session() as session:
        words = v1.placeholder(tf.string, [None], name="words")
        lines = tf.identity(vocabulary_table(str(vocabulary)).lookup(words), name="lines")
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={"serving_default": signature({"words": words}, {"lines": lines})},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer(),
        )
        builder.save(as_text=as_text)


class Lookup(tf.Module):
    """The same as a function of TensorFlow 2's kind."""

    def __init__(self, vocabulary):
        super().__init__()
        self.table = vocabulary_table(tf.saved_model.Asset(str(vocabulary)))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def call(self, words):
        return {"lines": self.table.lookup(words)}


def write_model_kinds(root):
    vocabulary = root / "vocabulary.txt"
    vocabulary.write_text("first\nsecond\n")
    write_product(root / "tf2_product" / "00000123", compiled=False)
    write_product(root / "compiled" / "00000123", compiled=True)
    write_constants(root / "tf2_constants" / "00000123")
    write_table(root / "table_v1" / "1", vocabulary, as_text=False)
    write_table(root / "table_text" / "1", vocabulary, as_text=True)
    lookup = Lookup(vocabulary)
    tf.saved_model.save(lookup, str(root / "table_v2" / "1"), signatures=lookup.call)
    vocabulary.unlink()  # what is served is the copy in the SavedModel
