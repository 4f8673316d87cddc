"""How fast is the gallery, how often is the nearest face found, and what does size cost?

Faces are made as the embedder's are measured to be: vectors of norm 1.5 about a common mean, different people 0.9
apart, faces of one person 0.4 apart, in directions of unlike width. Truth is numpy's exact search. Times are of
`Gallery.search` and `Gallery.enroll`, event loop and threads included.

    python -m benchmarks.speed.gallery large --faces 1000000
    python -m benchmarks.speed.gallery growth --enrolments 10000
    python -m benchmarks.speed.gallery crossover
    python -m benchmarks.speed.gallery memory
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.common.machine import conditions
from orchestrator.gallery import index
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.housekeeping import tidy
from orchestrator.gallery.parts import Parts, open_parts
from orchestrator.gallery.rows import face_rows
from orchestrator.gallery.types import EmbedderVersion, NewFace
from orchestrator.types import Floats

EMBEDDER = EmbedderVersion("synthetic", 1, 128)
FACES_A_PERSON = 4
QUERIES = 300
_BATCH = 65_536
_PERSON_SPREAD, _FACE_SPREAD, _MEAN_NORM = 0.63, 0.28, 1.32


class Crowd:
    """People that vectors are drawn of; the same seed gives the same people.

    Args:
        people: How many.
        seed: Of everything random.
    """

    def __init__(self, people: int, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        mean = self._rng.normal(size=EMBEDDER.dimension)
        self._mean = (mean * _MEAN_NORM / np.linalg.norm(mean)).astype(np.float32)
        self._person_axes = self._axes(_PERSON_SPREAD, decay=32)
        self._face_axes = self._axes(_FACE_SPREAD, decay=64)
        self.people = self.strangers(people)

    def strangers(self, count: int) -> Floats:
        """Returns `count` people who are not in the crowd, [count, 128]."""
        return self._draw(count) @ self._person_axes + self._mean

    def faces(self, who: Floats) -> Floats:
        """Returns a face of each of these people, [N, 128]."""
        return who + self._draw(len(who)) @ self._face_axes

    def _draw(self, count: int) -> Floats:
        return self._rng.standard_normal((count, EMBEDDER.dimension), dtype=np.float32)

    def _axes(self, spread: float, *, decay: float) -> Floats:
        widths = np.exp(-np.arange(EMBEDDER.dimension) / decay)
        directions, _ = np.linalg.qr(self._rng.normal(size=(EMBEDDER.dimension, EMBEDDER.dimension)))
        axes: Floats = (spread / np.linalg.norm(widths) * widths[:, None] * directions.T).astype(np.float32)
        return axes


def main() -> int:
    """Prints the answers to one of the questions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("question", choices=("large", "growth", "crossover", "memory"))
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--enrolments", type=int, default=10_000)
    args = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        if args.question == "large":
            console.print(asyncio.run(_large(Path(folder), args.faces)))
        elif args.question == "growth":
            console.print(asyncio.run(_growth(Path(folder), args.enrolments)))
        elif args.question == "crossover":
            console.print(asyncio.run(_crossover(Path(folder))))
        else:
            console.print(asyncio.run(_memory(Path(folder))))
    console.print(conditions("pylance", "pyarrow", "numpy"))
    return 0


async def _large(folder: Path, faces: int) -> Grid:
    crowd = Crowd(faces // FACES_A_PERSON)
    vectors = crowd.faces(np.repeat(crowd.people, FACES_A_PERSON, axis=0))
    parts = open_parts(str(folder))
    grid = Grid("measure", "value")
    grid.add_row("norm of a vector", f"{np.linalg.norm(vectors, axis=1).mean():.2f}")
    grid.add_row("fill", f"{_timed(lambda: _fill(parts, vectors)):.0f} s")
    grid.add_row("build the index", f"{_timed(lambda: tidy(parts.registry, parts.locks)):.0f} s")
    gallery = Gallery(str(folder))
    known = crowd.faces(crowd.people[np.random.default_rng(2).integers(len(crowd.people), size=QUERIES)])
    for name, queries in (("enrolled people", known), ("strangers", crowd.faces(crowd.strangers(QUERIES)))):
        times_ms, found = await _search_all(gallery, queries)
        right = np.mean([abs(a - b) < 1e-4 for a, b in zip(found, _nearest(vectors, queries), strict=True)])
        grid.add_row(f"search for {name}", f"p50 {_p(times_ms, 50):.1f} ms, p95 {_p(times_ms, 95):.1f} ms")
        grid.add_row(f"recall@1 for {name}", f"{right:.4f}")
    times_ms = [1e3 * await _enroll(gallery, f"new {n}", crowd.faces(crowd.strangers(1))) for n in range(20)]
    grid.add_row("enrol a face", f"p50 {_p(times_ms, 50):.0f} ms")
    begin_s = time.perf_counter()
    await gallery.delete_subject("person 7")
    grid.add_row("delete a person, bytes included", f"{time.perf_counter() - begin_s:.1f} s")
    begin_s = time.perf_counter()
    await gallery.subjects(page_size=1_000)
    grid.add_row("list 1000 subjects", f"{time.perf_counter() - begin_s:.1f} s")
    grid.add_row("memory of this process, without its own vectors", f"{_rss_mb() - vectors.nbytes / 1e6:.0f} MB")
    await gallery.close()
    return grid


async def _growth(folder: Path, enrolments: int) -> Grid:
    crowd = Crowd(enrolments)
    faces = crowd.faces(crowd.people)
    gallery = Gallery(str(folder))
    grid = Grid("faces", "enrol p50 ms", "search p50 ms", "files of faces")
    steps = 5
    for step in range(steps):
        done = range(step * enrolments // steps, (step + 1) * enrolments // steps)
        times_ms = [1e3 * await _enroll(gallery, f"person {n}", faces[n : n + 1]) for n in done]
        searches_ms, _ = await _search_all(gallery, crowd.faces(crowd.people[:100]))
        grid.add_row(f"{done.stop}", f"{median(times_ms):.1f}", f"{median(searches_ms):.1f}", f"{_files(folder)}")
    await gallery.close()
    return grid


async def _crossover(folder: Path) -> Grid:
    grid = Grid("faces", "exact p50 ms", "index p50 ms", "build s")
    for faces in (1_000, 2_500, 5_000, 10_000, 20_000, 40_000, 80_000):
        crowd = Crowd(faces // FACES_A_PERSON)
        vectors = crowd.faces(np.repeat(crowd.people, FACES_A_PERSON, axis=0))
        place = folder / str(faces)
        parts = open_parts(str(place))
        _fill(parts, vectors)
        gallery = Gallery(str(place))
        queries = crowd.faces(crowd.people[:100])
        exact_ms, _ = await _search_all(gallery, queries)
        index.INDEX_FROM_FACES = 0  # the question is what it should be
        build_s = _timed(lambda parts=parts: tidy(parts.registry, parts.locks))  # type: ignore[misc]
        indexed_ms, _ = await _search_all(gallery, queries)
        await gallery.close()
        grid.add_row(f"{faces}", f"{median(exact_ms):.1f}", f"{median(indexed_ms):.1f}", f"{build_s:.1f}")
    return grid


async def _memory(folder: Path) -> Grid:
    grid = Grid("after", "memory MB", "threads")

    def row(after: str) -> None:
        grid.add_row(after, f"{_rss_mb():.0f}", f"{_count(Path('/proc/self/task'))}")

    row("importing orchestrator.gallery.gallery, numpy and pyarrow")
    gallery = Gallery(str(folder))
    begin_s = time.perf_counter()
    await gallery.active()
    row(f"the first call, {1e3 * (time.perf_counter() - begin_s):.0f} ms")
    crowd = Crowd(100)
    for n in range(50):
        await _enroll(gallery, f"person {n}", crowd.faces(crowd.people[n : n + 1]))
    row("50 enrolments")
    await _search_all(gallery, crowd.faces(crowd.people))
    row("100 searches")
    grid.add_row("files open", f"{_count(Path('/proc/self/fd'))}", "")
    await gallery.close()
    return grid


def _fill(parts: Parts, vectors: Floats) -> None:
    now = datetime.now(UTC)
    table = parts.registry.require(EMBEDDER, now=now)
    for start in range(0, len(vectors), _BATCH):
        faces = [NewFace(vector=vector, score=0.99, face_px=100.0) for vector in vectors[start : start + _BATCH]]
        rows = face_rows("-", faces, EMBEDDER, now)
        names = [f"person {n // FACES_A_PERSON}" for n in range(start, start + len(faces))]
        table.append(rows.set_column(0, rows.schema.field(0), [names]))


async def _enroll(gallery: Gallery, subject: str, vectors: Floats) -> float:
    """Returns how long it took to enrol these faces with chips of 4 kB, in seconds."""
    chips = np.random.default_rng().bytes(4_096)
    faces = [NewFace(vector=vector, score=0.99, face_px=100.0, chip=chips) for vector in vectors]
    begin_s = time.perf_counter()
    await gallery.enroll(subject, faces, EMBEDDER)
    return time.perf_counter() - begin_s


async def _search_all(gallery: Gallery, queries: Floats) -> tuple[list[float], list[float]]:
    """Returns for each query how long its search took, in milliseconds, and the distance that was found."""
    await gallery.search(queries[:10], EMBEDDER)  # what is read once is read
    times_ms, found = [], []
    for query in queries:
        begin_s = time.perf_counter()
        (matches,) = await gallery.search(query[None], EMBEDDER)
        times_ms.append(1e3 * (time.perf_counter() - begin_s))
        found.append(matches.best[0].distance)
    return times_ms, found


def _nearest(vectors: Floats, queries: Floats) -> list[float]:
    squares = (vectors**2).sum(1)
    nearest = [vectors[np.argmin(squares - 2 * vectors @ query)] for query in queries]
    return [float(np.linalg.norm(a.astype(np.float64) - b)) for a, b in zip(nearest, queries, strict=True)]


def _timed(work: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    work()
    return time.perf_counter() - begin_s


def _files(gallery: Path) -> int:
    return len(list(gallery.glob("faces-*/data/*")))


def _count(folder: Path) -> int:
    return len(list(folder.iterdir()))


def _p(times_ms: list[float], percent: float) -> float:
    return float(np.percentile(times_ms, percent))


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    sys.exit(main())
