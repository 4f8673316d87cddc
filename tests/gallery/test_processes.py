"""Several processes at once, and one of them killed."""

from benchmarks.reliability.gallery_soak import soak


def test_four_writers_some_killed_lose_nothing_and_bring_nothing_back(tmp_path):
    problems, counts = soak(tmp_path, seconds=6, writers=4, kill_every_s=2, least=16)
    assert problems == []
    assert counts["kills"] >= 1
    assert counts["enrolments"] + counts["deletions"] >= 16
