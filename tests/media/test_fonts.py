"""Names in any script."""

import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from facegrid.media import fonts
from facegrid.media.fonts import MissingLetters, fit


def ink(text: str, font) -> np.ndarray:
    image = Image.new("L", (600, 60))
    ImageDraw.Draw(image).text((10, 10), text, font=font, fill=255)
    return np.asarray(image)


@pytest.fixture
def no_fonts(monkeypatch):
    """A machine without fonts."""
    monkeypatch.setattr(fonts, "_installed", lambda: ())
    monkeypatch.setattr(fonts, "find_spec", lambda _: None)
    fonts._best.cache_clear()
    yield
    fonts._best.cache_clear()


needs_fonts = pytest.mark.skipif(not fonts._installed(), reason="this machine has no fonts")


@needs_fonts
@pytest.mark.parametrize("name", ["José Ñuñez", "Дмитрий", "Jürgen Groß", "Ελένη", "محمد", "שרה"])
def test_letters_beyond_ascii_are_drawn_as_they_are(name):
    drawn, choice = fit(name)
    assert drawn == name
    font = choice.at(24)
    box = ink("\U0010ffff", font)
    for letter in {letter for letter in name if not letter.isascii()}:
        assert ink(letter, font).any()
        assert not np.array_equal(ink(letter, font), box), f"{letter} is an empty box"


@needs_fonts
@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow lacks raqm")
def test_arabic_is_joined_and_runs_from_right_to_left():
    text, choice = fit("محمد")
    font = choice.at(32)
    basic = ImageFont.truetype(str(choice.path), 32, layout_engine=ImageFont.Layout.BASIC)
    assert not np.array_equal(ink(text, font), ink(text, basic)), "letters are joined"
    assert not np.array_equal(ink(text, font), ink(text[::-1], basic)), "letters are joined"
    hebrew, choice = fit("שרה")
    forward = ImageFont.truetype(str(choice.path), 32, layout_engine=ImageFont.Layout.BASIC)
    np.testing.assert_array_equal(ink(hebrew, choice.at(32)) > 128, ink(hebrew[::-1], forward) > 128)


@needs_fonts
def test_names_of_decomposed_letters_are_those_of_composed_ones():
    assert fit(unicodedata.normalize("NFD", "José"))[0] == "José"


def test_ascii_needs_no_font(no_fonts):
    drawn, choice = fit("Ann (2)")
    assert (drawn, choice.path) == ("Ann (2)", None)


@pytest.mark.parametrize(
    ("name", "legible"),
    [
        ("José Ñuñez", "Jose Nunez"),
        ("Jürgen Groß", "Jurgen Gross"),
        ("김철수", "GIMCEOLSU"),
        ("王小明", "U+738B U+5C0F U+660E"),
        ("たろう", "TAROU"),
    ],
)  # fmt: skip
def test_without_a_font_a_name_is_legible_and_one_sentence_says_so(no_fonts, name, legible):
    with pytest.warns(MissingLetters, match="no font on this machine has all letters") as told:
        drawn, choice = fit(name)
    assert (drawn, choice.path) == (legible, None)
    assert len(told) == 1


def test_without_raqm_a_sentence_says_that_the_direction_is_wrong(monkeypatch):
    if fit("Дa")[1].missing or not fonts._installed():
        pytest.skip("this machine has no fonts")
    monkeypatch.setattr(fonts, "_has_raqm", lambda: False)
    with pytest.warns(MissingLetters, match="from left to right"):
        fit("שרה")
