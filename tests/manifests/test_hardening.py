"""No pod of any overlay or combination can do more than it must."""

import pytest

from tests.manifests.rendered import Doc, Pod, everything, of_kind, pods


def all_pods() -> list[tuple[str, Pod]]:
    return [(f"{where}: {pod.owner}", pod) for where, docs in everything() for pod in pods(docs)]


def probes_of(container: Doc) -> set[str]:
    return {name.removesuffix("Probe") for name in container if name.endswith("Probe")}


def weaknesses(pod: Pod) -> list[str]:
    """What is wrong with a pod, in the words of the manifest."""
    spec, security = pod.spec, pod.spec.get("securityContext", {})
    found = []
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
        found.append("runs as root")
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        found.append("no seccomp profile")
    if spec.get("serviceAccountName", "default") == "default" or spec.get("automountServiceAccountToken") is not False:
        found.append("has the token of a service account")
    if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
        found.append("shares the host's namespaces")
    if any("hostPath" in volume for volume in spec.get("volumes", [])):
        found.append("sees the host's files")
    for container in pod.every_container:
        found += [f"{container['name']}: {what}" for what in container_weaknesses(container)]
    for container in pod.containers:
        missing = {"startup", "readiness", "liveness"} - probes_of(container)
        found += [f"{container['name']}: no {probe} probe" for probe in sorted(missing)]
    return found


def container_weaknesses(container: Doc) -> list[str]:
    security, resources = container.get("securityContext", {}), container.get("resources", {})
    found = []
    if security.get("readOnlyRootFilesystem") is not True:
        found.append("writes to its image")
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        found.append("may gain privileges")
    if security.get("capabilities", {}).get("drop") != ["ALL"] or security.get("capabilities", {}).get("add"):
        found.append("keeps capabilities")
    found += [
        f"no {which} of {what}"
        for which in ("requests", "limits")
        for what in ("cpu", "memory")
        if what not in resources.get(which, {})
    ]
    return found


def test_no_pod_has_a_weakness():
    checked = all_pods()
    assert len(checked) > 100
    assert {where: found for where, pod in checked if (found := weaknesses(pod))} == {}


@pytest.mark.parametrize(
    ("spoil", "weakness"),
    [
        (lambda spec: spec["securityContext"].pop("runAsNonRoot"), "runs as root"),
        (lambda spec: spec["securityContext"].pop("seccompProfile"), "no seccomp profile"),
        (lambda spec: spec.pop("automountServiceAccountToken"), "has the token of a service account"),
        (lambda spec: spec.update(hostNetwork=True), "shares the host's namespaces"),
        (lambda spec: spec["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "sees the host's files"),
        (lambda spec: spec["containers"][0].pop("livenessProbe"), "model-server: no liveness probe"),
        (lambda spec: spec["containers"][0]["resources"]["limits"].pop("memory"), "model-server: no limits of memory"),
        (lambda spec: spec["initContainers"][0].pop("securityContext"), "models: writes to its image"),
        (
            lambda spec: spec["containers"][0]["securityContext"]["capabilities"].update(add=["SYS_PTRACE"]),
            "model-server: keeps capabilities",
        ),
    ],
)
def test_the_policy_notices_a_weakness(spoil, weakness):
    import copy

    (pod,) = [pod for _, docs in list(everything())[:1] for pod in pods(docs) if pod.owner == "Deployment pnet"]
    spoilt = Pod(pod.owner, pod.labels, copy.deepcopy(pod.spec))
    spoil(spoilt.spec)
    assert weakness in weaknesses(spoilt)


def test_the_autoscaler_beside_the_head_is_hardened_and_alone_has_the_token():
    for where, docs in everything():
        (service,) = of_kind(docs, "RayService")
        cluster = service["spec"]["rayClusterConfig"]
        mounts = {
            container["name"]
            for pod in pods(docs)
            for container in pod.every_container
            for mount in container.get("volumeMounts", [])
            if mount["mountPath"].startswith("/var/run/secrets")
        }
        assert mounts == set(), where
        options = cluster.get("autoscalerOptions")
        assert (options is not None) is cluster["enableInTreeAutoscaling"]
        if options is not None:
            assert container_weaknesses(options) == [], where


def test_the_namespace_itself_refuses_what_is_not_restricted():
    for where, docs in everything():
        (namespace,) = of_kind(docs, "Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted", where


def test_no_document_holds_a_secret():
    for where, docs in everything():
        assert of_kind(docs, "Secret") == [], where


def test_ray_asks_for_its_secret():
    for where, docs in everything():
        (service,) = of_kind(docs, "RayService")
        assert service["spec"]["rayClusterConfig"]["authOptions"] == {"mode": "token"}, where
