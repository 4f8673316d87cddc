"""Writes a network as a folder that a model server can load.

    weights -> network -> SavedModel + warm-up requests -> loaded again and compared -> MODELS/<model>/<version>

The folder gets its final name only after everything in it has been checked.
"""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from exporters.errors import VersionExists, WrongVersion
from exporters.models import MODELS, ExportableModel, trained_embedder
from exporters.saved_model.graph import ModelGraph, SignatureTensors, built
from exporters.saved_model.verify import check_signatures, verify
from exporters.saved_model.warmup import write_warmup
from exporters.signatures import EMBEDDER, EMBEDDER_VERSION, EMBEDDERS
from exporters.versions import new_version, versions
from exporters.weights.inception_v3 import FILE

STEPS = ("building", "writing", "checking")
"""The steps that `export` reports to `on_step`, in this order."""


def export(
    model: str,
    models_dir: Path,
    version: int | None = None,
    *,
    weights: Path = FILE,
    on_step: Callable[[str], None] = lambda _: None,
) -> Path:
    """Writes a version of a model and returns its folder, MODELS_DIR/<model>/<version>.

    Args:
        model: A key of `exporters.models.MODELS`.
        models_dir: Folder of all models; created if it does not exist.
        version: Its number; None: the number after the highest one. The embedder's number chooses the network; None:
            the default one, `EMBEDDER_VERSION`.
        weights: The file that a training of embedder version 2 wrote.
        on_step: Called with each of `STEPS` as it begins.

    Raises:
        WeightsError: The weights are absent or are not the expected ones.
        WrongVersion: The number belongs to another network.
        VersionExists: The version exists already.
        BrokenExport: The SavedModel breaks the contract or does not answer as the network does.
        OSError: The folder cannot be written.
    """
    row = _row(model, version, weights)
    version = _number(row, models_dir / model, version)
    on_step("building")
    with built(row) as network:
        check_signatures(network.endpoints, row.contract)
        with new_version(models_dir / model, version) as draft:
            on_step("writing")
            _write_saved_model(network, draft.path)
            write_warmup(draft.path, row.contract, row.warmup_batch_sizes)
            on_step("checking")
            verify(network, draft.path, row.contract, row.goldens())
            return draft.publish()


def write_tensorboard(model: str, log_dir: Path, version: int | None = None, *, weights: Path = FILE) -> None:
    """Writes the graph of a model under LOG_DIR/<model>, for the graph tab of TensorBoard.

    Raises:
        WeightsError: The weights are absent or are not the expected ones.
        OSError: The folder cannot be written.
    """
    with (
        built(_row(model, version, weights)) as network,
        network.graph.as_default(),
    ):  # the writer refuses eager execution
        tf.compat.v1.summary.FileWriter(str(log_dir / model), network.graph).close()


def _row(model: str, version: int | None, weights: Path) -> ExportableModel:
    if model != EMBEDDER.name or version in {None, EMBEDDER_VERSION}:
        return MODELS[model]
    if version not in EMBEDDERS:
        raise WrongVersion(
            f"there is no version {version} of {model}: its versions are {', '.join(map(str, EMBEDDERS))}"
        )
    return trained_embedder(weights)


def _number(row: ExportableModel, model_dir: Path, version: int | None) -> int | None:
    """Returns the number to write: that of the network if it has a fixed one, otherwise the requested one."""
    if row.version is None:
        return version
    name = row.contract.name
    present = versions(model_dir)
    if row.version in present:
        raise VersionExists(
            f"{present[row.version]} exists already, and version {row.version} of {name} is always the same network: "
            "remove the folder to write it again"
        )
    return row.version


def _write_saved_model(network: ModelGraph, path: Path) -> None:
    # No variables: the weights are in the graph, so the folder holds saved_model.pb alone.
    builder = tf.compat.v1.saved_model.Builder(str(path))
    with network.graph.as_default():
        signatures = {name: _signature_def(endpoint) for name, endpoint in network.endpoints.items()}
        builder.add_meta_graph_and_variables(network.session, [tf.saved_model.SERVING], signatures)
    builder.save()


def _signature_def(endpoint: SignatureTensors) -> "tf.compat.v1.SignatureDef":
    infos = tf.compat.v1.saved_model.build_tensor_info
    return tf.compat.v1.saved_model.build_signature_def(
        {name: infos(tensor) for name, tensor in endpoint.inputs.items()},
        {name: infos(tensor) for name, tensor in endpoint.outputs.items()},
        tf.saved_model.PREDICT_METHOD_NAME,
    )
