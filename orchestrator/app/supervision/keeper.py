"""Restarts supervisord where it is killed, and keeps the run folder from cleaners: run by supervisord itself.

`systemd-tmpfiles` and its like delete what was not used for days from /tmp. They leave alone what is locked (flock)
or was touched lately (tmpfiles.d(5), Age); this process does both.
"""

import fcntl
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from orchestrator.app.supervision import supervisord
from orchestrator.app.supervision.folder import RUN_DIR_VARIABLE, PartsFolder

FOREGROUND_VARIABLE = "FACEGRID_SUPERVISED_FOREGROUND"
"""1: `facegrid up --foreground` restarts supervisord."""
_POLL_S = 0.2
_TOUCH_S = 10.0


def main() -> int:
    """Runs until supervisord is gone; then starts it again, unless it was meant to end."""
    folder = PartsFolder.from_environment(os.environ)
    supervisor = folder.supervisor_pid()
    run_dir = Path(os.environ[RUN_DIR_VARIABLE])
    touched_s = -_TOUCH_S
    lock = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_SH)
    while os.getppid() == supervisor:
        if time.monotonic() - touched_s >= _TOUCH_S:
            touched_s = time.monotonic()
            for used in (run_dir, folder.path):
                touch_all(used)
            touch(folder.path.parent / "stack.json")
        time.sleep(_POLL_S)
    if folder.config_file.exists() and not folder.is_stopping() and os.environ.get(FOREGROUND_VARIABLE) != "1":
        supervisord.release(supervisord.start(os.environ))
    return 0


def touch_all(folder: Path) -> None:
    """Marks everything in a folder as used now."""
    touch(folder)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            touch(Path(root, name))


def touch(path: Path) -> None:
    """Marks a file or folder as used now, if there is one."""
    with suppress(OSError):
        os.utime(path, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
