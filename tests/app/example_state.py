"""The state of a stack that does not run."""

from pathlib import Path

from orchestrator.app.state import StackState


def some_state(run_dir: Path) -> StackState:
    return StackState(
        run_dir=run_dir,
        port=9001,
        ingress="python",
        orchestrators="2",
        servers="1",
        models_dir=Path("/somewhere/models"),
        started_at_s=1700000000.25,
    )
