"""When frames are shown, and which are whole, by rules that need no file."""

from dataclasses import dataclass
from fractions import Fraction

import pytest

pytest.importorskip("av")

from av.video.frame import PictureType

from facegrid.media.video.damage import DamageFilter
from facegrid.media.video.times import FrameTimes

RATE = Fraction(25)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ([5.0, 5.04, 5.08], [0, 0.04, 0.08]),
        ([None, None, None], [0, 0.04, 0.08]),
        ([-0.08, -0.04, 0.0], [0, 0.04, 0.08]),
        ([7.0, None, 7.08, None], [0, 0.04, 0.08, 0.12]),
        ([None, None, 9.0, 9.5], [0, 0.04, 0.08, 0.58]),
        ([1.0, 1.04, 0.0, 0.04], [0, 0.04, 0.08, 0.12]),
        ([1.0, 1.04, 1.02, 1.08], [0, 0.04, 0.04, 0.08]),
        ([1.0, 1.0, 1.0], [0, 0, 0]),
        ([0.0, 100.0, 100.04], [0, 100, 100.04]),
    ],
    ids=["plain", "none", "negative", "some", "late", "jump back", "out of order", "equal", "pause"],
)
def test_times_start_at_zero_and_never_fall(source, shown):
    times = FrameTimes(RATE)
    assert [times.next(one) for one in source] == pytest.approx(shown)


def test_a_clock_that_may_jump_is_not_believed_when_it_leaps():
    times = FrameTimes(RATE)
    shown = [times.next(one, may_jump=True) for one in (1.0, 1.04, 5.0, 9000.0, 9000.04)]
    assert shown == pytest.approx([0, 0.04, 4, 4.04, 4.08])


def test_a_source_that_was_opened_again_goes_on_after_the_pause():
    times = FrameTimes(RATE)
    assert [times.next(one) for one in (3.0, 3.04)] == pytest.approx([0, 0.04])
    times.resume(7.0, Fraction(10))
    assert [times.next(one) for one in (3.0, 3.1)] == pytest.approx([7.1, 7.2], abs=0.05)


@dataclass
class Decoded:
    """What is asked of a decoded frame."""

    number: int
    pict_type: PictureType
    key_frame: bool


def sifted(kinds, damaged=()):
    """Returns the numbers of the frames that are let through, and the number of those that are not.

    Args:
        kinds: A letter for each frame, K: key frame.
        damaged: Numbers of the frames that the decoder marks.
    """
    sieve = DamageFilter()
    whole = []
    for number, kind in enumerate(kinds):
        frame = Decoded(number, PictureType["I" if kind == "K" else kind], kind == "K")
        whole += sieve.sift(frame, number / 25, is_damaged=number in damaged)
    whole += sieve.rest()
    return [frame.number for _, frame in whole], sieve.damaged


def test_damage_lasts_until_the_next_key_frame():
    assert sifted("KPPPKPP") == ([0, 1, 2, 3, 4, 5, 6], 0)
    assert sifted("KPPPKPP", {1}) == ([0, 4, 5, 6], 3)
    assert sifted("KPPPKPP", {4}) == ([0, 1, 2, 3], 3)


def test_b_frames_before_a_damaged_one_are_made_from_it():
    assert sifted("KBBPBBPKP", {6}) == ([0, 1, 2, 3, 7, 8], 3)
    assert sifted("KPBBKP", {4}) == ([0, 1], 4)


def test_b_frames_alone_are_let_through():
    sieve = DamageFilter()
    released = [sieve.sift(Decoded(n, PictureType.B, False), n / 25, is_damaged=False) for n in range(100)]
    assert sum(map(len, released)) == 96


def test_without_key_frames_the_picture_is_believed_after_ten_seconds():
    numbers, damaged = sifted("K" + "P" * 600, {1})
    assert numbers[:2] == [0, 252]
    assert damaged == 251
