import numpy as np
import pytest

from exporters.signatures import CONTRACTS, MAP_CELLS, OUTSIDE, PIXEL_UNIT, SERVING_DEFAULT, TILE_PX, TILE_TOP_K

ATOL = 5e-6  # what folding the scaling into conv1 costs pnet; the others are closer

HALF = TILE_PX // 2

SHAPES = {
    "pnet": {
        "squares": (HALF, HALF, 16),
        "conv1": (HALF - 1, HALF - 1, 64),
        "pool1": (HALF - 1, HALF - 1, 16),
        "prelu1": (HALF - 1, HALF - 1, 10),
        "conv2": (HALF - 3, HALF - 3, 16),
        "prelu2": (HALF - 3, HALF - 3, 16),
        "conv3": (HALF - 5, HALF - 5, 32),
        "prelu3": (HALF - 5, HALF - 5, 32),
        "conv4_1": (HALF - 5, HALF - 5, 4),
        "conv4_2": (HALF - 5, HALF - 5, 1),
        "prob1": (HALF - 5, HALF - 5),
        "best/conv4_1": (TILE_TOP_K, 1, 4),
    },
    "rnet": {
        "conv1": (22, 22, 28),
        "prelu1": (22, 22, 28),
        "pool1": (11, 11, 28),
        "conv2": (9, 9, 48),
        "prelu2": (9, 9, 48),
        "pool2": (4, 4, 48),
        "conv3": (3, 3, 64),
        "prelu3": (3, 3, 64),
        "flatten3": (576,),
        "fc4": (128,),
        "prelu4": (128,),
        "fc5_1": (4,),
        "fc5_2": (2,),
        "prob1": (2,),
    },
    "onet": {
        "conv1": (46, 46, 32),
        "prelu1": (46, 46, 32),
        "pool1": (23, 23, 32),
        "conv2": (21, 21, 64),
        "prelu2": (21, 21, 64),
        "pool2": (10, 10, 64),
        "conv3": (8, 8, 64),
        "prelu3": (8, 8, 64),
        "pool3": (4, 4, 64),
        "conv4": (3, 3, 128),
        "prelu4": (3, 3, 128),
        "flatten4": (1152,),
        "fc5": (256,),
        "prelu5": (256,),
        "fc6_1": (4,),
        "fc6_2": (10,),
        "fc6_3": (2,),
        "prob1": (2,),
    },
    "embedder": {
        "input": (150, 150, 3),
        "conv1": (72, 72, 32),
        "pool1": (35, 35, 32),
        "level4_1": (35, 35, 32),
        "level4_2": (35, 35, 32),
        "level4_3": (35, 35, 32),
        "level3_1/conv1": (17, 17, 64),
        "level3_1/pool": (17, 17, 32),
        "level3_1": (17, 17, 64),
        "level3_2": (17, 17, 64),
        "level3_3": (17, 17, 64),
        "level3_4": (17, 17, 64),
        "level2_1": (8, 8, 128),
        "level2_2": (8, 8, 128),
        "level2_3": (8, 8, 128),
        "level1_1/conv1": (3, 3, 256),
        "level1_1/pool": (4, 4, 128),
        "level1_1": (4, 4, 256),
        "level1_2": (4, 4, 256),
        "level1_3": (4, 4, 256),
        "level0_1/conv1": (1, 1, 256),
        "level0_1/pool": (2, 2, 256),
        "level0_1": (2, 2, 256),
        "pool0": (256,),
        "fc": (128,),
    },
    "generator": {
        "input": (74,),
        "deconv1": (7, 7, 128),
        "norm1": (7, 7, 128),
        "labels2": (7, 7, 138),
        "deconv2": (14, 14, 64),
        "norm2": (14, 14, 64),
        "labels3": (14, 14, 74),
        "deconv3": (28, 28, 1),
        "light": (28, 28, 1),
        "pixels": (28, 28, 1),
    },
    "discriminator": {
        "light": (28, 28, 1),
        "labels1": (28, 28, 11),
        "conv1": (14, 14, 64),
        "labels2": (14, 14, 74),
        "conv2": (7, 7, 128),
        "norm2": (7, 7, 128),
        "labels3": (7, 7, 138),
        "conv3": (1, 1, 1),
        "logits": (),
    },
}


def _layer_shape(graph, layer):
    """The shape that the last operation under a layer's name gives for one picture."""
    operations = [op for op in graph.get_operations() if op.name == layer or op.name.startswith(f"{layer}/")]
    return tuple(operations[-1].outputs[0].shape[1:])


@pytest.mark.parametrize("model", SHAPES)
def test_layers_have_their_names_and_shapes(networks, model):
    graph = networks[model].graph
    assert {layer: _layer_shape(graph, layer) for layer in SHAPES[model]} == SHAPES[model]


@pytest.mark.parametrize("model", SHAPES)
def test_every_operation_belongs_to_a_named_layer(networks, model):
    scopes = {op.name.split("/")[0] for op in networks[model].graph.get_operations() if op.type in {"Conv2D", "MatMul"}}
    assert scopes <= {layer.split("/")[0] for layer in SHAPES[model]}


@pytest.mark.parametrize("model", ["rnet", "onet"])
def test_crops_are_judged_as_the_reference_does(networks, references, pictures, model):
    crops = pictures[model]
    found = networks[model].run(SERVING_DEFAULT, {"crops": crops})
    offsets, *landmarks, scores = references[model](crops / np.float32(PIXEL_UNIT))
    np.testing.assert_allclose(found["scores"], scores[:, 1], atol=ATOL, rtol=0)
    np.testing.assert_allclose(found["offsets"], offsets, atol=ATOL, rtol=0)
    if model == "onet":
        x, y = landmarks[0][:, :5], landmarks[0][:, 5:]
        np.testing.assert_allclose(found["landmarks"], np.stack([x, y], axis=2), atol=ATOL, rtol=0)


def test_maps_are_those_of_the_reference(networks, references, pictures):
    found = networks["pnet"].run("maps", {"tiles": pictures["pnet"]})
    offsets, scores = references["pnet"](pictures["pnet"] / np.float32(PIXEL_UNIT))
    assert np.ptp(scores[..., 1]) > 0.5  # the pictures ask something of the network
    np.testing.assert_allclose(found["scores"], scores[..., 1], atol=ATOL, rtol=0)
    np.testing.assert_allclose(found["offsets"], offsets, atol=ATOL, rtol=0)


@pytest.mark.parametrize("size", [(61, 80), (80, 61), (61, 61), (13, 13), (12, 13)])
def test_pictures_of_odd_size_end_as_in_the_reference(networks, references, pictures, size):
    height, width = size
    tiles = np.full((1, TILE_PX, TILE_PX, 3), 99 * PIXEL_UNIT, np.uint16)  # a neighbour
    tiles[:, : height + height % 2, : width + width % 2] = OUTSIDE
    tiles[:, :height, :width] = pictures["pnet"][6, 40 : 40 + height, 40 : 40 + width]
    found = networks["pnet"].run("maps", {"tiles": tiles})
    offsets, scores = references["pnet"](tiles[:, :height, :width] / np.float32(PIXEL_UNIT))
    rows, columns = scores.shape[1:3]
    assert (rows, columns) == ((height + 1) // 2 - 5, (width + 1) // 2 - 5)
    np.testing.assert_allclose(found["scores"][:, :rows, :columns], scores[..., 1], atol=ATOL, rtol=0)
    np.testing.assert_allclose(found["offsets"][:, :rows, :columns], offsets, atol=ATOL, rtol=0)


@pytest.mark.parametrize("channel", range(3))
def test_colours_are_not_interchangeable(networks, pictures, channel):
    tiles = pictures["pnet"][6:]
    changed = tiles.copy()
    changed[..., channel] = 0
    scores = [networks["pnet"].run("maps", {"tiles": each})["scores"] for each in (tiles, changed)]
    assert np.abs(scores[0] - scores[1]).max() > 0.01


def test_best_cells_are_the_first_of_the_sorted_map(networks, pictures):
    tiles = {"tiles": pictures["pnet"]}
    maps, best = networks["pnet"].run("maps", tiles), networks["pnet"].run(SERVING_DEFAULT, tiles)
    flat = maps["scores"].reshape(len(pictures["pnet"]), -1)
    cells = np.argsort(-flat, axis=1, kind="stable")[:, :TILE_TOP_K]  # stable: ties by the lower cell
    np.testing.assert_array_equal(best["cells"], cells)
    np.testing.assert_array_equal(best["scores"], np.take_along_axis(flat, cells, axis=1))
    offsets = np.take_along_axis(maps["offsets"].reshape(len(flat), -1, 4), cells[..., None], axis=1)
    np.testing.assert_allclose(best["offsets"], offsets, atol=1e-6, rtol=0)


def test_ties_go_to_the_lower_cell(networks):
    stripes = np.zeros((1, TILE_PX, TILE_PX, 3), np.uint16)
    stripes[:, :, ::4] = 200 * PIXEL_UNIT  # every fourth column: cells repeat exactly
    best = networks["pnet"].run(SERVING_DEFAULT, {"tiles": stripes})
    scores, cells = best["scores"][0], best["cells"][0]
    tied = np.flatnonzero(scores[:-1] == scores[1:])
    assert tied.size > 20
    assert np.all(cells[tied] < cells[tied + 1])


@pytest.mark.parametrize(
    ("model", "signature"), [("pnet", "maps"), ("rnet", SERVING_DEFAULT), ("onet", SERVING_DEFAULT)]
)
def test_an_answer_does_not_depend_on_its_batch(networks, pictures, model, signature):
    (name,) = CONTRACTS[model].signatures[signature].inputs
    together = networks[model].run(signature, {name: pictures[model]})
    for index, picture in enumerate(pictures[model]):
        alone = networks[model].run(signature, {name: picture[None]})
        for output, array in alone.items():
            np.testing.assert_allclose(array[0], together[output][index], atol=1e-6, rtol=0, err_msg=output)


def test_cells_cover_the_tile():
    assert SHAPES["pnet"]["prob1"] == (MAP_CELLS, MAP_CELLS)
