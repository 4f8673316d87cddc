"""Starts the stack: checks, then model server and serve host together, then waits until all of it answers."""

import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from facegrid.answers.faces import Health
from facegrid.tfserving.v1.model_server_config_pb2 import ModelServerConfig
from orchestrator.app import checks
from orchestrator.app.commands import (
    MODEL_SERVER,
    SERVE_HOST,
    TLS_PROXY,
    process_names,
    serve_host_command,
    serve_host_environment,
    tls_proxy_command,
)
from orchestrator.app.contract_check import EVERY_MODEL, NoAnswer, require_contract
from orchestrator.app.down import stop_stack
from orchestrator.app.errors import StackError
from orchestrator.app.health import service_health
from orchestrator.app.host_files import read_serve_status, read_steps
from orchestrator.app.options import StackOptions
from orchestrator.app.ports import free_ports, is_listening, require_free
from orchestrator.app.processes import Child, is_alive
from orchestrator.app.state import StackState, StateFolder
from orchestrator.fleet.model_config import local_model_config, model_names, read_model_config, write_model_config
from orchestrator.fleet.model_server import missing_models, model_server_command, model_versions
from orchestrator.fleet.sizes import Pool, format_pools, grow_pool, grow_size, parse_pools
from orchestrator.tls_files import ServerTls

Report = Callable[[str, float], None]
"""Is called with each step that is done and the seconds since `up` began."""

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
            if [record.name for record in earlier.processes if is_alive(record)] == process_names(earlier):
                return earlier
            stop_stack(folder, earlier)
        config, pools = _check(options, env)
        return _Start(options, folder, config, pools, report=report, env=env).run()


def _check(options: StackOptions, env: Mapping[str, str]) -> tuple[ModelServerConfig, list[Pool]]:
    """Returns which models there are and who is to serve them, after all that can be known beforehand is checked."""
    checks.require_options(options)
    checks.require_settings(env)
    checks.require_packages()
    if options.ingress == "haproxy":
        checks.require_haproxy()
    config = local_model_config(read_model_config(options.model_config), options.models_dir)
    checks.require_models(config)
    require_free(options.port)
    pools = _pools(options, config)
    checks.require_memory(options.orchestrators.low, sum(pool.size.low for pool in pools) or 1)
    return config, pools


def _pools(options: StackOptions, config: ModelServerConfig) -> list[Pool]:
    """Returns the pools of model servers that Ray is to run; none where the stack has one server without Ray."""
    servers = options.servers or ("1" if options.autoscale or options.ray_address else "")
    pools = parse_pools(servers, model_names(config)) if servers else []
    return [grow_pool(pool, options.autoscale) for pool in pools] if options.autoscale else pools


def _new_state(options: StackOptions, pools: list[Pool], folder: StateFolder) -> StackState:
    """Returns a stack of which nothing is started yet; its run folder is made."""
    return StackState(
        run_dir=folder.make_run_dir(),
        port=options.port,
        ingress=options.ingress,
        orchestrators=str(grow_size(options.orchestrators, options.autoscale or 1)),
        servers=format_pools(pools),
        models_dir=options.models_dir.absolute(),
        started_at_s=time.time(),
        ingress_port=free_ports(1)[0] if options.tls else 0,
    )


class _Start:
    """One attempt to start."""

    def __init__(
        self,
        options: StackOptions,
        folder: StateFolder,
        config: ModelServerConfig,
        pools: list[Pool],
        *,
        report: Report,
        env: Mapping[str, str],
    ) -> None:
        self._options = options
        self._folder = folder
        self._config = config
        self._pools = pools
        self._report = report
        self._env = env
        self._children: list[Child] = []
        self._begin_s = time.monotonic()

    def run(self) -> StackState:
        shutil.rmtree(self._folder.logs, ignore_errors=True)  # an earlier stack's
        self._state = _new_state(self._options, self._pools, self._folder)
        try:
            self._folder.logs.mkdir()
            self._folder.save(self._state)
            write_model_config(self._config, self._state.config_file)
            if not self._pools:
                self._start_model_server()
            self._start_serve_host()
            if self._options.tls is not None:
                self._start_tls_proxy(self._options.tls)
            self._wait_until_it_answers()
        except BaseException:  # an interrupt, too, must leave nothing behind
            stop_stack(self._folder, self._state)
            raise
        finally:
            for child in self._children:
                child.release()
        return self._state

    def _start_model_server(self) -> None:
        command = model_server_command(self._state.config_file, self._state.model_server_target)
        self._spawn(MODEL_SERVER, command, self._env)

    def _start_serve_host(self) -> None:
        command = serve_host_command(self._state, self._options, self._folder)
        env = serve_host_environment(self._state, self._options, self._folder, self._env)
        self._spawn(SERVE_HOST, command, env)

    def _start_tls_proxy(self, tls: ServerTls) -> None:
        (self._state.run_dir / "tls").mkdir(mode=0o700)
        self._spawn(TLS_PROXY, tls_proxy_command(self._state, tls, self._env), self._env)

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
                late = late_process(self._state, reported)
                (child,) = (child for child in self._children if child.record.name == late)
                raise _child_failed(child, f"{late} did not answer within {self._options.timeout_s:g} s")
            time.sleep(_POLL_S)

    def _steps_done(self, reported: set[str], models: list[str]) -> list[str]:
        done = [step.name for step in read_steps(self._state.run_dir) if step.name not in reported]
        if self._pools:
            return done + self._fleet_steps_done(reported)
        if MODEL_SERVER not in reported and Path(self._state.model_server_target.removeprefix("unix:")).exists():
            versions = model_versions(self._state.model_server_target, models, timeout_s=_ANSWER_TIMEOUT_S)
            if versions is not None and not missing_models(versions, models):
                with suppress(NoAnswer):
                    require_contract(self._state.model_server_target, timeout_s=_ANSWER_TIMEOUT_S)
                    done.append(MODEL_SERVER)
        return done

    def _fleet_steps_done(self, reported: set[str]) -> list[str]:
        if MODEL_SERVER in reported or "ready" not in reported:
            return []
        serve = read_serve_status(self._state.run_dir, timeout_s=_ANSWER_TIMEOUT_S)
        servers = serve["servers"] if serve else []
        for pool in self._pools:
            address = next((one["address"] for one in servers if one["models"] == list(pool.models)), None)
            if address is None:
                return []
            versions = {model: EVERY_MODEL[model] for model in pool.models}
            try:
                require_contract(address, versions, timeout_s=_ANSWER_TIMEOUT_S)
            except NoAnswer:
                return []
        return [MODEL_SERVER]

    def _is_serving(self) -> bool:
        if self._state.has_tls and not is_listening(self._state.port):
            return False
        return service_health(self._state.ingress_address, timeout_s=_ANSWER_TIMEOUT_S) is Health.SERVING

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begin_s


def late_process(state: StackState, reported: set[str]) -> str:
    """Returns the name of the process that the others wait for, and whose log says why.

    Args:
        state: The stack that does not answer.
        reported: Steps that are done.
    """
    if MODEL_SERVER not in reported and not state.servers:
        return MODEL_SERVER
    if "ready" in reported and state.has_tls and not is_listening(state.port):
        return TLS_PROXY
    return SERVE_HOST


def _child_failed(child: Child, what: str) -> StackError:
    with child.log.open(encoding="utf-8", errors="replace") as log:
        last = "".join(deque(log, maxlen=_LOG_LINES)).rstrip()
    return StackError(f"{what}; the end of its log:\n{last or '(it said nothing)'}", f"the whole log is {child.log}")
