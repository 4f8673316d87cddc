"""The predictor in production: every call goes to one of the model servers that are there now.

predict -> a turn (turns.py) -> a server (balancer.py) -> its connection (replica.py) -> TensorFlow Serving
                                  ^                          |
                                  '---- another attempt <----' fails, or is late (attempts.py)
"""

from random import Random
from typing import Any

from numpy.typing import NDArray

from exporters.signatures import SERVING_DEFAULT
from orchestrator.deadline import Deadline
from orchestrator.observer import observer
from orchestrator.predict.checks import check_inputs
from orchestrator.predict.limiter import Limiter
from orchestrator.predict.predictor import Arrays
from orchestrator.predict.rules.admission import AdmissionQueue
from orchestrator.predict.rules.balancer import Balancer, CallSpec
from orchestrator.predict.rules.latency import LatencyBook
from orchestrator.predict.rules.retry import RetryBudget
from orchestrator.predict.servers.attempts import Attempts, Rules
from orchestrator.predict.servers.endpoints import EndpointSource
from orchestrator.predict.servers.messages import decode, encode
from orchestrator.predict.servers.options import BalanceOptions
from orchestrator.predict.servers.registry import ServerRegistry


class BalancedPredictor:
    """Sends batches to model servers; implements `orchestrator.predict.predictor.Predictor`.

    Args:
        source: Where the servers are; a single address is a fleet of one.
        options: Bounds and times.
    """

    def __init__(self, source: EndpointSource, options: BalanceOptions | None = None) -> None:
        self._options = options or BalanceOptions()
        random = Random()
        self._balancer = Balancer(random, max_calls=self._options.max_calls, compared=self._options.compared)
        self._fleet = ServerRegistry(source, self._balancer, self._options, self._resize)
        self._rules = Rules(self._balancer, self._fleet, RetryBudget(), random, self._options.hedged_percent)
        self._latencies = LatencyBook()
        self._turns: dict[str, Limiter] = {}

    async def start(self) -> None:
        """Looks up the servers; one that is not there yet is no error."""
        await self._fleet.start()

    async def close(self) -> None:
        """Closes the connections; calls under way end with an error."""
        await self._fleet.close()

    async def predict(
        self,
        model: str,
        inputs: Arrays,
        *,
        timeout_s: float,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`."""
        rows = check_inputs(model, signature, inputs, version=version)
        deadline = Deadline(timeout_s)
        # Bytes stand for work: what the networks do for a picture grows with its pixels.
        wanted = CallSpec(model, version, work=float(sum(array.nbytes for array in inputs.values())))
        with deadline.waiting_for(f"model {model}"):
            async with self._turn(model).take(1, timeout_s=timeout_s):
                observer().queued(model, timeout_s - deadline.remaining_s())
                request = await encode(model, inputs, signature, version)
                latencies = self._latencies.of(model, signature, rows)
                left_s = deadline.remaining_s()
                response = await Attempts(self._rules, wanted, request, latencies, left_s).answer()
        return await decode(response, model, signature, version, rows=rows)

    def queue_s(self) -> dict[str, float]:
        """Returns the seconds that the last calls of each model waited for a server to take them, on average."""
        return {model: turns.waited_s for model, turns in self._turns.items()}

    def _turn(self, model: str) -> Limiter:
        if model not in self._turns:
            admission = AdmissionQueue(self._balancer.capacity(model), self._options.max_calls_queued)
            self._turns[model] = Limiter(admission, f"the queue for model {model}")
        return self._turns[model]

    def _resize(self) -> None:
        for model, turns in self._turns.items():
            turns.resize(self._balancer.capacity(model))
