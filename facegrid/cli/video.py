"""`facegrid video`: who is seen in a file, by a camera or in a network stream, and when."""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from facegrid.cli._asking import DETECT_OPTIONS, add_command, add_numbers
from facegrid.cli.usage import UsageError

_DECISION = {
    "threshold": "greatest distance at which a track is named; 0 to 10, default: that of verify",
    "target_false_positive_rate": "instead: share of strangers that may be named; 0.0001 to 0.5",
}

_DESCRIPTION = """\
Says who is seen in a video: who comes and leaves, and when.

Faces are looked for in every n-th frame and followed in between; a track, one person's face within
a shot, is decided once, from its best pictures. Events are printed as they are known, then all tracks.
With --json one line for each frame instead:
  {"frame": 0, "time_s": 0.0, "width": ..., "height": ..., "detected": true, "shot_cut": true,
   "faces": [{"track_id": 1, "subject": NAME or null, "distance": ..., "decided": true,
   "detected": true, "box": [x_min, y_min, x_max, y_max], "score": ..., "landmarks": {...}}],
   "events": [{"kind": "entered" or "left", "subject": ..., "track_id": ..., "frame": ...,
   "time_s": ..., "evidence_frames": [...]}]}
  {"frame": 1, "error": {"reason": ..., "message": ...}}
--timeline writes one object: source, counts, threshold, embedder, tracks and events; docs/video.md has all.
Exit code: 0 when every frame was answered, 1 when one failed, 2 for wrong usage.
"""

_EXAMPLES = """\
examples:
  facegrid video party.mp4
  facegrid video party.mp4 --draw named.mp4 --timeline party.json
  facegrid video 0                                    the first camera, until Ctrl-C
  facegrid video rtsp://camera.example.org/stream --json | jq -c '.events[]'
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command `video`."""
    parser = add_command(subparsers, "video", "say who is seen in a video, and when", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("source", metavar="FILE|CAMERA|URL", help="a file; a camera, such as 0; or rtsp://...")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="write the video with names drawn in (.mp4, .mkv)")
    parser.add_argument("--timeline", type=Path, metavar="FILE", help="write tracks and events as JSON")
    parser.add_argument("--every", type=int, metavar="N", help="look for faces in one of N frames; 1 to 300, default 5")
    parser.add_argument("--live", action="store_true", help="drop frames that come too fast (cameras and rtsp: always)")
    parser.add_argument("--window", type=int, default=8, metavar="N", help="frames under way at a time (default 8)")
    add_numbers(parser, _DECISION)
    parser.add_argument("--top-k", type=int, metavar="N", help="candidates for each track; 1 to 100, default 5")
    add_numbers(parser, DETECT_OPTIONS)
    parser.set_defaults(run=run, command="video")


def run(args: argparse.Namespace) -> int:
    """Runs the command; returns 0 when every frame was answered, else 1.

    Raises:
        UsageError: PyAV is not installed, an output would overwrite the source, or two ways to draw the line.
        FacegridError: the service cannot be reached, or the connection broke.
        VideoError: the source cannot be read, or the drawn copy cannot be written.
    """
    if find_spec("av") is None:
        raise UsageError("reading videos needs PyAV; run: pip install 'facegrid[video]'")
    if args.threshold is not None and args.target_false_positive_rate is not None:
        raise UsageError("--threshold and --target-false-positive-rate exclude each other")
    for output in (args.draw, args.timeline):
        if output and output.resolve() == Path(args.source).resolve():
            raise UsageError(f"{output} would overwrite the video; choose another name")
    if args.draw and args.draw.suffix.lower() not in {".mp4", ".mkv", ".mov"}:
        raise UsageError(f"--draw {args.draw}: choose .mp4, .mkv or .mov")
    from facegrid.cli._watching import watch  # noqa: PLC0415  (PyAV and gRPC, for --help not needed)

    try:
        return watch(args, {name: getattr(args, name) for name in (*_DECISION, "top_k", *DETECT_OPTIONS)})
    finally:
        sys.stdout.flush()
