"""Progress bars on standard error."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn


def counting_bar(what: str, *, visible: bool) -> Progress:
    """Returns a bar that counts to a known number and says how long it will take."""
    return bar(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), visible=visible)


def bar(*columns: ProgressColumn, visible: bool | None = None) -> Progress:
    """Returns a bar that vanishes at the end; None: it is visible where standard error is a terminal."""
    shown = sys.stderr.isatty() if visible is None else visible
    # Without redirect_stdout=False rich would send our own lines of standard output to standard error, with the bar.
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown, redirect_stdout=False)
