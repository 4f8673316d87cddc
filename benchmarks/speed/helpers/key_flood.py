"""A flood of calls with a wrong key, made by h2load, which spends hardly any processor time on it.

The flood shares the machine with the service. A generator written in Python would take more processor time than the
service, and the benchmark would measure that. Debian: `apt-get install nghttp2-client`.
"""

import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_METHOD = "/facegrid.v1.FaceService/Detect"
_LEAD_S = 0.5


@dataclass
class Flood:
    """The result of a flood; known when it is over."""

    refused_per_s: float = 0.0
    cores: float = 0.0
    """Processor time that h2load took, as a share of one core."""


def h2load() -> str:
    """Returns the program.

    Raises:
        SystemExit: It is not installed.
    """
    found = shutil.which("h2load")
    if found is None:
        raise SystemExit("this floods with h2load, which is not installed; on Debian: apt-get install nghttp2-client")
    return found


@contextmanager
def flood(url: str, key: str, *, rate: int, request_bytes: int, seconds: float) -> Iterator[Flood]:
    """Floods a service for the time of the block and a little before.

    Args:
        url: http:// or https:// and HOST:PORT.
        key: The API key of each call.
        rate: Calls per second.
        request_bytes: Size of each request; the service should not even read it.
        seconds: Length of the block, which then waits for the end of the flood.
    """
    result = Flood()
    with tempfile.NamedTemporaryFile() as body:
        body.write(bytes(request_bytes))
        body.flush()
        headers = ("content-type: application/grpc", "te: trailers", f"authorization: Bearer {key}")
        command = [h2load(), f"--rps={rate}", f"--duration={seconds + 2 * _LEAD_S:g}", "--clients=1", "--threads=1"]
        command += ["--max-concurrent-streams=100", f"--data={body.name}"]
        command += [f"--header={header}" for header in headers]
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen([*command, url + _METHOD], stdout=subprocess.PIPE, text=True) as process:
            try:
                _wait(process, _LEAD_S)
                yield result
            except BaseException:
                process.terminate()
                raise
            text, _ = process.communicate()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    took_s, done = _report(text)
    result.refused_per_s = done / took_s
    result.cores = (ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime) / took_s


def _wait(process: "subprocess.Popen[str]", seconds: float) -> None:
    """Lets the flood begin."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise RuntimeError(f"h2load ended with {process.returncode}")


def _report(text: str) -> tuple[float, int]:
    """Returns the seconds and the answers of a run of h2load."""
    took = re.search(r"finished in ([\d.]+)(ms|s)", text)
    done = re.search(r"status codes: (\d+) 2xx", text)
    if took is None or done is None:
        raise RuntimeError(f"h2load said:\n{text}")
    return float(took[1]) / (1000 if took[2] == "ms" else 1), int(done[1])
