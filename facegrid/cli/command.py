"""How a command is made from a function: `command` and `group`.

The parameters of the function are the command's arguments, described with `typer.Argument` and `typer.Option`. A
parameter whose type is a dataclass stands for the arguments that its fields describe, so that commands share them. The
function returns the exit code. The help is the docstring of the module: what comes before `Examples:` is printed above
the options, and the rest below them.

    @command(__doc__)
    def detect(pictures: Pictures, service: ServiceArguments) -> int:
        ...
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, cast, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

# The types of contexts and formatters are private to typer, so they are Any here.


class Command(TyperCommand):
    """A command whose options are listed by subject, and whose options may have no value or several."""

    def __init__(
        self, *args: Any, optional_values: Mapping[str, str], several_values: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._optional_values = optional_values
        self._several_values = several_values

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the arguments; see `command` for options without a value and with several."""
        return super().parse_args(ctx, self._one_value_each(args))

    def _one_value_each(self, args: list[str]) -> list[str]:
        """Returns the arguments with exactly one value after each option, as typer needs it."""
        found: list[str] = []
        option = ""
        for place, word in enumerate(args):
            if word == "--":
                return found + args[place:]
            if word.startswith("-"):
                option = word
            elif option in self._several_values and found[-1] != option:
                found.append(option)
            found.append(word)
            is_last = place + 1 == len(args) or args[place + 1].startswith("-")
            if word in self._optional_values and is_last:
                found.append(self._optional_values[word])
        return found

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes the arguments and options, those with a `rich_help_panel` under its name."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if not (record := parameter.get_help_record(ctx)):
                continue
            name, text = record
            if parameter.param_type_name == "argument":
                # Without the type, which is Python's, such as <list[Path]>.
                sections.setdefault("Arguments", []).append((name.partition(" <")[0], text))
            else:
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or "Options", []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def command(
    doc: str | None,
    *,
    name: str | None = None,
    optional_values: Mapping[str, str] | None = None,
    several_values: Sequence[str] = (),
) -> Callable[[Callable[..., int]], TyperCommand]:
    """Returns a decorator that makes a command of a function.

    Args:
        doc: The help; see above.
        name: Of the command; None: that of the function.
        optional_values: Options that may be given without a value, and the value they have then.
        several_values: Options of a list that take all words up to the next option; only for a command that has no
            arguments besides its options.
    """
    text, epilog = split_doc(doc)

    def decorate(function: Callable[..., int]) -> TyperCommand:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        made = partial(Command, optional_values=optional_values or {}, several_values=several_values)
        app.command(name, cls=cast(type[Command], made), help=text, epilog=epilog)(_with_flat_parameters(function))
        return cast(TyperCommand, typer.main.get_command(app))

    return decorate


def group(doc: str | None, commands: Sequence[TyperCommand], *, name: str) -> TyperGroup:
    """Returns a command made of sub-commands.

    Args:
        doc: The help; see above.
        commands: In the order in which they are listed.
        name: Of the command.
    """
    text, epilog = split_doc(doc)
    return TyperGroup(name=name, commands=commands, help=text, epilog=epilog, rich_markup_mode=None)


def split_doc(doc: str | None) -> tuple[str, str]:
    """Returns what a help says above the options, and what it says below: `Examples:` and all that follows.

    Paragraphs are filled to the width of the terminal, but for those with indented lines, which stay as they are.
    """
    text, examples, rest = inspect.cleandoc(doc or "").partition("\nExamples:\n")
    return _keep_lines(text), _keep_lines(f"Examples:\n{rest}" if examples else "")


def _keep_lines(text: str) -> str:
    keep = "\b\n"  # typer leaves a paragraph alone that begins with it
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(keep + paragraph if "\n " in paragraph else paragraph for paragraph in paragraphs)


def _with_flat_parameters(function: Callable[..., int]) -> Callable[..., int]:
    """Returns a function that takes, in place of each parameter that is a dataclass, the fields of the dataclass."""
    hints = get_type_hints(function, include_extras=True)
    classes = {name: hint for name, hint in hints.items() if is_dataclass(hint) and isinstance(hint, type)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in classes:
            parameters += _parameters_of(classes[name])
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))

    def call(**values: Any) -> int:
        for name, cls in classes.items():
            values[name] = cls(**{field.name: values.pop(field.name) for field in fields(cls)})
        return function(**values)

    call.__name__ = function.__name__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _parameters_of(cls: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(cls, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(cls)
    ]
