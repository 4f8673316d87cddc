"""facegrid generate, as it is typed."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.support.generation_host import expected, generation_host

GAP = 2


@pytest.fixture(scope="module")
def host():
    with generation_host() as target:
        yield target


@pytest.fixture
def service(host, monkeypatch, tmp_path):
    monkeypatch.setenv("FACEGRID_TARGET", host)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cells(path, rows, columns, scale=1):
    """The pictures of a sheet, uint8 [rows, columns, 28, 28]."""
    with Image.open(path) as image:
        return cut(np.asarray(image.convert("L")), rows, columns, scale)


def cut(pixels, rows, columns, scale):
    step = 28 + GAP
    assert pixels.shape == ((rows * step + GAP) * scale, (columns * step + GAP) * scale)
    pixels = pixels[::scale, ::scale]
    places = [(row * step + GAP, column * step + GAP) for row in range(rows) for column in range(columns)]
    return np.array([pixels[top : top + 28, left : left + 28] for top, left in places]).reshape(rows, columns, 28, 28)


def test_one_kind_is_a_square_sheet(facegrid, service):
    result = facegrid("generate", "--labels", "2,3", "--count", 64, "--seed", 7, "--out", "grid.png", "--scale", 1)
    assert (result.code, result.out, result.err) == (0, "grid.png: 64 digits of seed 7\n", "")
    np.testing.assert_array_equal(cells("grid.png", 8, 8).reshape(64, 28, 28), expected({2: 1, 3: 1}, 64, 7))


def test_a_sheet_need_not_be_full(facegrid, service):
    assert facegrid("generate", "--labels", "0:0.3,8:0.7", "--count", 7, "--truncation", 1).code == 0
    found = cells("digits.png", 3, 3, scale=2).reshape(9, 28, 28)
    np.testing.assert_array_equal(found[:7], expected({0: 0.3, 8: 0.7}, 7, 0, 1.0))
    assert len(np.unique(found[7:])) == 1


def test_several_kinds_are_a_row_each(facegrid, service):
    assert facegrid("generate", "--labels", "1", "2,3", "9", "--count", 4, "--out", "deep/all.png").code == 0
    found = cells("deep/all.png", 3, 4, scale=2)
    for row, weights in zip(found, ({1: 1}, {2: 1, 3: 1}, {9: 1}), strict=True):
        np.testing.assert_array_equal(row, expected(weights, 4, 0))


def test_a_morph_is_a_strip_for_each_picture(facegrid, service):
    assert facegrid("generate", "--morph", "2:3", "--steps", 5, "--count", 2, "--out", "morph.png").code == 0
    found = cells("morph.png", 2, 5, scale=2)
    for step in range(5):
        np.testing.assert_array_equal(found[:, step], expected({2: 1 - step / 4, 3: step / 4}, 2, 0))


def test_a_morph_may_move(facegrid, service):
    assert facegrid("generate", "--morph", "2:3", "--steps", 4, "--seed", 5, "--out", "morph.gif").code == 0
    with Image.open("morph.gif") as gif:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(gif)]
        assert gif.info["loop"] == 0
    assert len(frames) == 4 + 2  # there, and back between the ends
    for frame, step in zip(frames, (0, 1, 2, 3, 2, 1), strict=True):
        found = cut(frame, 1, 1, 2)[0, 0]
        np.testing.assert_array_equal(found, expected({2: 1 - step / 3, 3: step / 3}, 1, 5)[0])


def test_json_says_what_made_each_picture(facegrid, service):
    result = facegrid("generate", "--labels", "4", "6", "--count", 2, "--json")
    assert [line["index"] for line in result.lines] == [0, 1, 0, 1]
    assert [line["labels"].index(1) for line in result.lines] == [4, 4, 6, 6]
    assert result.lines[0]["noise"] == result.lines[2]["noise"]
    assert (service / "digits.png").exists()


def test_a_bar_shows_on_a_terminal(on_terminal, service):
    result, screen = on_terminal("generate", "--labels", "4", "--count", 3)
    assert result.code == 0
    assert "3/3" in screen


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give --labels or --morph"),
        (["--labels", "1", "--morph", "2:3"], "--labels and --morph exclude each other"),
        (["--labels", "two"], "labels are digits with commas between, such as 2,3 or 0:0.3,8:0.7, not 'two'"),
        (["--labels", "2,2"], "has label 2 twice; give it a weight instead, such as 2:2"),
        (["--morph", "2"], "a morph is two different digits with a colon between, such as 2:3, not '2'"),
        (["--morph", "2:2"], "a morph is two different digits"),
        (["--morph", "2:3", "--steps", "1"], "'--steps': Input should be greater than or equal to 2"),
        (["--labels", "1", "--steps", "4"], "--steps belongs to --morph A:B"),
        (["--labels", "1", "--out", "a.gif"], "--out a.gif ends in none of .png; a GIF is for --morph"),
        (["--morph", "2:3", "--out", "a.jpg"], "--out a.jpg ends in none of .png, .gif"),
    ],
)
def test_wrong_usage_is_told(facegrid, service, arguments, words):
    result = facegrid("generate", *arguments)
    assert result.code == 2
    assert words in result.err
    assert list(service.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "10"], "a label is 10, allowed are 0 to 9"),
        (["--labels", "1:-1"], "the weight of label 1 is -1, allowed are finite numbers from 0"),
        (["--labels", "1", "--count", 0], "count is 0, allowed are 1 to 10,000"),
        (["--labels", "1", "--seed", -1], "seed is -1, allowed are 0 to 9223372036854775807"),
        (["--labels", "1", "--truncation", 0], "truncation is 0, allowed are 0.5 to 10"),
    ],
)
def test_what_the_service_refuses_is_one_sentence(facegrid, service, arguments, message):
    result = facegrid("generate", *arguments)
    assert (result.code, result.err) == (1, f"facegrid: {message}\n")
    assert list(service.iterdir()) == []
