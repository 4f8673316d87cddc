"""Are the people in a video recognised, with how many tracks, and at how many frames a second?

Enrols the portraits of the evaluation clip and sends its frames through the client to the plain host, whose networks
run in this process, unless --target names a running service. Prints in Markdown the names found in each shot, for
several n of "look for faces in every n-th frame". For clips whose people have no names it prints the tracks.

    python -m benchmarks.accuracy.video
    python -m benchmarks.accuracy.video --every 5 --target 127.0.0.1:9000
"""

import argparse
import asyncio
import io
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

import facegrid
from benchmarks.common.in_process import InProcessPredictor
from benchmarks.common.machine import conditions
from benchmarks.common.paths import add_data_option
from facegrid.answers.video import TrackDecision, VideoSummary
from facegrid.media.video.reader import VideoReader
from orchestrator.api.face_service import FaceService
from orchestrator.api.grpc_host import GrpcHost
from orchestrator.gallery.gallery import Gallery
from orchestrator.settings import Settings

_EVERY = (1, 5, 10)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.video",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_option(parser, "video")
    parser.add_argument("--models-dir", type=Path, default=Path("models"), help="what `facegrid export` wrote")
    parser.add_argument("--target", help="HOST:PORT of a running service with an empty gallery")
    parser.add_argument("--every", type=int, action="append", help="look for faces in every n-th frame (repeatable)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Prints the tables; returns 2 where the clip is absent."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not (args.data / "video.json").exists():
        print(f"no video.json in {args.data}", file=sys.stderr)
        return 2
    clip, *nameless = json.loads((args.data / "video.json").read_text())
    frames = list(_encoded(args.data / clip["file"]))
    with _service(args) as target, facegrid.connect(target) as client:
        for subject, portrait in clip["gallery"].items():
            client.enroll(subject, args.data / portrait)
        list(client.identify_video(frames[:10]))  # the first batch of every network is slow
        for every in args.every or _EVERY:
            _measure(client, frames, clip, every)
        _count_tracks(client, args, nameless)
    print(conditions("tensorflow", "opencv-python-headless", "av"))
    return 0


def _measure(client: facegrid.Client, frames: list[tuple[float, bytes]], clip: dict[str, Any], every: int) -> None:
    begin_s = time.perf_counter()
    with client.identify_video(frames, detect_every_n=every) as video:
        cuts = [frame.index for frame in video if frame.shot_cut]
    elapsed_s = time.perf_counter() - begin_s
    summary = video.summary
    print(f"\nEvery {every}: {summary.frames} frames in {elapsed_s:.1f} s, {summary.frames / elapsed_s:.1f} frames/s; ")
    print(f"faces looked for in {summary.detected_frames}; shots begin at {cuts}; threshold {summary.threshold:.3f}\n")
    print("| frames | there | named, tracks of each | missed | named but not there | tracks of unknown people |")
    print("|---|---|---|---|---|---|")
    for segment in clip["segments"]:
        print(_row(segment, summary))


def _count_tracks(client: facegrid.Client, args: argparse.Namespace, clips: list[dict[str, Any]]) -> None:
    print("\n| clip | every | first and last frame of each track | faces in view |\n|---|---|---|---|")
    for clip in clips:
        frames = list(_encoded(args.data / clip["file"]))
        for every in args.every or _EVERY:
            with client.identify_video(frames, detect_every_n=every) as video:
                counts = [len(frame.faces) for frame in video]
            tracks = ", ".join(f"{one.first_frame}-{one.last_frame}" for one in video.summary.decisions)
            runs = ", ".join(f"{count} ({len(list(group))} frames)" for count, group in groupby(counts))
            print(f"| {clip['file']}: {clip['note']} | {every} | {tracks} | {runs} |")


def _row(segment: dict[str, Any], summary: VideoSummary) -> str:
    tracks = [one for one in summary.decisions if _within(one, segment)]
    named: dict[str, list[TrackDecision]] = {}
    for one in tracks:
        if one.subject is not None:
            named.setdefault(one.subject, []).append(one)
    there = segment["present"]
    cells = [
        f"{segment['first']}-{segment['last']}",
        ", ".join(there) or "nobody enrolled",
        ", ".join(f"{who}: {len(of)} (distance {of[0].distance:.2f})" for who, of in named.items()) or "nobody",
        ", ".join(who for who in there if who not in named) or "-",
        ", ".join(who for who in named if who not in there) or "-",
        str(sum(one.subject is None for one in tracks)),
    ]
    return f"| {' | '.join(cells)} |"


def _within(decision: TrackDecision, segment: dict[str, Any]) -> bool:
    """Returns whether a track lies in a shot; one that reached over a cut counts in both."""
    return bool(decision.first_frame <= segment["last"] and decision.last_frame >= segment["first"])


def _encoded(file: Path) -> Iterator[tuple[float, bytes]]:
    with VideoReader(str(file)) as footage:
        for time_s, pixels in footage.frames():
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, format="JPEG", quality=95, subsampling=0)
            yield time_s, stream.getvalue()


@contextmanager
def _service(args: argparse.Namespace) -> Iterator[str]:
    """Gives the target given, or that of a plain host with the networks in this process and a new gallery."""
    if args.target:
        yield args.target
        return
    ports: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    async def serve(folder: str) -> None:
        predictor = InProcessPredictor(args.models_dir)
        host = GrpcHost(FaceService(Settings(gallery=folder), predictor, Gallery(folder)), "127.0.0.1:0")
        ports.append(await host.start())
        ready.set()
        await asyncio.to_thread(stop.wait)
        await host.close(grace_s=1)

    with tempfile.TemporaryDirectory() as folder:
        thread = threading.Thread(target=lambda: asyncio.run(serve(folder)))
        thread.start()
        try:
            ready.wait(120)
            yield f"127.0.0.1:{ports[0]}"
        finally:
            stop.set()
            thread.join()


if __name__ == "__main__":
    sys.exit(main())
