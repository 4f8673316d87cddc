"""Starts the stack: checks, then supervisord with its parts, then waits until all of it answers."""

import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from facegrid.answers.faces import Health
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app import checks
from orchestrator.app.commands import (
    SERVE_HOST,
    TLS_PROXY,
    part_names,
    serve_host_command,
    serve_host_environment,
    tls_proxy_command,
)
from orchestrator.app.contract_check import NoAnswer, require_contract, required_versions
from orchestrator.app.down import lost_processes, stop_stack
from orchestrator.app.errors import StackError
from orchestrator.app.health import service_health
from orchestrator.app.host_files import EXIT_TRY_AGAIN, read_serve_status, read_steps
from orchestrator.app.options import StackOptions
from orchestrator.app.ports import free_ports, is_listening, require_free
from orchestrator.app.state import StackState, StateFolder
from orchestrator.app.supervision import supervisord
from orchestrator.fleet.model_config import (
    local_model_config,
    model_names,
    read_model_config,
    without_absent,
    write_model_config,
)
from orchestrator.fleet.sizes import Pool, format_pools, grow_pool, grow_size, parse_pools
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from subprocess import Popen


Report = Callable[[str, float], None]
"""Called with each step that is done, and the seconds since `up` began."""

MODEL_SERVER = "model_server"
"""The step: every model server has the versions that the service needs."""
DIGITS = ("generator", "discriminator")
"""Networks that a service of faces does without: `Generate` answers UNAVAILABLE then."""
_POLL_S = 0.1
_ANSWER_TIMEOUT_S = 2.0
_LOG_LINES = 15


def up(options: StackOptions, state_dir: Path, report: Report, env: Mapping[str, str] = os.environ) -> StackState:
    """Starts the stack and returns when a call of a client would be answered.

    A stack that runs already is left as it is. One whose supervisor is gone is stopped first. If anything
    fails, what was started is stopped.

    Args:
        options: What to start.
        state_dir: Where to note what was started; one folder for each stack.
        report: Called at each step.
        env: Environment of the processes; FACEGRID_* settings reach the orchestrator.

    Raises:
        StackError: What is wrong, and what to do about it.
    """
    folder = StateFolder(state_dir)
    with folder.locked():
        if (earlier := running_stack(folder)) is not None:
            _wait_until_serving(earlier, options.timeout_s)
            return earlier
        start = Start(options, folder, report=report, env=env)
        state = start.run()
        start.release()
        return state


def _wait_until_serving(state: StackState, timeout_s: float) -> None:
    """Returns when a stack that runs already answers: it may be starting a part again just now."""
    give_up_s = time.monotonic() + timeout_s
    while service_health(state.ingress_address, timeout_s=_ANSWER_TIMEOUT_S) is not Health.SERVING:
        if time.monotonic() > give_up_s:
            raise StackError(
                f"the service on {state.address} runs, and did not answer within {timeout_s:g} s",
                "see facegrid status",
            )
        time.sleep(_POLL_S)


def running_stack(folder: StateFolder) -> StackState | None:
    """Returns the stack of a folder if it is supervised; else stops what is left and returns None."""
    earlier = folder.load()
    if earlier is not None and supervisord.running(folder.parts) and earlier.run_dir.is_dir():
        states = supervisord.part_states(earlier.run_dir) or {}
        if all(one.state != "FATAL" for one in states.values()):
            return earlier
    if earlier is not None or lost_processes(folder.path):
        stop_stack(folder, earlier)
    return None


def _check(options: StackOptions, env: Mapping[str, str]) -> tuple[ModelServerConfig, list[Pool]]:
    """Returns which models there are and who is to serve them, after all that can be known beforehand is checked."""
    checks.require_options(options)
    checks.require_settings(env)
    checks.require_packages()
    if options.ingress == "haproxy":
        checks.require_haproxy()
    config = local_model_config(read_model_config(options.model_config), options.models_dir)
    config = without_absent(config, DIGITS)
    checks.require_models(config, Settings.from_environment(env))
    require_free(options.port)
    pools = _pools(options, config)
    checks.require_memory(options.orchestrators.low, sum(pool.size.low for pool in pools))
    return config, pools


def _pools(options: StackOptions, config: ModelServerConfig) -> list[Pool]:
    """Returns the pools of model servers that Ray runs."""
    pools = parse_pools(options.servers or "1", model_names(config))
    return [grow_pool(pool, options.autoscale) for pool in pools] if options.autoscale else pools


def _new_state(options: StackOptions, pools: list[Pool], folder: StateFolder, env: Mapping[str, str]) -> StackState:
    """Returns a stack of which nothing is started yet; its run folder is made."""
    return StackState(
        run_dir=folder.make_run_dir(env),
        port=options.port,
        ingress=options.ingress,
        orchestrators=str(grow_size(options.orchestrators, options.autoscale or 1)),
        servers=format_pools(pools),
        models_dir=options.models_dir.absolute(),
        started_at_s=time.time(),
        ingress_port=free_ports(1)[0] if options.tls else 0,
    )


class Start:
    """One attempt to start.

    Args:
        options: What to start.
        folder: Of the stack; the caller holds its lock.
        report: Called at each step.
        env: Environment of the processes.
    """

    def __init__(self, options: StackOptions, folder: StateFolder, *, report: Report, env: Mapping[str, str]) -> None:
        self._options = options
        self._folder = folder
        self._report = report
        self._env = env
        self._config, self._pools = _check(options, env)
        self._needed = required_versions(model_names(self._config), Settings.from_environment(env))
        self._state = _new_state(options, self._pools, folder, env)
        self._supervised_env: dict[str, str] = {}
        self._supervisor: Popen[bytes] | None = None
        self._begin_s = time.monotonic()

    def run(self) -> StackState:
        """Returns when a call of a client would be answered; stops everything if that fails.

        Raises:
            StackError: What is wrong, and what to do about it.
        """
        shutil.rmtree(self._folder.logs, ignore_errors=True)  # an earlier stack's
        shutil.rmtree(self._folder.parts.path, ignore_errors=True)
        try:
            self._folder.logs.mkdir()
            self._folder.parts.path.mkdir(mode=0o700)
            self._folder.save(self._state)
            write_model_config(self._config, self._state.config_file)
            self._write_parts()
            self._supervised_env = supervisord.environment(
                serve_host_environment(self._state, self._options, self._folder, self._env),
                state_dir=self._folder.path,
                run_dir=self._state.run_dir,
            )
            self.start_supervisor()
            self._wait_until_it_answers()
        except BaseException:  # an interrupt, too, must leave nothing behind
            self.stop()
            raise
        return self._state

    def start_supervisor(self) -> None:
        """Starts supervisord, which starts the parts."""
        self._supervisor = supervisord.start(self._supervised_env)

    def supervisor_ended(self) -> bool:
        """Returns whether supervisord has ended."""
        return self._supervisor is None or self._supervisor.poll() is not None

    def release(self) -> None:
        """Leaves supervisord running."""
        if self._supervisor is not None:
            supervisord.release(self._supervisor)

    def stop(self) -> None:
        """Stops what was started."""
        stop_stack(self._folder, self._state)
        if self._supervisor is not None:
            self._supervisor.wait()

    def _write_parts(self) -> None:
        commands = {SERVE_HOST: serve_host_command(self._state, self._options, self._folder)}
        if self._options.tls is not None:
            (self._state.run_dir / "tls").mkdir(mode=0o700)
            commands[TLS_PROXY] = tls_proxy_command(self._state, self._options.tls, self._env)
        for name, command in commands.items():
            self._folder.parts.write_command(name, command, self._log(name))
        supervisord.write_config(self._folder.parts, part_names(self._state))

    def _log(self, name: str) -> Path:
        return self._folder.logs / f"{name}.log"

    def _wait_until_it_answers(self) -> None:
        """Polls every part in turn, so that a failure of one is noticed whatever the others are doing."""
        reported: set[str] = set()
        while True:
            self._require_parts()
            for step in self._steps_done(reported):
                reported.add(step)
                self._report(step, self._elapsed_s())
            if {MODEL_SERVER, "ready"} <= reported and self._is_serving():
                self._report("service", self._elapsed_s())
                return
            if self._elapsed_s() > self._options.timeout_s:
                late = late_part(self._state, reported)
                raise self._part_failed(late, f"{late} did not answer within {self._options.timeout_s:g} s")
            time.sleep(_POLL_S)

    def _require_parts(self) -> None:
        """Returns unless a part ended; supervisord tries again where the part says that this may help."""
        if self.supervisor_ended():
            raise self._part_failed("supervised", "the supervisor ended")
        for name in part_names(self._state):
            for one in self._folder.parts.exits(name):
                if one.exit_code != EXIT_TRY_AGAIN:
                    raise self._part_failed(name, f"{name} {one.reason}")

    def _steps_done(self, reported: set[str]) -> list[str]:
        done = [step.name for step in read_steps(self._state.run_dir) if step.name not in reported]
        return done if MODEL_SERVER in reported or not self._has_models(reported) else [*done, MODEL_SERVER]

    def _has_models(self, reported: set[str]) -> bool:
        """Returns whether a server of each pool has the versions that the service needs."""
        if "ready" not in reported:
            return False
        serve = read_serve_status(self._state.run_dir, timeout_s=_ANSWER_TIMEOUT_S)
        servers = serve["servers"] if serve else []
        for pool in self._pools:
            needed = {model: version for model, version in self._needed.items() if model in pool.models}
            server = next((one for one in servers if one["models"] == list(pool.models)), None)
            if server is None or not _has_versions(server["versions"], needed):
                return False
            with suppress(NoAnswer):
                require_contract(server["address"], needed, timeout_s=_ANSWER_TIMEOUT_S)
                continue
            return False
        return True

    def _is_serving(self) -> bool:
        if self._state.has_tls and not is_listening(self._state.port):
            return False
        return service_health(self._state.ingress_address, timeout_s=_ANSWER_TIMEOUT_S) is Health.SERVING

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begin_s

    def _part_failed(self, name: str, what: str) -> StackError:
        log = self._log(name)
        try:
            with log.open(encoding="utf-8", errors="replace") as file:
                last = "".join(deque(file, maxlen=_LOG_LINES)).rstrip()
        except OSError:
            last = ""
        return StackError(f"{what}; the end of its log:\n{last or '(it is empty)'}", f"the whole log is {log}")


def _has_versions(served: Mapping[str, list[int]], needed: Mapping[str, int | None]) -> bool:
    return all(
        served.get(model) if version is None else version in served.get(model, []) for model, version in needed.items()
    )


def late_part(state: StackState, reported: set[str]) -> str:
    """Returns the name of the part that the others wait for, and whose log says why.

    Args:
        state: The stack that does not answer.
        reported: Steps that are done.
    """
    return TLS_PROXY if "ready" in reported and state.has_tls and not is_listening(state.port) else SERVE_HOST
