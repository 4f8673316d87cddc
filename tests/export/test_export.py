import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from exporters.errors import BrokenExport, VersionExists, WrongVersion
from exporters.export import STEPS, export, write_tensorboard
from exporters.models import MODELS
from exporters.saved_model.graph import built, loaded
from exporters.saved_model.verify import sample, verify
from exporters.saved_model.warmup import WARMUP_FILE
from exporters.signatures import CONTRACTS, SERVING_DEFAULT

SIGNATURES = [(model, name) for model, contract in CONTRACTS.items() for name in contract.signatures]

LAYERS = {
    **{name: {"conv1/Conv2D", "conv3/kernel", "prelu2/Maximum", "pool1"} for name in ("pnet", "rnet", "onet")},
    "embedder": {"conv1/Conv2D", "level4_1/conv2/kernel", "level1_1/fill_pool", "pool0", "fc"},
    "generator": {"deconv1", "norm1", "labels2", "deconv2", "deconv3", "light", "pixels"},
    "discriminator": {"light", "conv1", "labels2", "conv2", "norm2", "logits"},
}


def _shape(spec, batch_size):
    return tuple(batch_size if size is None else size for size in spec.shape)


def test_every_contract_has_a_model():
    assert {name: model.contract for name, model in MODELS.items()} == CONTRACTS


@pytest.mark.parametrize("model", CONTRACTS)
def test_the_file_says_what_the_contract_says(exported_models, model):
    path = exported_models / model / "1" / "saved_model.pb"
    (meta_graph,) = SavedModel.FromString(path.read_bytes()).meta_graphs
    assert list(meta_graph.meta_info_def.tags) == ["serve"]
    contract = CONTRACTS[model].signatures
    assert set(meta_graph.signature_def) == set(contract)
    for name, signature in contract.items():
        found = meta_graph.signature_def[name]
        assert found.method_name == "tensorflow/serving/predict"
        assert _specs(found.inputs) == {alias: (spec.dtype, spec.shape) for alias, spec in signature.inputs.items()}
        assert _specs(found.outputs) == {alias: (spec.dtype, spec.shape) for alias, spec in signature.outputs.items()}


def _specs(infos):
    return {
        alias: (
            tf.as_dtype(info.dtype).name,
            tuple(None if dim.size == -1 else dim.size for dim in info.tensor_shape.dim),
        )
        for alias, info in infos.items()
    }


@pytest.mark.parametrize(("model", "name"), SIGNATURES)
@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_a_stranger_gets_the_same_answers(exported_models, networks, model, name, batch_size):
    signature = CONTRACTS[model].signatures[name]
    inputs = sample(signature, batch_size)
    stranger = tf.saved_model.load(str(exported_models / model / "1")).signatures[name]
    with tf.device("/CPU:0"):
        answers = stranger(**{alias: tf.constant(array) for alias, array in inputs.items()})
    expected = networks[model].run(name, inputs)
    assert set(answers) == set(expected) == set(signature.outputs)
    for alias, spec in signature.outputs.items():
        assert answers[alias].shape == _shape(spec, batch_size)
        assert answers[alias].dtype.name == spec.dtype
        np.testing.assert_allclose(answers[alias].numpy(), expected[alias], atol=1e-6, rtol=0, err_msg=alias)


def test_exporting_twice_gives_the_same_file_under_the_next_number(tmp_path, exported_models):
    steps = []
    first, second = export("rnet", tmp_path), export("rnet", tmp_path, on_step=steps.append)
    assert (first, second) == (tmp_path / "rnet" / "1", tmp_path / "rnet" / "2")
    assert tuple(steps) == STEPS
    contents = [(path / "saved_model.pb").read_bytes() for path in (first, second)]
    assert contents[0] == contents[1] == (exported_models / "rnet" / "1" / "saved_model.pb").read_bytes()
    with pytest.raises(VersionExists):
        export("rnet", tmp_path, 2)


def test_a_folder_holds_what_a_model_server_reads(exported_models):
    folder = exported_models / "rnet" / "1"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "saved_model.pb",
        str(WARMUP_FILE),
    }


@pytest.mark.parametrize("model", CONTRACTS)
def test_warmup_covers_every_signature_and_batch_size(exported_models, model):
    path = exported_models / model / "1" / "assets.extra" / "tf_serving_warmup_requests"
    records = [PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    seen = set()
    for record in records:
        assert record.WhichOneof("log_type") == "predict_log"
        request = record.predict_log.request
        assert request.model_spec.name == model
        signature = CONTRACTS[model].signatures[request.model_spec.signature_name]
        assert set(request.inputs) == set(signature.inputs)
        for alias, spec in signature.inputs.items():
            array = tf.make_ndarray(request.inputs[alias])
            assert array.dtype == spec.dtype
            assert array.shape == _shape(spec, len(array))
            seen.add((request.model_spec.signature_name, len(array)))
    sizes = MODELS[model].warmup_batch_sizes
    assert 1 in sizes
    assert seen == {(name, size) for name in CONTRACTS[model].signatures for size in sizes}
    assert len(records) == len(seen) <= 1000  # TensorFlow Serving reads no more


def test_a_network_of_other_weights_is_told_apart(exported_models):
    def other_weights():
        weights = {layer: dict(arrays) for layer, arrays in MODELS["rnet"].read_weights().items()}
        weights["fc5_1"]["bias"] = np.nextafter(weights["fc5_1"]["bias"], np.float32(1))
        return weights

    with (
        built(dataclasses.replace(MODELS["rnet"], read_weights=other_weights)) as network,
        pytest.raises(BrokenExport, match=r"rnet, signature serving_default, batch size 1: \d of 4 values of offsets"),
    ):
        verify(network, exported_models / "rnet" / "1", CONTRACTS["rnet"])


def test_a_network_that_answers_otherwise_than_the_published_one_is_not_written(tmp_path, monkeypatch):
    embedder = MODELS["embedder"]

    def blue_first(weights, inputs):
        return embedder.build(weights, {"chips": inputs["chips"][..., ::-1]})

    monkeypatch.setitem(MODELS, "embedder", dataclasses.replace(embedder, build=blue_first))
    with pytest.raises(BrokenExport, match=r"'slope' unlike the published network: .* expected at most 5e-06"):
        export("embedder", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_network_of_a_fixed_number_is_written_under_no_other(tmp_path, exported_models):
    with pytest.raises(WrongVersion, match="there is no version 3 of embedder"):
        export("embedder", tmp_path, 3)
    with pytest.raises(VersionExists, match=r"embedder/1 exists already, .* remove the folder"):
        export("embedder", exported_models)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_the_contract_is_told(exported_models, networks):
    with pytest.raises(BrokenExport, match="onet breaks its contract"):
        verify(networks["onet"], exported_models / "rnet" / "1", CONTRACTS["onet"])


def test_a_network_that_breaks_the_contract_is_not_written(tmp_path, monkeypatch):
    rnet = MODELS["rnet"]

    def without_offsets(weights, inputs):
        return {SERVING_DEFAULT: {"scores": rnet.build(weights, inputs)[SERVING_DEFAULT]["scores"]}}

    monkeypatch.setitem(MODELS, "rnet", dataclasses.replace(rnet, build=without_offsets))
    with pytest.raises(BrokenExport, match="rnet breaks its contract"):
        export("rnet", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_its_check_leaves_nothing_behind(tmp_path, monkeypatch):
    rnet = MODELS["rnet"]

    def of_chance(weights, inputs):
        outputs = rnet.build(weights, inputs)[SERVING_DEFAULT]
        return {SERVING_DEFAULT: {**outputs, "scores": outputs["scores"] + tf.random.uniform([])}}

    monkeypatch.setitem(MODELS, "rnet", dataclasses.replace(rnet, build=of_chance))
    with pytest.raises(BrokenExport, match="1 of 1 values of scores differ"):
        export("rnet", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(NotADirectoryError):
        export("rnet", tmp_path / "models")


@pytest.mark.parametrize("model", CONTRACTS)
def test_tensorboard_is_given_every_node(tmp_path, networks, model):
    write_tensorboard(model, tmp_path)
    (path,) = (tmp_path / model).iterdir()
    events = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    (graph_def,) = [tf.compat.v1.GraphDef.FromString(event.graph_def) for event in events if event.graph_def]
    names = {node.name for node in graph_def.node}
    assert names == {op.name for op in networks[model].graph.get_operations()}
    assert LAYERS[model] <= names | {name.split("/")[0] for name in names}


def test_loading_leaves_no_default_graph_behind(exported_models):
    with loaded(exported_models / "rnet" / "1"):
        assert tf.executing_eagerly()
