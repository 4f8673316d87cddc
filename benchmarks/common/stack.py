"""The service that a benchmark asks: one that runs, or a local stack for the time of a block."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def service(target: str | None, models_dir: Path) -> Iterator[str]:
    """Gives HOST:PORT: `target` where there is one, else that of a stack which is stopped afterwards."""
    if target:
        yield target
        return
    from orchestrator.app.down import down  # noqa: PLC0415 - only where a stack is started
    from orchestrator.app.options import StackOptions, default_ingress  # noqa: PLC0415
    from orchestrator.app.ports import free_ports  # noqa: PLC0415
    from orchestrator.app.up import up  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="fg") as folder:
        (port,) = free_ports(1)
        options = StackOptions(port=port, models_dir=models_dir, ingress=default_ingress())
        up(options, Path(folder), lambda _step, _seconds: None)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            down(Path(folder))
