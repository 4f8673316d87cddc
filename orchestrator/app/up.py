"""Starts the stack: checks, then model server and serve host together, then waits until all of it answers."""

import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from facegrid.types import Health
from orchestrator.app import checks
from orchestrator.app.contract_check import require_contract
from orchestrator.app.down import stop_stack
from orchestrator.app.errors import StackError
from orchestrator.app.health import service_health
from orchestrator.app.host_files import read_steps
from orchestrator.app.ingress import ingress_environment
from orchestrator.app.model_config import local_model_config, model_names, read_model_config, write_model_config
from orchestrator.app.model_server import missing_models, model_server_command, model_versions
from orchestrator.app.options import GALLERY_VARIABLE, StackOptions, gallery_uri
from orchestrator.app.ports import free_ports, require_free
from orchestrator.app.processes import Child, is_alive
from orchestrator.app.ray_environment import ray_environment
from orchestrator.app.state import StackState, StateFolder

Report = Callable[[str, float], None]
"""Is called with each step that is done and the seconds since `up` began."""

MODEL_SERVER = "model_server"
SERVE_HOST = "serve_host"

_POLL_S = 0.1
_ANSWER_TIMEOUT_S = 2.0
_LOG_LINES = 15


def up(options: StackOptions, state_dir: Path, report: Report, env: Mapping[str, str] = os.environ) -> StackState:
    """Starts the stack and returns when a call of a client would be answered.

    A stack that runs already is left as it is. One that is half gone is stopped first. If anything
    fails, what was started is stopped.

    Args:
        options: What to start.
        state_dir: Where to note what was started; one folder for each stack.
        report: Is told of each step.
        env: Environment of the processes; FACEGRID_* settings reach the orchestrator.

    Raises:
        StackError: What is wrong, and what to do about it.
    """
    folder = StateFolder(state_dir)
    with folder.locked():
        earlier = folder.load()
        if earlier is not None:
            if all(is_alive(record) for record in earlier.processes) and len(earlier.processes) > 1:
                return earlier
            stop_stack(folder, earlier)
        config = _check(options, env)
        return _Start(options, folder, config, report, env).run()


def _check(options: StackOptions, env: Mapping[str, str]) -> ModelServerConfig:
    """Returns the model configuration after everything that can be known beforehand is checked, cheapest first."""
    checks.require_options(options)
    checks.require_settings(env)
    checks.require_packages()
    if options.ingress == "haproxy":
        checks.require_haproxy()
    config = local_model_config(read_model_config(options.model_config), options.models_dir)
    checks.require_models(config)
    require_free(options.port)
    checks.require_memory(options.replicas)
    return config


class _Start:
    """One attempt to start."""

    def __init__(
        self,
        options: StackOptions,
        folder: StateFolder,
        config: ModelServerConfig,
        report: Report,
        env: Mapping[str, str],
    ) -> None:
        self._options = options
        self._folder = folder
        self._config = config
        self._report = report
        self._env = env
        self._children: list[Child] = []
        self._begin_s = time.monotonic()
        self._state = StackState(
            run_dir=folder.make_run_dir(),
            port=options.port,
            ingress=options.ingress,
            replicas=options.replicas,
            models_dir=options.models_dir.absolute(),
            started_at_s=time.time(),
        )

    def run(self) -> StackState:
        shutil.rmtree(self._folder.logs, ignore_errors=True)  # an earlier stack's
        self._folder.logs.mkdir()
        self._folder.save(self._state)
        try:
            self._start_model_server()
            self._start_serve_host()
            self._wait_until_it_answers()
        except BaseException:  # an interrupt, too, must leave nothing behind
            stop_stack(self._folder, self._state)
            raise
        finally:
            for child in self._children:
                child.release()
        return self._state

    def _start_model_server(self) -> None:
        config_file = self._state.run_dir / "models.config"
        write_model_config(self._config, config_file)
        socket = Path(self._state.model_server_target.removeprefix("unix:"))
        self._spawn(MODEL_SERVER, model_server_command(config_file, socket), self._env)

    def _start_serve_host(self) -> None:
        state, options = self._state, self._options
        env = ray_environment(self._env, state.run_dir) | ingress_environment(options.ingress, state.run_dir)
        env |= {"FACEGRID_MODEL_SERVERS": state.model_server_target}
        env |= {GALLERY_VARIABLE: gallery_uri(self._folder.path, self._env)}
        if not env.get("FACEGRID_METRICS_ADDRESS"):
            env["FACEGRID_METRICS_ADDRESS"] = "127.0.0.1:0"
        env["FACEGRID_METRICS_TARGETS_DIR"] = str(self._folder.metrics.absolute())
        env.setdefault("MALLOC_ARENA_MAX", "2")  # glibc's heap per thread kept 30 MB more of the pictures of a replica
        command = [sys.executable, "-m", "orchestrator.app.serve_host"]
        command += [f"--run-dir={state.run_dir}", f"--log-dir={self._folder.logs}"]
        command += [f"--port={options.port}", f"--http-port={free_ports(1)[0]}"]
        command += [f"--replicas={options.replicas}", f"--application={options.application}"]
        self._spawn(SERVE_HOST, command, env)

    def _spawn(self, name: str, command: list[str], env: Mapping[str, str]) -> None:
        log = self._folder.logs / f"{name}.log"
        child = Child(name, command, env=env, log=log)
        self._children.append(child)
        self._state = self._state.with_process(child.record)
        self._folder.save(self._state)

    def _wait_until_it_answers(self) -> None:
        """Polls every part in turn, so that one that fails is noticed whatever the others are doing."""
        models = model_names(self._config)
        reported: set[str] = set()
        while True:
            for child in self._children:
                if (code := child.exit_code()) is not None:
                    raise _child_failed(child, f"{child.record.name} ended with exit code {code}")
            for step in self._steps_done(reported, models):
                reported.add(step)
                self._report(step, self._elapsed_s())
            if {MODEL_SERVER, "ready"} <= reported and self._is_serving():
                self._report("service", self._elapsed_s())
                return
            if self._elapsed_s() > self._options.timeout_s:
                late = self._children[0] if MODEL_SERVER not in reported else self._children[-1]
                raise _child_failed(late, f"{late.record.name} did not answer within {self._options.timeout_s:g} s")
            time.sleep(_POLL_S)

    def _steps_done(self, reported: set[str], models: list[str]) -> list[str]:
        done = [step.name for step in read_steps(self._state.run_dir) if step.name not in reported]
        if MODEL_SERVER not in reported and Path(self._state.model_server_target.removeprefix("unix:")).exists():
            versions = model_versions(self._state.model_server_target, models, timeout_s=_ANSWER_TIMEOUT_S)
            if versions is not None and not missing_models(versions, models):
                require_contract(self._state.model_server_target, timeout_s=_ANSWER_TIMEOUT_S)
                done.append(MODEL_SERVER)
        return done

    def _is_serving(self) -> bool:
        return service_health(self._state.address, timeout_s=_ANSWER_TIMEOUT_S) is Health.SERVING

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begin_s


def _child_failed(child: Child, what: str) -> StackError:
    with child.log.open(encoding="utf-8", errors="replace") as log:
        last = "".join(deque(log, maxlen=_LOG_LINES)).rstrip()
    return StackError(f"{what}; the end of its log:\n{last or '(it said nothing)'}", f"the whole log is {child.log}")
