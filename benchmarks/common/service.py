"""The service that a benchmark asks: one that runs, or a local stack for the time of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common.local_stack import local_stack


@contextmanager
def service(target: str | None, models_dir: Path) -> Iterator[str]:
    """Gives HOST:PORT: `target` where there is one, else that of a stack which is stopped afterwards."""
    if target:
        yield target
        return
    with local_stack(models_dir) as stack:
        yield stack.state.address
