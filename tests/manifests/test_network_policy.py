"""Who reaches whom under the network policies, asked by an evaluator of the rules of the Kubernetes API."""

from dataclasses import dataclass

import pytest

from tests.manifests.rendered import NETWORKS, Doc, combination, of_kind, overlay, pods


@dataclass(frozen=True)
class Endpoint:
    labels: dict[str, str]
    namespace: str = "facegrid"
    namespace_labels: tuple[tuple[str, str], ...] = ()


def matches(selector: Doc | None, labels: dict[str, str]) -> bool:
    if selector is None:
        return True
    assert set(selector) <= {"matchLabels"}, "the evaluator knows matchLabels alone"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def peer_matches(peer: Doc, other: Endpoint) -> bool:
    assert set(peer) <= {"podSelector", "namespaceSelector"}
    if "namespaceSelector" in peer:
        at_home = matches(peer["namespaceSelector"], dict(other.namespace_labels))
    else:
        at_home = other.namespace == "facegrid"
    return at_home and matches(peer.get("podSelector"), other.labels)


def rule_matches(rule: Doc, other: Endpoint, port: int, side: str) -> bool:
    peers, ports = rule.get(side), rule.get("ports")
    return (peers is None or any(peer_matches(peer, other) for peer in peers)) and (
        ports is None or any(one["port"] == port and one["protocol"] == "TCP" for one in ports)
    )


def allowed(docs: list[Doc], one: Endpoint, other: Endpoint, port: int, direction: str) -> bool:
    """Whether the policies that select `one` let it exchange with `other`: in for Ingress, out for Egress."""
    if one.namespace != "facegrid":
        return True
    side = {"Ingress": "from", "Egress": "to"}[direction]
    policies = [
        policy["spec"]
        for policy in of_kind(docs, "NetworkPolicy")
        if direction in policy["spec"]["policyTypes"] and matches(policy["spec"]["podSelector"], one.labels)
    ]
    rules = [rule for policy in policies for rule in policy.get(direction.lower(), [])]
    return not policies or any(rule_matches(rule, other, port, side) for rule in rules)


def reaches(docs: list[Doc], source: Endpoint, target: Endpoint, port: int) -> bool:
    return allowed(docs, source, target, port, "Egress") and allowed(docs, target, source, port, "Ingress")


def endpoints(docs: list[Doc]) -> dict[str, Endpoint]:
    found = {pod.owner.split()[-1]: Endpoint(pod.labels) for pod in pods(docs)}
    outside = {
        "gateway": {"facegrid/role": "gateway"},
        "prometheus": {"facegrid/role": "monitoring"},
        "elsewhere": {},
    }
    found |= {name: Endpoint({}, name, tuple(labels.items())) for name, labels in outside.items()}
    return found | {
        "operator": Endpoint({"app.kubernetes.io/name": "kuberay-operator"}, "kuberay"),
        "intruder": Endpoint({"app": "intruder"}),
    }


# Who may open a connection to which port of whom; nothing else.
CALLS = {
    *(("workers", network, 8500) for network in NETWORKS),
    *(("prometheus", network, 8501) for network in NETWORKS),
    ("gateway", "workers", 9000),
    ("prometheus", "workers", 8080),
    ("prometheus", "workers", 9101),
    ("prometheus", "workers", 9410),
    ("prometheus", "workers", 9411),
    ("prometheus", "head", 9410),
    ("prometheus", "head", 9411),
    ("prometheus", "head", 8080),
    ("prometheus", "head", 9101),
    ("operator", "head", 8265),
    ("operator", "head", 8000),
    ("head", "redis", 6379),
    ("workers", "redis", 6379),
}
RAY = {(a, b) for a in ("head", "workers") for b in ("head", "workers")}  # on every port
PORTS = (6379, 8000, 8080, 8265, 8500, 8501, 9000, 9101, 9410, 9411, 40000)


def test_only_the_pods_that_must_reach_a_port():
    docs = overlay("production")
    ends = endpoints(docs)
    inside = [name for name, end in ends.items() if end.namespace == "facegrid" and name != "intruder"]
    reached = {
        (source, target, port)
        for source in ends
        for target in inside
        for port in PORTS
        if reaches(docs, ends[source], ends[target], port)
    }
    assert reached == CALLS | {(source, target, port) for source, target in RAY for port in PORTS}


@pytest.mark.parametrize("source", ["intruder", "elsewhere"])
def test_without_the_component_every_pod_reaches_the_model_servers(source):
    docs = combination(())
    ends = endpoints(docs)
    assert reaches(docs, ends[source], ends["pnet"], 8500)


@pytest.mark.parametrize(("port", "expected"), [(443, True), (8500, False), (22, False)])
def test_workers_reach_the_object_store_and_nothing_else_outside(port, expected):
    docs = overlay("production")
    ends = endpoints(docs)
    assert reaches(docs, ends["workers"], ends["elsewhere"], port) is expected


def test_model_servers_reach_no_pod():
    docs = overlay("production")
    ends = endpoints(docs)
    assert not any(reaches(docs, ends[network], ends["elsewhere"], 443) for network in NETWORKS)
