"""Faces from frame to frame: one track for each person in view, within one shot.

A track begins with a face of a high score. It lasts while the face is found again, or can be followed in between. What
is found once and not again was not a face, and is dropped. A track whose face can no longer be followed is lost, and
goes on when the same face comes back within the shot.

Only faces of a high score begin tracks, all others prolong them: Zhang et al., "ByteTrack: Multi-Object
Tracking by Associating Every Detection Box" (ECCV 2022), section 3.
"""

from collections.abc import Sequence

import numpy as np

from orchestrator.pipeline.assignment import best_pairs
from orchestrator.pipeline.associate import MIN_IOU, associate, distances_between
from orchestrator.pipeline.boxes import areas, clip, overlaps
from orchestrator.pipeline.evidence import Evidence, FaceSample, quality_of
from orchestrator.pipeline.follow import Followed
from orchestrator.pipeline.track import FrameFaces, FrameStamp, Track
from orchestrator.types import Detections, Floats

START_SCORE = 0.95
"""Least score of a face that begins a track."""

MAX_UNFOUND_MS = 1_000
"""How long a face may be followed without being found; after longer, the flow may follow something else."""

MAX_LOST_MS = 30_000
"""How long a lost track waits for its face to come back."""

ENOUGH_SAMPLES = 5
"""Samples after which a new track needs no extra frames, and its person may be reported as unknown."""

NEW_MS = 500
"""How long a track is new: until it has enough samples, faces are looked for in every frame."""

_MIN_INSIDE = 0.5
"""Least part of a box inside the frame."""

_HIDDEN_IOU = 0.5
"""Overlap from which a face that is not found counts as hidden or replaced by one that is."""


class Tracker:
    """The tracks of one video.

    Args:
        threshold: Distance up to which two vectors are taken for one person.
        unit: Whether vectors have length 1.
    """

    def __init__(self, *, threshold: float, unit: bool) -> None:
        self._threshold = threshold
        self._unit = unit
        self._begun = 0
        self.in_view: list[Track] = []
        """By ascending number."""
        self.lost: list[Track] = []
        """Tracks of this shot that may go on."""

    @property
    def boxes(self) -> Floats:
        """Boxes of the tracks in view [N, 4]."""
        return _boxes(self.in_view)

    def needs_detection(self, now: FrameStamp) -> bool:
        """Returns whether a track in view is new: a few more frames show whether it is a face, and whose."""
        return any(
            len(track.evidence) < ENOUGH_SAMPLES and now.timestamp_ms - track.first.timestamp_ms <= NEW_MS
            for track in self.in_view
        )

    def end_shot(self) -> list[Track]:
        """Ends all tracks and returns them."""
        ended = [*self.in_view, *self.lost]
        self.in_view, self.lost = [], []
        for track in ended:
            track.ended = track.confirmed = True
        return ended

    def end_lost(self, now: FrameStamp) -> list[Track]:
        """Ends the tracks that were lost too long ago and returns them."""
        ended = [track for track in self.lost if now.timestamp_ms - track.last.timestamp_ms > MAX_LOST_MS]
        self.lost = [track for track in self.lost if track not in ended]
        for track in ended:
            track.ended = True
            if track.decision and track.decision.subject is not None:
                for other in [*self.in_view, *self.lost]:
                    if track.number in other.met:
                        other.taken.add(track.decision.subject)
        return ended

    def move(self, followed: Followed, now: FrameStamp, *, width_px: int, height_px: int) -> bool:
        """Moves the tracks in view into the next frame of the shot; returns whether one was lost.

        Args:
            followed: Where their boxes went, in their order.
            now: The frame.
            width_px: Of the frame.
            height_px: Of the frame.
        """
        inside = areas(clip(followed.boxes, width_px=width_px, height_px=height_px))
        visible = np.asarray(inside >= _MIN_INSIDE * areas(followed.boxes))
        gone = []
        for track, box, going_on in zip(self.in_view, followed.boxes, (followed.sound & visible).tolist(), strict=True):
            if going_on and now.timestamp_ms - track.found_last.timestamp_ms <= MAX_UNFOUND_MS:
                track.landmarks = _carried(track.landmarks, track.box, box)
                track.box, track.last = box, now
            else:
                gone.append(track)
        self._lose(gone)
        return bool(gone)

    def update(self, faces: FrameFaces, now: FrameStamp) -> list[int]:
        """Gives the faces found to the tracks in their places, then to absent tracks of the same face.

        Args:
            faces: All faces of the frame.
            now: The frame that the tracks in view were followed into.

        Returns:
            Positions of the faces without a track that may begin one, with `begin`.
        """
        found = faces.found
        apart = self._distances(self.in_view, faces)
        pairs = associate(_boxes(self.in_view), found.boxes, apart, threshold=self._threshold)
        matched = {int(column): self.in_view[row] for row, column in pairs}
        free = [position for position in range(len(found)) if position not in matched]
        absent = [track for track in self.in_view if track not in matched.values()] + self.lost
        alike = self._threshold - self._distances(absent, faces)[:, free]
        matched |= {free[column]: absent[row] for row, column in best_pairs(alike)}
        samples = _samples(faces, now)
        for position, track in matched.items():
            _put(track, found, position, samples[position], now)
        self._sort_out(set(matched.values()), found)
        return [position for position in free if position not in matched and self._may_begin(found, position)]

    def begin(self, faces: FrameFaces, position: int, now: FrameStamp, *, absent: Track | None = None) -> None:
        """Begins a track with a face.

        Args:
            faces: All faces of the frame.
            position: Of the face; `update` gave it.
            now: The frame.
            absent: A track of `absent` that is known to be the same person's; it goes on instead.
        """
        found, sample = faces.found, _samples(faces, now)[position]
        if absent is not None:
            _put(absent, found, position, sample, now)
            self._show({*self.in_view, absent})
            return
        self._begun += 1
        box, landmarks, score = found.boxes[position], found.landmarks[position], float(found.scores[position])
        track = Track(self._begun, now, now, now, box, landmarks, score, Evidence(unit=self._unit))
        track.evidence.add(sample)
        self._show({*self.in_view, track})

    def absent(self, now: FrameStamp) -> list[Track]:
        """Returns the tracks of this shot whose faces were not found in the frame."""
        return [track for track in self.in_view if track.found_last != now] + self.lost

    def _sort_out(self, matched: set[Track], found: Detections) -> None:
        """Drops what was found only once; loses the tracks hidden by another face."""
        others = [track for track in self.in_view if track not in matched and track.confirmed]
        sure = found.boxes[found.scores >= START_SCORE]
        covered = overlaps(_boxes(others), sure, by="union").max(axis=1, initial=0)
        gone = [track for track, iou in zip(others, covered, strict=True) if iou > _HIDDEN_IOU]
        stay = [track for track in others if track not in gone]
        self.lost = [track for track in self.lost if track not in matched and track.confirmed]
        self._show({*matched, *stay})
        self._lose(gone)

    def _may_begin(self, found: Detections, position: int) -> bool:
        """Returns whether a face has a high score, and is not in the place of a track."""
        box = found.boxes[position : position + 1]
        in_place = (overlaps(box, _boxes(self.in_view), by="union") >= MIN_IOU).any()
        return bool(found.scores[position] >= START_SCORE and not in_place)

    def _show(self, tracks: set[Track]) -> None:
        """Makes these the tracks in view, and notes that they have met."""
        self.in_view = sorted(tracks, key=lambda track: track.number)
        numbers = {track.number for track in tracks}
        self.lost = [track for track in self.lost if track.number not in numbers]
        for track in tracks:
            track.met |= numbers - {track.number}

    def _lose(self, tracks: Sequence[Track]) -> None:
        self.in_view = [track for track in self.in_view if track not in tracks]
        self.lost = [*self.lost, *tracks]

    def _distances(self, tracks: Sequence[Track], faces: FrameFaces) -> Floats:
        """Returns the distance of each track from each face [T, N]."""
        if not tracks:
            return np.empty((0, len(faces.found)), np.float32)
        return distances_between(np.stack([track.evidence.vector() for track in tracks]), faces.vectors)


def _boxes(tracks: Sequence[Track]) -> Floats:
    return np.array([track.box for track in tracks], dtype=np.float32).reshape(-1, 4)


def _samples(faces: FrameFaces, now: FrameStamp) -> list[FaceSample]:
    found = faces.found
    qualities = quality_of(found.boxes, found.scores, found.landmarks)
    return [FaceSample(now.frame, float(one), vector) for one, vector in zip(qualities, faces.vectors, strict=True)]


def _put(track: Track, found: Detections, position: int, sample: FaceSample, now: FrameStamp) -> None:
    """Gives the face at `position` to the track."""
    track.box, track.landmarks = found.boxes[position], found.landmarks[position]
    track.score, track.last, track.found_last = float(found.scores[position]), now, now
    track.confirmed = track.fresh = True
    track.evidence.add(sample)


def _carried(points: Floats, before: Floats, after: Floats) -> Floats:
    """Returns points [5, 2], moved from the first box to the same places in the second."""
    scale = (after[2:] - after[:2]) / np.maximum(before[2:] - before[:2], 1e-6)
    carried: Floats = (after[:2] + (points - before[:2]) * scale).astype(np.float32)
    return carried
