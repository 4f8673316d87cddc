"""The command `facegrid`: picks the sub-command and turns errors into one sentence and an exit code.

A command is a module with `add_parser(subparsers)`, which describes it and sets `run` to the function
that does it: `run(args) -> int`. Importing such a module is cheap; what is heavy (TensorFlow, Ray, gRPC)
is imported by `run`, so that every `--help` answers at once and a client's installation has them all.

Exit codes: 0 done; 1 failed; 2 wrong usage; 130 interrupted.
"""

import argparse
import os
import sys
from importlib import import_module
from importlib.metadata import version

from facegrid.cli.usage import UsageError
from facegrid.errors import FacegridError

_COMMANDS = (
    "facegrid.cli.detect",
    "facegrid.cli.embed",
    "facegrid.cli.verify",
    "facegrid.cli.enroll",
    "facegrid.cli.identify",
    "facegrid.cli.video",
    "facegrid.cli.subjects",
    "facegrid.cli.generate",
    "exporters.cli.export",
    "exporters.cli.train",
    "orchestrator.cli.gallery",
    "orchestrator.cli.keys",
    "orchestrator.cli.stack",
    "facegrid.cli.bench",
    "orchestrator.cli.plan",
    "orchestrator.cli.rollout",
)

_EXAMPLES = """\
examples:
  facegrid export                          write the networks where the model server finds them
  facegrid up                              start the service on this machine
  facegrid detect photo.jpg                find the faces of a picture
  facegrid detect holiday/ --draw out/     find those of a folder, and draw them
  facegrid enroll "Ann" ann.jpg            remember a face
  facegrid identify party.jpg              say who is in a picture
  facegrid video party.mp4                 say who comes and leaves in a video
  facegrid generate --labels 2,3           draw digits that are a 2 and a 3
  facegrid down                            stop the service
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="facegrid",
        description="Face detection, recognition and image generation as a service: start it, stop it, and ask it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"facegrid {version('facegrid')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in _COMMANDS:
        import_module(name).add_parser(subparsers)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    Raises:
        SystemExit: `--help`, `--version` or arguments that cannot be parsed, as argparse does.
    """
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except UsageError as err:
        return _fail(str(err), 2)
    except FacegridError as err:
        return _fail(err.message, 1)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as err:
        return _fail(str(err), 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"facegrid: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
