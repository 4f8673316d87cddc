"""Wrong requests to every entrance of one server: each is answered with a status."""

from random import Random

from benchmarks.reliability.fuzz import measure
from benchmarks.reliability.fuzzing.mutations import mutate_message, mutated_bytes, mutated_json
from tests.model_server.helpers.messages import floats, predict_request


def test_wrong_requests_are_answered(tmp_path):
    """The short form of `make fuzz`, with another seed."""
    found = measure(tmp_path, requests=600, callers=3, seed=1)
    assert found.faults == []
    assert found.statuses.total() == 600
    assert {name for name, _ in found.statuses} >= {"Predict", "HandleReloadConfigRequest", "REST"}
    refused = sum(count for (_, status), count in found.statuses.items() if status not in ("OK", "200"))
    assert refused > 300  # the requests are wrong indeed


def test_mutations_are_those_of_the_seed():
    request = predict_request("m", {"x": floats([[1]])})
    document = {"instances": [[1.0], [2.0]]}

    def mutations(seed: int) -> list:
        random = Random(seed)
        changed = type(request)()
        changed.CopyFrom(request)
        mutate_message(changed, random)
        return [
            changed.SerializeToString(deterministic=True),
            mutated_bytes(b"abc", random),
            repr(mutated_json(document, random)),
        ]

    assert mutations(3) == mutations(3)
    assert len({str(mutations(seed)) for seed in range(50)}) > 40
    assert document == {"instances": [[1.0], [2.0]]}
