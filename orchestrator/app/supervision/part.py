"""One part of the stack, in a session of its own: `python -m orchestrator.app.supervision.part NAME`.

Supervisord runs it. It starts the part's command, passes SIGTERM on, and ends when the command does, with nothing of
the command's session left. It also ends the part when supervisord is gone, and what an earlier run of the part has
left behind: an orphan of Ray would answer calls on the part's port.
"""

import os
import signal
import sys
import time
from types import FrameType

from orchestrator.app.processes import Child, end_now, members
from orchestrator.app.supervision.folder import PartsFolder

STOP_TIMEOUT_S = 30.0
_POLL_S = 0.1


def main(argv: list[str] | None = None) -> int:
    """Runs the part until it ends, SIGTERM comes, or supervisord is gone; returns the command's exit code."""
    (name,) = sys.argv[1:] if argv is None else argv
    folder = PartsFolder.from_environment(os.environ)
    supervisor = folder.supervisor_pid()
    asked_s: list[float] = []

    def ask_to_end(_number: int, _frame: FrameType | None) -> None:
        asked_s.append(time.monotonic())

    signal.signal(signal.SIGTERM, ask_to_end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; supervisord says when to end
    if (earlier := folder.read_record(name)) is not None:
        end_now(members(earlier))
    command, log = folder.read_command(name)
    child = Child(name, command, env=os.environ, log=log)
    folder.write_record(child.record)
    terminated = False
    while (code := child.exit_code()) is None and os.getppid() == supervisor:
        if asked_s and not terminated:
            os.kill(child.record.pid, signal.SIGTERM)
            terminated = True
        if asked_s and time.monotonic() - asked_s[0] > STOP_TIMEOUT_S:
            break
        time.sleep(_POLL_S)
    end_now(members(child.record))
    if code is None:
        child.release()
        return 1
    if not asked_s:
        folder.add_exit(name, code)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())
