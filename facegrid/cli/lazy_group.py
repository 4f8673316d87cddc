"""The commands of `facegrid`: found by the entry points of the group `facegrid.commands`, imported when they are run.

An entry point names a command and where it is, such as `up = "orchestrator.cli.up:up"`. The line that `facegrid --help`
shows for it is the first line of its module, which is read and not imported; so is the heading, the first line of the
package. A package of commands names in `INSTALL` what has to be installed for them. A command whose file is absent is
left out: an image of k8s/ has some of the packages.
"""

import re
from collections import defaultdict
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from facegrid.cli.usage import UsageError

GROUP = "facegrid.commands"


class LazyGroup(TyperGroup):
    """A group whose commands are those of the entry points."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._entry_points = {one.name: one for one in entry_points(group=GROUP) if first_line(one.module)}
        for name, one in self._entry_points.items():
            # Stands for the command in lists and completions, until it is run.
            self.add_command(TyperCommand(name, short_help=first_line(one.module), rich_markup_mode=None))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns the name of the command that is meant, the command itself, imported, and its arguments."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, stand_in and load(self._entry_points[str(name)]), rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - an override
        """Writes a list of the commands of each package under its first line."""
        packages = defaultdict(list)
        for name, one in self._entry_points.items():
            packages[package_of(one)].append((name, first_line(one.module)))
        for package in sorted(packages, key=lambda package: (package.split(".")[0] != "facegrid", package)):
            with formatter.section(first_line(package)):
                formatter.write_dl(packages[package])


def load(entry_point: EntryPoint) -> Any:
    """Imports a command, or a part of one, and returns it.

    Raises:
        UsageError: It needs a module that is not installed.
    """
    try:
        return entry_point.load()
    except ModuleNotFoundError as err:
        package = package_of(entry_point)
        missing = (err.name or "").split(".")[0]
        if missing in {"", package.split(".")[0]}:
            raise
        install = import_module(package).INSTALL
        raise UsageError(
            f"`facegrid {entry_point.name}` needs {missing}, which is not installed; run: pip install '{install}'"
        ) from err


def package_of(entry_point: EntryPoint) -> str:
    """Returns the package of a command, such as `facegrid.cli`."""
    return entry_point.module.rpartition(".")[0]


@cache
def first_line(module: str) -> str:
    """Returns the first line of a module's docstring without its full stop; the module is not imported.

    Empty where there is no such module or docstring.
    """
    top, *rest = module.split(".")
    spec = find_spec(top)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, *rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                with file.open(encoding="utf-8") as text:
                    found = re.match(r'r?"""(.*?)\.?(?:"""|$)', text.readline().rstrip())
                return found[1] if found else ""
    return ""
