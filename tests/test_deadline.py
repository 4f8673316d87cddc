"""A deadline names what the request waits for, also where it waits for several things."""

import pytest

from facegrid.errors import DeadlineExceeded
from orchestrator.deadline import Deadline


def test_the_time_that_is_left_is_part_of_the_time_given():
    assert 0 < Deadline(60).remaining_s() <= 60


def test_a_deadline_that_has_passed_says_how_much_time_was_given():
    with pytest.raises(DeadlineExceeded, match=r"^not done within the 0 ms given$"):
        Deadline(0).remaining_s()


def test_the_last_thing_that_is_still_waited_for_is_named():
    deadline = Deadline(60)
    first, second = deadline.waiting_for("model pnet"), deadline.waiting_for("the gallery")
    first.__enter__()
    second.__enter__()
    assert str(deadline.exceeded()).endswith("it waited for the gallery")
    second.__exit__(None, None, None)
    assert str(deadline.exceeded()).endswith("it waited for model pnet")
    first.__exit__(None, None, None)
    assert "waited" not in str(deadline.exceeded())


def test_what_failed_stays_named():
    deadline = Deadline(60)
    with pytest.raises(TimeoutError), deadline.waiting_for("model pnet"):
        raise TimeoutError
    assert str(deadline.exceeded()).endswith("it waited for model pnet")
