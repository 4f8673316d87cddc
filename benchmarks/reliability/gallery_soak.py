"""Is every acknowledged enrolment and deletion kept when several processes write at once and some are killed?

Each process enrols, searches and deletes its own subjects in one gallery. Every few seconds one of them is killed
(SIGKILL) in the middle of its work, and another takes its place. At the end the gallery is opened again and compared
with the acknowledged calls: an enrolled subject is present with all its faces, a deleted one is absent, and a call that
was cut off may have either result.

    python -m benchmarks.reliability.gallery_soak --seconds 60 --writers 4
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.common.machine import conditions
from benchmarks.common.paths import ROOT
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace

EMBEDDER = EmbedderVersion("soak", 1, 128)
FACES = 2


def main() -> int:
    """Runs writers for a time, checks, and prints what was done; 1 if something was lost or came back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=5.0, help="seconds between kills; 0: none")
    parser.add_argument("--writer", nargs=2, metavar=("GALLERY", "LOG"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.writer:
        asyncio.run(_write(args.writer[0], Path(args.writer[1])))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        problems, counts = soak(Path(folder), args.seconds, args.writers, args.kill_every)
    print(f"{args.writers} writers, {args.seconds:g} s: " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    print(conditions("pylance", "pyarrow"))
    print("\n".join(problems) or "nothing lost, nothing back, every search answered")
    return 1 if problems else 0


def soak(
    folder: Path, seconds: float, writers: int, kill_every_s: float, *, least: int = 1
) -> tuple[list[str], Counter[str]]:
    """Returns what was wrong at the end, one sentence each, and how often what was done.

    Args:
        folder: For the gallery and the writers' notes.
        seconds: How long the writers work.
        writers: Processes at a time.
        kill_every_s: Time between kills; 0: none is killed.
        least: Enrolments and deletions that there must be, however slow the machine.
    """
    gallery, logs = folder / "gallery", folder / "logs"
    logs.mkdir()
    running = [_Writer(gallery, logs / f"writer{n}.log") for n in range(writers)]
    counts: Counter[str] = Counter()
    problems: list[str] = []
    begin_s = killed_s = time.monotonic()
    try:
        while not problems and (
            time.monotonic() - begin_s < seconds
            or _done(logs) < least
            or (kill_every_s and not counts["kills"])  # a slow machine may not have had a process to kill yet
        ):
            time.sleep(0.05)
            at_work = [writer for writer in running if writer.has_begun()]
            if at_work and kill_every_s and time.monotonic() - killed_s > kill_every_s:
                victim = random.choice(at_work)
                victim.process.kill()
                victim.process.wait()
                counts["kills"] += 1
                running[running.index(victim)] = _Writer(gallery, logs / f"writer{writers + counts['kills']}.log")
                killed_s = time.monotonic()
            ended = [writer.process.poll() for writer in running]
            problems += [f"a writer ended by itself: {code}" for code in ended if code is not None]
    finally:
        for writer in running:
            writer.process.terminate()
        for writer in running:
            writer.process.wait(timeout=60)
    expected, unsure = _acknowledged(logs, counts, problems)
    problems += asyncio.run(_compare(gallery, expected, unsure))
    return problems, counts


class _Writer:
    """A process that enrols and deletes, and notes what it does."""

    def __init__(self, gallery: Path, log: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.reliability.gallery_soak", "--writer", str(gallery), str(log)]
        self.process = subprocess.Popen(command, cwd=ROOT)
        self._log = log

    def has_begun(self) -> bool:
        return self._log.exists() and self._log.stat().st_size > 0


def _done(logs: Path) -> int:
    return sum(log.read_text().count(event) for log in logs.iterdir() for event in ('"enrolled"', '"deleted"'))


async def _write(uri: str, log: Path) -> None:
    """Enrols, searches and deletes until SIGTERM; logs each call when it begins and when it is acknowledged."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    rng = np.random.default_rng(os.getpid())
    gallery = Gallery(uri)
    mine: list[str] = []
    with log.open("a", buffering=1) as notes:  # each line is the system's as soon as it is written

        def note(event: str, subject: str) -> None:
            notes.write(json.dumps([event, subject]) + "\n")

        number = 0
        while not stop.is_set():
            if mine and rng.random() < 0.4:
                subject = mine.pop(int(rng.integers(len(mine))))
                note("deleting", subject)
                await gallery.delete_subject(subject)
                note("deleted", subject)
                continue
            subject = f"{log.stem} {number}"
            number += 1
            vectors = rng.normal(size=(FACES, EMBEDDER.dimension)).astype(np.float32)
            faces = [NewFace(vector=v, score=0.99, face_px=100.0, chip=rng.bytes(4_000)) for v in vectors]
            note("enrolling", subject)
            await gallery.enroll(subject, faces, EMBEDDER)
            note("enrolled", subject)
            mine.append(subject)
            (found,) = await gallery.search(vectors[:1], EMBEDDER)
            note("found" if found.best[0].subject == subject else "not found", subject)
    await gallery.close()


def _acknowledged(logs: Path, counts: Counter[str], problems: list[str]) -> tuple[set[str], set[str]]:
    """Returns the subjects that must be there, and those whose last call was cut off."""
    state: dict[str, str] = {}
    for log in logs.iterdir():
        for line in log.read_text().splitlines():
            event, subject = json.loads(line)
            if event in {"found", "not found"}:
                counts["searches"] += 1
                if event == "not found":
                    problems.append(f"{subject} was not found right after its enrolment")
                continue
            counts["enrolments"] += event == "enrolled"
            counts["deletions"] += event == "deleted"
            state[subject] = event
    expected = {subject for subject, event in state.items() if event == "enrolled"}
    unsure = {subject for subject, event in state.items() if event in {"enrolling", "deleting"}}
    return expected, unsure


async def _compare(uri: Path, expected: set[str], unsure: set[str]) -> list[str]:
    gallery = Gallery(str(uri))
    there: dict[str, int] = {}
    token = ""
    while True:
        page = await gallery.subjects(page_size=1_000, page_token=token)
        there |= {subject.name: subject.faces for subject in page.subjects}
        token = page.next_page_token
        if not token:
            break
    await gallery.close()
    lost = [f"{name} was enrolled and is lost" for name in sorted(expected - there.keys())]
    back = [f"{name} was deleted and is back" for name in sorted(there.keys() - expected - unsure)]
    torn = [f"{name} has {n} faces of {FACES}" for name, n in there.items() if n != FACES]
    return lost + back + torn


if __name__ == "__main__":
    sys.exit(main())
