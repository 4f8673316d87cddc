"""The command `facegrid`: runs the sub-command and turns errors into one sentence and an exit code.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not running (`facegrid status`); 130 interrupted.
"""

import io
import sys
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from facegrid.cli.command import split_doc
from facegrid.cli.lazy_group import LazyGroup
from facegrid.cli.usage import UsageError
from facegrid.errors import FacegridError

_HELP = """\
Face detection, recognition and image generation as a service: start it, stop it, and ask it.

Examples:
  facegrid export                          write the networks
  facegrid up                              start the service on this machine
  facegrid detect photo.jpg                find the faces of a picture
  facegrid detect holiday/ --draw out/     find those of a folder, draw them
  facegrid enroll "Ann" ann.jpg            remember a face
  facegrid identify party.jpg              say who is in a picture
  facegrid video party.mp4                 say who comes and leaves in a video
  facegrid generate --labels 2,3           draw digits that are a 2 and a 3
  facegrid down                            stop the service
"""


class _Facegrid(LazyGroup):
    """All commands, with what is done about their errors."""

    def invoke(self, ctx: Any) -> None:
        """Runs the command that the arguments name, and leaves with its exit code."""
        ctx.exit(self._run(ctx))

    def _run(self, ctx: Any) -> int:
        try:
            return int(super().invoke(ctx))
        except UsageError as err:
            return _fail(str(err), 2)
        except FacegridError as err:
            return _fail(err.message, 1)
        except BrokenPipeError:  # the reader of the output, such as `head`, has enough; typer knows what to do
            raise
        except OSError as err:
            return _fail(str(err), 1)
        except KeyboardInterrupt:
            return _fail("interrupted", 130)


def command_line() -> TyperGroup:
    """Returns the command `facegrid` with its sub-commands, none of which is imported yet."""
    text, epilog = split_doc(_HELP)
    app = typer.Typer(cls=_Facegrid, rich_markup_mode=None)
    app.callback(help=text, epilog=epilog, context_settings={"help_option_names": ["--help", "-h"]})(_options)
    return cast(TyperGroup, typer.main.get_command(app))


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"facegrid {version('facegrid')}\n")
        raise typer.Exit


def _options(
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """The options of `facegrid` itself."""


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"facegrid: {message}\n")
    return code


def main(argv: list[str] | None = None) -> int:
    """Runs a command and returns its exit code; None: the arguments of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a letter that the terminal cannot show becomes "?"
    try:
        command_line().main(argv, prog_name="facegrid")
    except SystemExit as err:
        return int(err.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
