"""Start the service on this machine.

Examples:
  facegrid up                        serve models/ on port 9000
  facegrid up --port 9100 --state-dir /tmp/b
                                     a second stack beside the first
  facegrid up --orchestrators 2      two orchestrator processes
  facegrid up --replicas pnet=2,embedder=1
                                     two model servers for pnet, one for the
                                     embedder, one for the others
  facegrid up --replicas embedder=1-3 --orchestrators 1-3
                                     as many as the load asks for, within
                                     bounds
  facegrid up --autoscale            as many of everything as the load asks
                                     for, up to four
  facegrid up --tls-cert tls.crt --tls-key tls.key
                                     for other machines, encrypted
  facegrid up --foreground           for systemd and containers: logs go to
                                     standard error, SIGTERM stops it

A process that ends is started again, whichever it is; `facegrid status` shows how often, and why. With --foreground the
exit code is 0 after SIGTERM, SIGINT or `facegrid down`, and 1 where a part failed too often.

Who may ask: $FACEGRID_API_KEYS_FILE, made by `facegrid keys new`; without it, every caller may.

People who are enrolled are kept in $FACEGRID_GALLERY, else in the folder gallery of the state folder; `facegrid down`
leaves them.

The python ingress listens on every interface. The haproxy ingress listens on 127.0.0.1, but the replicas behind it
listen on every interface on ports of their own, which ask for API keys but speak no TLS: keep a firewall in front of
both. With --tls-cert a TLS proxy answers on every interface, before the haproxy ingress.
"""

import os
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from facegrid.cli.command import command
from facegrid.cli.usage import UsageError
from orchestrator.app.foreground import up_in_foreground
from orchestrator.app.options import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_TIMEOUT_S,
    SERVING_CONFIG,
    StackOptions,
    default_ingress,
    stop_command,
)
from orchestrator.app.up import up as start_stack
from orchestrator.cli.stack_folder import StateDir, report_error, state_folder
from orchestrator.fleet.errors import FleetError
from orchestrator.fleet.sizes import parse_size
from orchestrator.tls_files import ServerTls

_STEPS = {
    "ray": "Ray",
    "controller": "Ray Serve",
    "ingress": "gRPC ingress",
    "replicas": "orchestrator",
    "model_server": "model server",
    "service": "the service answers",
}
"""Steps that are shown as they are done, and their names for people."""


@command(__doc__, optional_values={"--autoscale": "4"})
def up(
    *,
    port: Annotated[int, typer.Option(metavar="N", help="port for gRPC")] = DEFAULT_PORT,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="where the haproxy ingress listens; 0.0.0.0: everywhere"),
    ] = DEFAULT_HOST,
    models_dir: Annotated[Path, typer.Option(metavar="DIR", help="where `facegrid export` wrote the networks")] = Path(
        "models"
    ),
    model_config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="ModelServerConfig to serve (default serving_configs/models.config)"),
    ] = None,
    orchestrators: Annotated[str, typer.Option(metavar="N|N-M", help="processes of the orchestrator")] = "1",
    replicas: Annotated[
        str,
        typer.Option(
            metavar="N|NAME=N,...",
            help="model servers: so many with every network, or so many for each network that is named, while "
            "the others share one; N-M follows the load (default: one server with every network)",
        ),
    ] = "",
    autoscale: Annotated[
        int | None,
        typer.Option(
            metavar="[MOST]",
            help="let the number of orchestrators and model servers follow the load, up to so many of each (default 4)",
        ),
    ] = None,
    ray_address: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="run on the Ray cluster that this machine is a node of; every node has the same models folder",
        ),
    ] = "",
    server_cpus: Annotated[
        float, typer.Option(metavar="X", help="cores that Ray reserves for each model server")
    ] = 1.0,
    server_gpus: Annotated[
        float, typer.Option(metavar="X", help="GPUs, or a share of one, that Ray reserves for each model server")
    ] = 0.0,
    ingress: Annotated[
        Literal["haproxy", "python"] | None, typer.Option(help="default: haproxy on Linux, python elsewhere")
    ] = None,
    timeout_s: Annotated[
        float, typer.Option(metavar="S", help="time within which everything must answer")
    ] = DEFAULT_TIMEOUT_S,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="answer over TLS with this certificate (PEM)")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="its key, unencrypted (PEM)")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="admit only clients with a certificate of these authorities")
    ] = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="run until a signal stops the service")] = False,
    state_dir: StateDir = None,
) -> int:
    """Starts the stack, shows each step with its seconds, and returns when it answers, or when it was stopped."""
    tls = _tls(tls_cert, tls_key, tls_client_ca)
    try:
        options = StackOptions(
            port=port,
            host=host,
            models_dir=models_dir,
            model_config=model_config or SERVING_CONFIG,
            orchestrators=parse_size(orchestrators),
            servers=replicas,
            autoscale=autoscale,
            ray_address=ray_address,
            server_cpus=server_cpus,
            server_gpus=server_gpus,
            ingress=ingress or default_ingress(),
            timeout_s=timeout_s,
            tls=tls,
        )
        _start(options, state_folder(state_dir), foreground=foreground)
    except FleetError as err:
        return report_error(err)
    return 0


def _tls(cert: Path | None, key: Path | None, client_ca: Path | None) -> ServerTls | None:
    if cert is None and key is None and client_ca is None:
        return None
    if cert is None or key is None:
        raise UsageError("TLS needs a certificate and its key: give --tls-cert and --tls-key")
    return ServerTls(cert=cert, key=key, client_ca=client_ca)


def _start(options: StackOptions, folder: Path, *, foreground: bool) -> None:
    console = Console(stderr=True, highlight=False)
    begin_s = time.monotonic()
    steps_shown = 0

    def report(step: str, seconds: float) -> None:
        nonlocal steps_shown
        if step in _STEPS:
            steps_shown += 1
            console.print(f"{seconds:6.1f} s  {_STEPS[step]}")

    if foreground:
        up_in_foreground(options, folder, report, os.environ)
        return
    with console.status("starting"):
        state = start_stack(options, folder, report, os.environ)
    if not steps_shown:
        console.print(f"already up on {state.address} since {time.ctime(state.started_at_s)}")
        return
    secured = ", with TLS on every interface," if state.has_tls else ""
    took_s = time.monotonic() - begin_s
    console.print(f"up on {state.address}{secured} in {took_s:.1f} s; stop it with: {stop_command(folder)}")
