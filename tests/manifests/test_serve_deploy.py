"""The application of the RayService, deployed as KubeRay does, finds and names people."""

import urllib.error
import urllib.request

import grpc
import pytest

from exporters.signatures import CONTRACTS
from facegrid.v1.detect_pb2 import DetectRequest
from facegrid.v1.enroll_pb2 import EnrollRequest
from facegrid.v1.face_pb2 import Portrait
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from facegrid.v1.identify_pb2 import IdentifyRequest
from tests.manifests.ray_here import RayPod
from tests.manifests.rendered import overlay
from tests.manifests.run_here import ModelServer, grpc_probe
from tests.support.polling import eventually

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def pod(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("local")
    docs = overlay("local")
    with ModelServer(docs, "model-server", packed, folder).running() as server:
        targets = dict.fromkeys(CONTRACTS, f"127.0.0.1:{server.port}")
        with RayPod(docs, targets, folder / "gallery").running() as pod:
            eventually(lambda: healthy(pod, "livenessProbe"), f"Ray's health: {pod.folder}", 240)
            deployed = pod.deploy()
            assert deployed.returncode == 0, deployed.stdout + deployed.stderr
            eventually(lambda: pod.status().get("status") == "RUNNING", f"the application: {pod.status()}", 240)
            eventually(lambda: grpc_probe(server.port), "the model server", 240)
            # The application runs before the ingress has heard of its replicas.
            eventually(lambda: grpc_probe(pod.grpc_port), "the ingress", 240)
            yield pod


def healthy(pod: RayPod, probe: str) -> bool:
    """Whether the HTTP probe of that name succeeds, without the secret that Ray's other paths ask for."""
    http = pod.container[probe]["httpGet"]
    assert http["port"] == 52365
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{pod.agent_port}{http['path']}", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_probes_of_a_worker_succeed(pod):
    for probe in ("livenessProbe", "startupProbe"):
        eventually(lambda probe=probe: healthy(pod, probe), probe)  # a kubelet asks several times, too
    assert pod.container["readinessProbe"]["grpc"] == {"port": 9000}
    eventually(lambda: grpc_probe(pod.grpc_port), "readinessProbe")


def test_a_face_is_found_and_a_person_is_named(pod, samples):
    with grpc.insecure_channel(f"127.0.0.1:{pod.grpc_port}") as channel:
        service = FaceServiceStub(channel)
        found = service.Detect(DetectRequest(image=(samples / "obama.jpg").read_bytes()), timeout=60)
        assert [face.score > 0.9 for face in found.faces] == [True]
        portrait = Portrait(image=(samples / "obama.jpg").read_bytes())
        enrolled = service.Enroll(EnrollRequest(subject="Barack Obama", images=[portrait]), timeout=60)
        assert enrolled.results[0].WhichOneof("result") == "enrolled", enrolled
        for name, subjects in {"obama2.jpg": ["Barack Obama"], "biden.jpg": [""]}.items():
            answer = service.Identify(IdentifyRequest(image=(samples / name).read_bytes()), timeout=60)
            assert [one.subject for one in answer.identifications] == subjects, name


def test_without_its_secret_ray_does_not_talk(pod):
    url = f"http://127.0.0.1:{pod.dashboard_port}/api/serve/applications/"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=20)
    with caught.value as refusal:
        assert refusal.code in (401, 403)
