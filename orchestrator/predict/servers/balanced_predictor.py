"""The predictor in production: every call goes to one of the model servers that are there now.

predict -> limiter.py -> rules/balancer.py picks a server -> connection.py -> TensorFlow Serving
                           ^                                    |
                           '--- rules/attempts.py, call.py <----' it fails, or is late
"""

import time
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
from orchestrator.predict.rules.attempts import AttemptPolicy, Attempts
from orchestrator.predict.rules.balancer import Balancer, CallSpec
from orchestrator.predict.rules.latency import LatencyBook
from orchestrator.predict.rules.retry import RetryBudget
from orchestrator.predict.servers.call import ServerCall
from orchestrator.predict.servers.endpoints import EndpointSource
from orchestrator.predict.servers.messages import decode, encode
from orchestrator.predict.servers.options import BalanceOptions
from orchestrator.predict.servers.registry import ServerRegistry


class BalancedPredictor:
    """Sends batches to model servers; implements `orchestrator.predict.predictor.Predictor`.

    Args:
        source: Where the servers are; a single address is enough.
        options: Bounds and times.
    """

    def __init__(self, source: EndpointSource, options: BalanceOptions | None = None) -> None:
        self._options = options or BalanceOptions()
        random = Random()
        self._balancer = Balancer(random, max_calls=self._options.max_calls, compared=self._options.compared)
        self._registry = ServerRegistry(source, self._balancer, self._options, self._resize)
        self._policy = AttemptPolicy(self._balancer, RetryBudget(), random, self._options.hedged_percent)
        self._latencies = LatencyBook()
        self._limiters: dict[str, Limiter] = {}

    async def start(self) -> None:
        """Looks up the servers; one that is not there yet is not an error."""
        await self._registry.start()

    async def close(self) -> None:
        """Closes the connections; calls under way end with an error."""
        await self._registry.close()

    async def predict(
        self,
        model: str,
        inputs: Arrays,
        *,
        deadline: Deadline,
        signature: str = SERVING_DEFAULT,
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """See `Predictor.predict`."""
        rows = check_inputs(model, signature, inputs, version=version)
        # Bytes stand for work: what the networks do for a picture grows with its pixels.
        spec = CallSpec(model, version, work=float(sum(array.nbytes for array in inputs.values())))
        asked_s = time.monotonic()
        with deadline.waiting_for(f"model {model}"):
            async with self._limiter(model).acquire(1, deadline=deadline):
                observer().queued(model, time.monotonic() - asked_s)
                request = await encode(model, inputs, signature, version)
                deadline.remaining_s()  # no server is asked for a caller who has given up
                latencies = self._latencies.of(model, signature, rows)
                attempts = Attempts(self._policy, spec, latencies, now_s=time.monotonic(), end_s=deadline.end_s)
                call = ServerCall(self._registry, attempts, spec, request, deadline, rows=rows)
                response = await call.response()
        return await decode(response, model, signature, version, rows=rows)

    def queue_s(self) -> dict[str, float]:
        """Returns the seconds that the last calls of each model waited for a server to take them, on average."""
        return {model: limiter.mean_wait_s for model, limiter in self._limiters.items()}

    def _limiter(self, model: str) -> Limiter:
        if model not in self._limiters:
            queue = AdmissionQueue(self._balancer.capacity(model), self._options.max_calls_queued)
            self._limiters[model] = Limiter(queue, f"the queue for model {model}")
        return self._limiters[model]

    def _resize(self) -> None:
        for model, limiter in self._limiters.items():
            limiter.resize(self._balancer.capacity(model))
