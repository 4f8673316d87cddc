import hashlib

import joblib
import numpy as np
import pytest

from exporters.errors import WeightsError
from exporters.networks import onet, pnet, rnet
from exporters.weights.arrays import by_layer
from exporters.weights.mtcnn import MTCNN_SHA256, mtcnn_path, read, read_mtcnn

REMEDY = "do this"

LAYERS = {"pnet": pnet.LAYERS, "rnet": rnet.LAYERS, "onet": onet.LAYERS}

SMALL = {"fc1": {"kernel": (2, 3), "bias": (3,)}, "prelu1": {"alpha": (3,)}}


def _arrays():
    return [np.ones((2, 3), np.float32), np.zeros(3, np.float32), np.full(3, 0.25, np.float32)]


@pytest.mark.parametrize("model", MTCNN_SHA256)
def test_the_package_holds_what_the_networks_need(model):
    weights = read_mtcnn(model, LAYERS[model])
    assert {layer: {name: array.shape for name, array in arrays.items()} for layer, arrays in weights.items()} == {
        layer: dict(shapes) for layer, shapes in LAYERS[model].items()
    }


def test_arrays_go_to_layers_in_order():
    weights = by_layer(_arrays(), SMALL, source="small", remedy=REMEDY)
    assert weights["fc1"]["bias"].tolist() == [0, 0, 0]
    assert weights["prelu1"]["alpha"].tolist() == [0.25, 0.25, 0.25]


def test_a_missing_array_is_refused_by_name():
    with pytest.raises(WeightsError, match=r"small: prelu1/alpha: expected float32 \(3,\), found no more arrays"):
        by_layer(_arrays()[:-1], SMALL, source="small", remedy=REMEDY)


def test_an_array_left_over_is_refused():
    with pytest.raises(WeightsError, match=r"small: 1 arrays are left over after prelu1, of shapes \[\(7,\)\]"):
        by_layer([*_arrays(), np.zeros(7, np.float32)], SMALL, source="small", remedy=REMEDY)


@pytest.mark.parametrize("wrong", [np.zeros(4, np.float32), np.zeros(3, np.float64), np.zeros((1, 3), np.float32)])
def test_an_array_of_another_shape_or_dtype_is_refused(wrong):
    arrays = _arrays()
    arrays[1] = wrong
    with pytest.raises(WeightsError, match=rf"small: fc1/bias: expected float32 \(3,\), found {wrong.dtype}"):
        by_layer(arrays, SMALL, source="small", remedy=REMEDY)


def test_a_file_of_the_right_checksum_is_read(tmp_path):
    path = tmp_path / "small.lz4"
    joblib.dump(_arrays(), path, compress="lz4")
    weights = read(path, hashlib.sha256(path.read_bytes()).hexdigest(), SMALL)
    np.testing.assert_array_equal(weights["fc1"]["kernel"], np.ones((2, 3)))


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: content[:-1] + b"!", lambda _: b""])
def test_a_file_that_changed_is_refused_before_it_is_opened(tmp_path, monkeypatch, damage):
    content = damage(mtcnn_path("pnet").read_bytes())
    path = tmp_path / "pnet.lz4"
    path.write_bytes(content)
    monkeypatch.setattr(joblib, "load", lambda _: pytest.fail("unpickled"))
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(
        WeightsError, match=rf"pnet.lz4 \({len(content)} bytes\) .* is {found}, expected {MTCNN_SHA256['pnet']}"
    ):
        read(path, MTCNN_SHA256["pnet"], pnet.LAYERS)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"absent.lz4: No such file or directory; reinstall the package"):
        read(tmp_path / "absent.lz4", MTCNN_SHA256["pnet"], pnet.LAYERS)


def test_an_absent_package_is_named(monkeypatch):
    monkeypatch.setattr("exporters.weights.files.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"mtcnn, which holds the weights, is not installed: pip install"):
        mtcnn_path("pnet")
