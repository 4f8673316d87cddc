"""The whole service on two real model servers, of which one dies, freezes, or is asked for more than there is time."""

import io
import re
import signal
import threading
import time
import urllib.request
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

import facegrid
from exporters.signatures import CONTRACTS
from orchestrator.fleet.model_config import local_model_config, read_model_config, write_model_config
from orchestrator.predict.servers.balanced_predictor import BalancedPredictor
from orchestrator.predict.servers.endpoints import StaticEndpoints
from orchestrator.settings import Settings
from tests.model_server.helpers.process import ServerProcess
from tests.support.hosts import running_host
from tests.support.paths import REPOSITORY
from tests.support.polling import eventually


@pytest.fixture(scope="module")
def start(exported_models, tmp_path_factory):
    """Returns a context of a server of every network."""
    folder = tmp_path_factory.mktemp("servers")
    shipped = read_model_config(REPOSITORY / "serving_configs" / "models.config")
    write_model_config(local_model_config(shipped, exported_models), folder / "models.config")
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    flags = (f"--model_config_file={folder}/models.config", f"--monitoring_config_file={folder}/monitoring.config")
    return lambda: ServerProcess(folder, *flags, with_rest=True)


@contextmanager
def service(*servers, settings=None):
    """The plain host on these servers; gives a client."""
    addresses = tuple(f"127.0.0.1:{server.wait_until_ready().port}" for server in servers)
    predictor = BalancedPredictor(StaticEndpoints(dict.fromkeys(CONTRACTS, addresses)))
    with running_host(settings or Settings(), predictor) as target, facegrid.connect(target) as client:
        yield client


class Callers:
    """Threads that look for faces in a picture without a pause."""

    def __init__(self, client, picture, callers) -> None:
        self.answered, self.failures, self._stop = 0, [], threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(client, picture)) for _ in range(callers)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more):
        enough = self.answered + more
        eventually(lambda: self.answered >= enough or self.failures, f"{more} more answers")

    def _ask(self, client, picture):
        while not self._stop.is_set():
            try:
                assert len(client.detect(picture, timeout_s=60)) == 1
            except Exception as err:  # noqa: BLE001
                self.failures.append(err)
            self.answered += 1


@pytest.fixture
def picture(samples):
    """A small picture with a face."""
    with Image.open(samples / "astronaut.png") as image:
        small, encoded = image.convert("RGB").resize((256, 256)), io.BytesIO()
    small.save(encoded, "PNG")
    return encoded.getvalue()


def test_no_call_fails_when_one_of_two_servers_is_killed(start, picture):
    with start() as one, start() as other, service(one, other) as client:
        client.detect(picture)
        with Callers(client, picture, 6) as callers:
            callers.wait_for(12)
            one.process.send_signal(signal.SIGKILL)
            callers.wait_for(30)
        assert callers.failures == []


def test_no_call_fails_when_one_of_two_servers_freezes(start, picture):
    with start() as one, start() as other, service(one, other) as client:
        client.detect(picture)
        with Callers(client, picture, 4) as callers:
            callers.wait_for(40)
            one.process.send_signal(signal.SIGSTOP)
            try:
                callers.wait_for(30)
            finally:
                one.process.send_signal(signal.SIGCONT)
            callers.wait_for(10)
        assert callers.failures == []


def predict_count(server):
    """Returns the server's own count of calls, of any result."""
    url = f"http://127.0.0.1:{server.rest_port}/monitoring/prometheus/metrics"
    with urllib.request.urlopen(url, timeout=10) as page:
        lines = page.read().decode()
    return sum(map(float, re.findall(r"^:tensorflow:serving:request_count\{[^}]*\} (\S+)", lines, re.MULTILINE)))


def test_behind_a_deadline_that_is_over_no_work_goes_on(start, samples):
    """50 ms are not enough for 12 megapixels; the servers never hear of them."""
    encoded = io.BytesIO()
    with Image.open(samples / "astronaut.png") as image:
        image.convert("RGB").resize((4000, 3000)).save(encoded, "JPEG")
    with start() as server, service(server, settings=Settings(max_images_at_once=1)) as client:
        small = np.zeros((64, 64, 3), np.uint8)
        client.detect(small)
        before = predict_count(server)
        assert before > 0
        began_s = time.monotonic()
        with pytest.raises(facegrid.DeadlineExceeded, match="within the 50 ms given"):
            client.detect(encoded.getvalue(), timeout_s=0.05)
        assert time.monotonic() - began_s < 5  # it does not wait for the picture to be decoded, let alone looked at
        # There is one place, which the next picture gets when the work for the last one is over.
        client.detect(small)
        calls_of_small = before  # as many as for the first
        assert predict_count(server) == before + calls_of_small
