"""Tracks, decisions and events in a world whose truth is known."""

import asyncio

import numpy as np
import pytest

from facegrid.errors import Unavailable
from orchestrator.pipeline.boxes import overlaps
from orchestrator.pipeline.track import SubjectCandidate
from orchestrator.pipeline.watch import Neighbours
from tests.pipeline.video_world import FRAME_MS, SIDE, THRESHOLD, Actor, World, gallery, watch


def run(world, frames, *known, every=5):
    return asyncio.run(watch(world, frames, gallery(*known), every=every))


@pytest.mark.parametrize("every", [1, 5, 12])
def test_a_moving_person_is_one_track_that_stays_on_the_face(every):
    ann = Actor("ann", (20, 60), (4, 1))
    report = run(World(ann), 50, "ann", every=every)
    assert report.ended == [("ann", 0, 49)]
    for frame, boxes in enumerate(report.boxes):
        [box] = boxes.values()
        assert overlaps(box[None], ann.box(frame)[None], "union")[0, 0] > 0.8
    assert report.events == [("entered", "ann", 0), ("left", "ann", 49)]


def test_faces_are_looked_for_when_due_and_at_once_when_a_shot_or_a_person_is_new():
    late = Actor("bob", (200, 150), frames=range(18, 60))
    report = run(World(Actor("ann", (20, 60), (2, 1)), late), 41, "ann", "bob", every=10)
    assert report.looks == [0, 1, 2, 3, 4, 10, 20, 21, 22, 23, 24, 30, 40]
    assert run(World(), 25, every=10).looks == [0, 1, 2, 10, 20]


def test_somebody_who_is_not_found_again_is_not_looked_for_for_long():
    ann = Actor("ann", (20, 60), frames=range(3))
    stays = Actor("bob", (20, 60), frames=range(3, 60), score=0.5)
    looks = run(World(ann, stays), 60, "ann", every=30).looks
    assert len(looks) < 20


@pytest.mark.parametrize("every", [2, 5])
def test_two_who_cross_keep_their_tracks(every):
    ann, bob = Actor("ann", (20, 80), (5, 0)), Actor("bob", (250, 90), (-5, 0))
    report = run(World(ann, bob), 46, "ann", "bob", every=every)
    assert sorted(report.ended) == [("ann", 0, 45), ("bob", 0, 45)]
    assert sorted(report.events) == [
        ("entered", "ann", 0),
        ("entered", "bob", 0),
        ("left", "ann", 45),
        ("left", "bob", 45),
    ]


def test_somebody_who_passes_behind_another_goes_on_as_the_same_track():
    ann, wall = Actor("ann", (10, 80), (4, 0)), Actor("bob", (150, 80))
    report = run(World(ann, wall), 60, "ann", "bob")
    assert sorted(report.ended) == [("ann", 0, 59), ("bob", 0, 59)]


def test_a_cut_ends_tracks_at_once_and_nobody_who_stays_leaves():
    before, after = Actor("ann", (40, 60), frames=range(23)), Actor("ann", (200, 120), frames=range(23, 60))
    report = run(World(before, after, cuts=(23,)), 60, "ann")
    assert report.ended == [("ann", 0, 22), ("ann", 23, 59)]
    assert [frame for frame, view in enumerate(report.views) if view.shot_cut] == [0, 23]
    assert 23 in report.looks
    assert report.events == [("entered", "ann", 0), ("left", "ann", 59)]


def test_another_person_in_the_same_place_after_a_cut_is_another_track():
    world = World(Actor("ann", (40, 60), frames=range(23)), Actor("bob", (40, 60), frames=range(23, 90)), cuts=(23,))
    report = run(world, 90, "ann", "bob")
    assert report.ended == [("ann", 0, 22), ("bob", 23, 89)]
    # Leaving is told later than entering: until then she may come back.
    assert report.events == [("entered", "ann", 0), ("entered", "bob", 23), ("left", "ann", 22), ("left", "bob", 89)]


def test_another_person_in_the_same_place_without_a_cut_is_another_track():
    world = World(Actor("ann", (40, 60), frames=range(23)), Actor("bob", (40, 60), frames=range(23, 60)))
    report = run(world, 60, "ann", "bob")
    assert [subject for subject, _, _ in report.ended] == ["ann", "bob"]
    assert report.ended[1][1] <= 25


def test_somebody_who_is_away_for_long_leaves_and_enters_again_in_the_same_shot():
    ann = Actor("ann", (40, 60), frames=range(20))
    back = Actor("ann", (200, 100), frames=range(80, 120))
    report = run(World(ann, back), 120, "ann")
    assert report.ended == [("ann", 0, 119)], "one track for one person in one shot"
    kinds = [(kind, subject) for kind, subject, _ in report.events]
    assert kinds == [("entered", "ann"), ("left", "ann"), ("entered", "ann"), ("left", "ann")]
    assert report.events[2][2] == 80


def test_strangers_are_unknown_and_told_once():
    report = run(World(Actor("eve", (40, 60), (2, 0))), 40, "ann", "bob")
    assert report.ended == [(None, 0, 39)]
    assert report.events == [("entered", None, 0), ("left", None, 39)]


def test_somebody_who_is_recognised_in_the_fifth_picture_never_was_unknown():
    distances = [0.62, 0.61, 0.61, 0.55]  # of the mean of 2, 3, 4 and 5 pictures; the threshold is 0.6

    async def search(vectors):
        return Neighbours(
            [(SubjectCandidate("ann", distances.pop(0) if distances else 0.5),)] * len(vectors), THRESHOLD
        )

    report = asyncio.run(watch(World(Actor("ann", (40, 60))), 20, search))
    assert report.events == [("entered", "ann", 0), ("left", "ann", 19)]


def test_a_track_keeps_its_name_a_little_beyond_the_threshold():
    distances = [0.59, 0.62, 0.62, 0.629, 0.631]

    async def search(vectors):
        return Neighbours(
            [(SubjectCandidate("ann", distances.pop(0) if distances else 0.5),)] * len(vectors), THRESHOLD
        )

    views = asyncio.run(watch(World(Actor("ann", (40, 60))), 6, search)).views
    told = [(frame, one.decision.subject) for frame, view in enumerate(views) for one in view.decisions]
    assert told == [(1, "ann"), (5, None)]


def test_an_empty_gallery_knows_nobody():
    report = run(World(Actor("ann", (40, 60))), 12)
    assert report.ended == [(None, 0, 11)]
    assert report.ending.decisions[0].decision.distance is None


def test_two_in_view_are_never_the_same_subject():
    # Both are near ann; the nearer one gets the name.
    double = Actor("ann", (40, 60), noise=0.02)
    other = Actor("ann", (200, 60), noise=0.4)
    report = run(World(double, other), 30, "ann")
    assert sorted(subject or "" for subject, _, _ in report.ended) == ["", "ann"]
    for view in report.views:
        names = [track.decision.subject for track in view.tracks if track.decision and track.decision.subject]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("score", [0.94, 0.99])
def test_what_is_found_once_is_nobody(score):
    flash = Actor("flash", (40, 60), frames=range(10, 11), score=score)
    report = run(World(Actor("ann", (200, 100)), flash), 40, "ann")
    assert report.ended == [("ann", 0, 39)]


def test_unsure_faces_prolong_a_track_but_begin_none():
    weak = Actor("bob", (40, 60), score=0.94)
    assert run(World(weak), 40, "bob").ended == []
    sure_first = Actor("ann", (40, 60), frames=range(6))
    unsure_then = Actor("ann", (40, 60), frames=range(6, 60), score=0.85)
    assert run(World(sure_first, unsure_then), 60, "ann").ended == [("ann", 0, 59)]


def test_one_frame_is_a_video():
    report = run(World(Actor("ann", (40, 60)), Actor("eve", (200, 60))), 1, "ann")
    assert report.ended == [("ann", 0, 0), (None, 0, 0)]
    assert sorted(report.events, key=str) == sorted(
        [("entered", "ann", 0), ("entered", None, 0), ("left", "ann", 0), ("left", None, 0)], key=str
    )


def test_no_frame_at_all():
    report = run(World(), 0)
    assert (report.ending.decisions, report.ending.events) == ((), ())


def test_evidence_is_made_of_frames_that_were_looked_at():
    report = run(World(Actor("ann", (20, 60), (2, 0))), 100, "ann", every=4)
    [told] = report.ending.decisions
    assert len(told.decision.frames) == 10
    assert set(told.decision.frames) <= set(report.looks)


def test_a_gallery_that_fails_costs_its_frame_alone():
    world, search = World(Actor("ann", (40, 60))), gallery("ann")
    calls = 0

    async def failing(vectors):
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Unavailable("the gallery cannot be read")
        return await search(vectors)

    from orchestrator.pipeline.track import FrameStamp
    from orchestrator.pipeline.watch import VideoWatcher, sketch

    async def main():
        watching = VideoWatcher(failing, same_person=0.6, unit=False, top_k=1)
        failed, told = [], []
        for frame in range(10):

            async def look(frame=frame):
                return world.faces(frame)

            try:
                view = await watching.step(
                    sketch(world.image(frame)), FrameStamp(frame, frame * FRAME_MS), look, due=frame % 5 == 0
                )
                told += view.decisions
            except Unavailable:
                failed.append(frame)
        return failed, told

    failed, told = asyncio.run(main())
    assert failed == [1]
    assert [one.decision.subject for one in told] == ["ann"]
    assert told[0].first.frame == 0


def test_landmarks_follow_the_face_between_looks():
    ann = Actor("ann", (20, 60), (3, 1))
    report = asyncio.run(watch(World(ann), 10, gallery("ann"), every=9))
    track = report.views[8].tracks[0]
    np.testing.assert_allclose(track.landmarks - track.box[:2], ann_points(), atol=2)


def ann_points():
    from tests.pipeline.video_world import POINTS

    return POINTS * SIDE
