"""HAProxy as TLS proxy before the plain host."""

import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

from orchestrator.app.ports import free_ports
from orchestrator.settings import Settings
from tests.support.doubles import FunctionPredictor, onet, rnet
from tests.support.hosts import running_host
from tests.support.plain_pnet import pnet
from tests.support.polling import eventually

TIMEOUT_S = 30


def accepts(family, address):
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


@contextmanager
def proxied(files, *flags, settings=None):
    """Gives the address of the proxy, its log, and its process."""
    folder = files / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    (port,) = free_ports(1)
    predictor = FunctionPredictor({"pnet": pnet, "rnet": rnet, "onet": onet})

    def is_there():
        # HAProxy opens one after the other, and the file of a socket is there before somebody listens to it.
        return accepts(socket.AF_UNIX, f"{folder}/admin.sock") and accepts(socket.AF_INET, ("127.0.0.1", port))

    with running_host(settings or Settings(), predictor) as ingress, (files / "proxy.log").open("wb") as log:
        command = [sys.executable, "-m", "orchestrator.app.tls_proxy", f"--folder={folder}", f"--port={port}"]
        command += [f"--ingress-port={ingress.rpartition(':')[2]}"]
        command += [f"--cert={files}/service/tls.crt", f"--key={files}/service/tls.key", *map(str, flags)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            eventually(lambda: process.poll() is not None or is_there(), "HAProxy is there")
            yield f"127.0.0.1:{port}", files / "proxy.log", process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT_S)
