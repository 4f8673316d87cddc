import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facegrid.errors import InvalidSubject
from orchestrator.gallery.subjects import normal_subject


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "Grace Hopper",
        "李小龙",
        "O'Brien",
        "x" * 256,
        "é" * 128,
        "محمد",
        "נועה",
        "علی\u200cرضا",  # noqa: RUF001 - Ali Reza
        'a"; DROP TABLE',
        "👩‍🚀",
    ],
)
def test_names_of_people_are_kept(name):
    assert normal_subject(name) == name


def test_two_ways_to_write_a_letter_are_one_name():
    assert normal_subject("Jose\u0301") == normal_subject("Jos\u00e9") == "Jos\u00e9"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "has 0 bytes, allowed are 1 to 256"),
        ("x" * 257, "has 257 bytes, allowed are 1 to 256"),
        ("é" * 129, "has 258 bytes"),
        ("x" * 10_240, "has 10240 bytes"),
        ("a\x00b", "U+0000 at 1"),
        ("a\nb", "U+000A at 1"),
        ("\x7f", "U+007F at 0"),
        ("a\u0085b", "U+0085 at 1"),
        ("a\u2028b", "U+2028 at 1"),
        ("a\u202eb", "U+202E at 1"),
        ("a\u2066b\u2069", "U+2066 at 1"),
        ("\ud800", "half of a surrogate pair at 0"),
        (" a", "white space at an end"),
        ("a\u00a0", "white space at an end"),
    ],
)
def test_a_name_that_is_not_allowed_is_refused_with_what_is_wrong(name, words):
    with pytest.raises(InvalidSubject) as caught:
        normal_subject(name)
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    caught.value.message.encode()


@given(st.text(max_size=300))
def test_a_name_is_refused_or_kept_in_a_form_that_stays(name):
    try:
        kept = normal_subject(name)
    except InvalidSubject:
        return
    assert kept == normal_subject(kept) == unicodedata.normalize("NFC", name)
    assert 1 <= len(kept.encode()) <= 256
    assert kept.isprintable() or any(unicodedata.category(c) in {"Cf", "Zs", "Co", "Cn"} for c in kept)
