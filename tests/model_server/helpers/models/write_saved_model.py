"""How tests write a SavedModel of TensorFlow 1's kind: a graph, and signatures that name its tensors."""

import tensorflow as tf

v1 = tf.compat.v1

METHOD = "tensorflow/serving/predict"


def signature(inputs, outputs, defaults=(), method_name=METHOD):
    spec = v1.saved_model.build_signature_def(method_name=method_name)
    for alias, tensor in inputs.items():
        spec.inputs[alias].CopyFrom(v1.saved_model.build_tensor_info(tensor))
    for alias, tensor in outputs.items():
        spec.outputs[alias].CopyFrom(v1.saved_model.build_tensor_info(tensor))
    for alias, value in dict(defaults).items():
        spec.defaults[alias].CopyFrom(tf.make_tensor_proto(value))
    return spec


def write(path, build):
    """Writes the graph that `build` makes; it returns the signatures."""
    with tf.Graph().as_default(), v1.Session() as session:
        signatures = build()
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save()
