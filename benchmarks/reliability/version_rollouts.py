"""Do callers notice changes of version in a fleet, and does any answer mix two versions?

    python -m benchmarks.reliability.version_rollouts [--models-dir models] [--rollouts 50]

Runs a stack with two model servers, calls Detect, Embed and Verify through our client all the time, and rolls out a
second version of pnet, rnet and onet in turn; half of the trials are promoted, half rolled back. The second version is
a copy of the first under another number, so a picture must not differ from itself, and two embeddings of one picture by
one embedder must be equal.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import facegrid
from benchmarks.common.local_stack import ClientTraffic, LocalStack, local_stack
from benchmarks.common.machine import conditions
from orchestrator.app.host_files import read_serve_status

_MODELS = ("pnet", "rnet", "onet")
_CALLERS = 3
_TRIAL_S, _LONGEST_TRIAL_S = 1.0, 60.0


@dataclass
class CheckedTraffic(ClientTraffic):
    """Callers that check that answers for one picture agree."""

    mixed: Counter[str] = field(default_factory=Counter)
    _turn: int = 0

    async def ask(self, client: facegrid.AsyncClient) -> None:
        """Makes one call: Detect, Embed and Verify in turn."""
        self._turn += 1
        match self._turn % 3:
            case 0:
                await client.detect(self.picture)
            case 1:
                one, other = await client.embed(self.picture), await client.embed(self.picture)
                if one[0].embedder == other[0].embedder and not np.allclose(one[0].vector, other[0].vector, atol=1e-4):
                    self.mixed["two vectors of one embedder and one face differ"] += 1
            case _:
                if (await client.verify(self.picture, self.picture)).distance > 1e-3:
                    self.mixed["a picture differs from itself"] += 1


def change(stack: LocalStack, versions: dict[str, int], number: int) -> float:
    """Rolls out the other version of a network, then promotes it or takes it back; returns the seconds it took."""
    model = _MODELS[number % len(_MODELS)]
    promotes = number % 2 == 0
    new = 3 - versions[model]
    begin_s = time.monotonic()
    _require(stack.change(do="rollout", model=model, version=new, share=0.3))
    time.sleep(_TRIAL_S)
    if promotes:
        _promote(stack, model)
        versions[model] = new
    else:
        _require(stack.change(do="rollback", model=model))
    return time.monotonic() - begin_s - _TRIAL_S


def _promote(stack: LocalStack, model: str) -> None:
    """Promotes the version on trial as soon as it has answered a call."""
    limits = {"least_calls": 1, "error_rate_above": 0.01, "slower": 1000.0}
    give_up_s = time.monotonic() + _LONGEST_TRIAL_S
    while "error" in (answer := stack.change(do="promote", model=model, force=False, limits=limits)):
        if "answered 0 calls" not in str(answer["error"]) or time.monotonic() > give_up_s:
            _require(answer)
        time.sleep(_TRIAL_S)


def _require(answer: dict[str, object]) -> None:
    if "error" in answer:
        raise RuntimeError(f"{answer['error']} {answer['advice']}")


def main(argv: list[str] | None = None) -> int:
    """Prints the outcome; returns 1 if a call failed or an answer was mixed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--rollouts", type=int, default=50)
    args = parser.parse_args(argv)
    print(conditions("ray", "grpcio"))
    with tempfile.TemporaryDirectory() as folder:
        models_dir = Path(folder) / "models"
        shutil.copytree(args.models_dir, models_dir)
        with local_stack(models_dir, "2") as stack:  # with version 1 alone in the folders
            for model in _MODELS:
                shutil.copytree(models_dir / model / "1", models_dir / model / "2")
            versions = dict.fromkeys(_MODELS, 1)
            with CheckedTraffic(stack.state.address, _CALLERS) as traffic:
                times_s = [change(stack, versions, number) for number in range(args.rollouts)]
            status = read_serve_status(stack.state.run_dir, timeout_s=10)
    print(
        f"{len(times_s)} trials, of them {sum(n % 2 == 0 for n in range(len(times_s)))} promoted, the others taken back"
    )
    print(f"a trial without its second of traffic: median {np.median(times_s):.1f} s, longest {max(times_s):.1f} s")
    print(f"{len(traffic.answers)} calls answered, {traffic.errors.total()} failed, {traffic.mixed.total()} mixed")
    print(f"at the end: {[one['versions'] for one in status['servers']] if status else 'no answer'}")
    for message, number in (traffic.errors + traffic.mixed).items():
        print(f"    {number} x {message}")
    return int(bool(traffic.errors or traffic.mixed))


if __name__ == "__main__":
    sys.exit(main())
