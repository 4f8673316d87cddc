"""Command lines parsed and not run."""

from collections.abc import Sequence
from typing import Any

from typer import Context
from typer.core import TyperGroup

from facegrid.cli.main import command_line


def parse(argv: Sequence[str]) -> dict[str, Any]:
    """Returns the arguments of the command that a command line names, by parameter."""
    command: Any = command_line()
    context: Any = Context(command, info_name="facegrid")
    rest = list(argv)
    while isinstance(command, TyperGroup):
        name, command, rest = command.resolve_command(context, rest)
        if isinstance(command, TyperGroup):
            context = Context(command, info_name=name, parent=context)
    return command.make_context(name, rest, parent=context).params


def command_names() -> list[list[str]]:
    """Returns the words of every command and sub-command, such as ["keys", "new"]."""
    root: Any = command_line()
    found = []
    for name in root.commands:
        _, command, _ = root.resolve_command(Context(root), [name])
        found += [[name], *([name, inner] for inner in getattr(command, "commands", ()))]
    return found
