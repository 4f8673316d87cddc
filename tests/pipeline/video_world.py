"""A world of moving pictures whose truth is known: textured squares with a vector each, on a textured ground."""

from dataclasses import dataclass

import cv2
import numpy as np

from orchestrator.pipeline.track import FrameFaces, FrameStamp, SubjectCandidate
from orchestrator.pipeline.watch import Neighbours, VideoWatcher, sketch
from orchestrator.types import Detections

WIDTH, HEIGHT, SIDE = 320, 240, 48
FRAME_MS = 40
THRESHOLD = 0.6
POINTS = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.55], [0.35, 0.75], [0.65, 0.75]], np.float32)


def texture(seed: int, height: int, width: int) -> np.ndarray:
    """Blotches of a few pixels, in colour."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 3 + 2, width // 3 + 2, 3), np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def vector_of(name: str) -> np.ndarray:
    """Of people, at a distance of about 1 from each other."""
    seed = sum(ord(letter) * 31**place for place, letter in enumerate(name))
    vector = np.random.default_rng(seed).normal(size=128)
    return (vector / np.linalg.norm(vector) * 0.71).astype(np.float32)


@dataclass
class Actor:
    """A square that moves in a straight line, and is in view in some frames."""

    name: str
    start: tuple[float, float]
    step: tuple[float, float] = (0, 0)
    frames: range = range(10_000)
    noise: float = 0.02
    score: float = 0.99

    def at(self, frame: int) -> tuple[int, int]:
        return round(self.start[0] + self.step[0] * frame), round(self.start[1] + self.step[1] * frame)

    def box(self, frame: int) -> np.ndarray:
        x, y = self.at(frame)
        return np.array([x, y, x + SIDE, y + SIDE], np.float32)


class World:
    """Frames of actors; later ones stand in front."""

    def __init__(self, *actors: Actor, cuts: tuple[int, ...] = ()) -> None:
        self.actors, self.cuts = actors, cuts

    def image(self, frame: int) -> np.ndarray:
        shot = sum(frame >= cut for cut in self.cuts)
        image = texture(1000 + shot, HEIGHT, WIDTH) // 2 + np.uint8(90 * (shot % 2))
        # Large patches, too: a thumbnail sees nothing else.
        image = image // 2 + cv2.resize(texture(2000 + shot, 12, 12), (WIDTH, HEIGHT)) // 2
        for actor in self.actors:
            if frame in actor.frames:
                _paste(image, texture(len(actor.name) + ord(actor.name[0]), SIDE, SIDE), *actor.at(frame))
        return image

    def faces(self, frame: int) -> FrameFaces:
        """Those that are wholly inside and not half behind another."""
        seen = [actor for place, actor in enumerate(self.actors) if self._visible(place, frame)]
        rng = np.random.default_rng(frame)
        boxes = np.array([actor.box(frame) for actor in seen], np.float32).reshape(-1, 4)
        vectors = [vector_of(actor.name) + rng.normal(size=128) * actor.noise / 11 for actor in seen]
        found = Detections(
            boxes,
            np.array([actor.score for actor in seen], np.float32),
            boxes[:, None, :2] + SIDE * POINTS,
        )
        return FrameFaces(found, np.array(vectors, np.float32).reshape(-1, 128))

    def _visible(self, place: int, frame: int) -> bool:
        actor = self.actors[place]
        box = actor.box(frame)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT
        front = [other.box(frame) for other in self.actors[place + 1 :] if frame in other.frames]
        return frame in actor.frames and bool(inside) and all(_covered(box, other) < 0.5 for other in front)


def _paste(image: np.ndarray, patch: np.ndarray, x: int, y: int) -> None:
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + SIDE, WIDTH), min(y + SIDE, HEIGHT)
    if left < right and top < bottom:
        image[top:bottom, left:right] = patch[top - y : bottom - y, left - x : right - x]


def _covered(box: np.ndarray, other: np.ndarray) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0) * max(height, 0) / SIDE**2


@dataclass
class Report:
    """What a watch said, frame by frame."""

    views: list
    ending: object
    looks: list[int]

    @property
    def events(self) -> list[tuple[str, str | None, int]]:
        every = [event for view in [*self.views, self.ending] for event in view.events]
        return [(event.kind.value, event.subject, event.at.frame) for event in every]

    @property
    def ended(self) -> list[tuple[str | None, int, int]]:
        """Subject, first and last frame of each track that has a decision."""
        told = [one for view in [*self.views, self.ending] for one in view.decisions if one.ended]
        return [(one.decision.subject, one.first.frame, one.last.frame) for one in sorted(told, key=lambda t: t.track)]


def gallery(*names: str):
    """A search among people."""

    async def search(vectors):
        near = [
            sorted(
                (SubjectCandidate(n, float(np.linalg.norm(v - vector_of(n)))) for n in names), key=lambda c: c.distance
            )
            for v in vectors
        ]
        return Neighbours([tuple(candidates) for candidates in near], THRESHOLD)

    return search


async def watch(world: World, frames: int, search, *, every: int = 5) -> Report:
    """Watches the first frames of a world."""
    watching = VideoWatcher(search, same_person=THRESHOLD, unit=False, top_k=3)
    views, looks, boxes = [], [], []
    for frame in range(frames):

        async def look(frame=frame):
            looks.append(frame)
            return world.faces(frame)

        view = await watching.step(
            sketch(world.image(frame)), FrameStamp(frame, frame * FRAME_MS), look, due=frame % every == 0
        )
        views.append(view)
        boxes.append({track.number: track.box.copy() for track in view.tracks})
    report = Report(views, await watching.finish(), looks)
    report.boxes = boxes
    return report
