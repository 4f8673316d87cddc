"""One call of the fleet: an attempt on one server, and others where it fails or is late."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from random import Random

import grpc

from facegrid.tfserving.v1 import predict_pb2
from orchestrator.observer import observer
from orchestrator.predict.rules.balancer import Balancer, CallSpec, Server
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.rules.hedge import late_s, patience_s
from orchestrator.predict.rules.latency import Latencies
from orchestrator.predict.rules.retry import MAX_ATTEMPTS, RETRIED, RetryBudget, pause_s
from orchestrator.predict.servers.messages import explain, late, name_of, outcome, unreachable
from orchestrator.predict.servers.registry import ServerRegistry


@dataclass(frozen=True)
class Rules:
    """What every call has in common."""

    balancer: Balancer
    fleet: ServerRegistry
    budget: RetryBudget
    random: Random
    hedged_percent: float


class Attempts:
    """The attempts at one call.

    Args:
        rules: By which servers are chosen and asked again.
        wanted: What is called.
        request: Is sent.
        latencies: Of calls like it.
        timeout_s: Seconds within which there must be an answer, whoever gives it.
    """

    def __init__(
        self,
        rules: Rules,
        wanted: CallSpec,
        request: predict_pb2.PredictRequest,
        latencies: Latencies,
        timeout_s: float,
    ) -> None:
        self._rules = rules
        self._wanted = wanted
        self._request = request
        self._latencies = latencies
        self._timeout_s = timeout_s
        self._end_s = time.monotonic() + timeout_s
        self._name = name_of(wanted.model, wanted.version)
        batch = next(iter(request.inputs.values()))  # all inputs have as many rows
        self._rows = batch.tensor_shape.dim[0].size
        self._tried: set[str] = set()
        self._running: set[asyncio.Task[predict_pb2.PredictResponse]] = set()
        self._beside = False
        """Whether a server was looked for that is asked beside the first: that is done once."""

    async def answer(self) -> predict_pb2.PredictResponse:
        """Returns the first good answer.

        Raises:
            FacegridError: Why the last attempt failed.
        """
        self._rules.budget.called()
        if not self._start():
            raise unreachable(self._name)
        try:
            while True:
                done, _ = await asyncio.wait(
                    self._running, timeout=self._patience_s(), return_when=asyncio.FIRST_COMPLETED
                )
                self._running -= done
                if not done:
                    self._start_beside()
                    continue
                for task in done:
                    if task.exception() is None:
                        return task.result()
                if not self._running:
                    await self._start_again(done.pop())
        finally:
            await self._give_up()

    def _patience_s(self) -> float:
        """Returns how long to wait for an answer before another server is asked."""
        left_s = self._left_s()
        if not self._beside:
            patience = patience_s(self._latencies, self._timeout_s, self._rules.hedged_percent)
            if patience < left_s:
                return patience
        # gRPC ends the attempts at the deadline; the second more is for it to say so.
        return left_s + 1.0

    def _start(self) -> bool:
        """Begins an attempt on a server that was not asked yet; returns whether there is one."""
        began_s = time.monotonic()
        server = self._rules.balancer.pick(self._wanted, began_s, self._tried)
        if server is None:
            return False
        self._tried.add(server.address)
        replica = self._rules.fleet.replica(server)
        self._rules.balancer.began(server, self._wanted)
        task = asyncio.create_task(replica.predict(self._request, self._left_s(), rows=self._rows))
        task.add_done_callback(partial(self._ended, server, began_s))
        self._running.add(task)
        return True

    def _start_beside(self) -> None:
        """Begins an attempt beside the first, which is late, if there is a server and a repeat for it."""
        if self._left_s() <= 0:
            raise late(self._name, self._timeout_s)
        self._beside = True
        untried = (server.address not in self._tried for server in self._rules.balancer.servers(self._wanted.model))
        if any(untried) and self._rules.budget.take() and self._start():
            observer().hedged(self._wanted.model)

    async def _start_again(self, failed: "asyncio.Task[predict_pb2.PredictResponse]") -> None:
        """Begins an attempt after the last one failed; raises its error where that is not to be."""
        error = failed.exception()
        if not isinstance(error, grpc.aio.AioRpcError):
            failed.result()  # raises what gRPC never should
            return
        pause = pause_s(len(self._tried), self._rules.random)
        if (
            outcome(error.code()) in RETRIED
            and len(self._tried) < MAX_ATTEMPTS
            and pause < self._left_s()
            and self._rules.balancer.pick(self._wanted, time.monotonic(), self._tried) is not None
            and self._rules.budget.take()
        ):
            await asyncio.sleep(pause)
            if self._start():
                observer().retried(self._wanted.model, error.code().name)
                return
        raise explain(self._name, error, self._timeout_s) from error

    def _ended(self, server: Server, began_s: float, task: "asyncio.Task[predict_pb2.PredictResponse]") -> None:
        """Takes notice of how an attempt ended, also of one that was given up."""
        now_s = time.monotonic()
        took_s = now_s - began_s
        how = _outcome_of(task)
        if how is AttemptOutcome.UNKNOWN and took_s >= late_s(self._latencies, self._timeout_s):
            how = AttemptOutcome.LATE
        answered = not task.cancelled() and task.exception() is None
        if answered or how is AttemptOutcome.LATE:
            server.load.took(took_s, self._latencies.quantile_s(0.5), now_s)
        if answered:
            self._latencies.add(took_s)
        self._rules.fleet.ended(server, self._wanted, how, now_s)

    def _left_s(self) -> float:
        return self._end_s - time.monotonic()

    async def _give_up(self) -> None:
        """Ends the attempts that nobody waits for any more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _outcome_of(task: "asyncio.Task[predict_pb2.PredictResponse]") -> AttemptOutcome:
    if task.cancelled():
        return AttemptOutcome.UNKNOWN
    error = task.exception()
    return outcome(error.code()) if isinstance(error, grpc.aio.AioRpcError) else AttemptOutcome.ANSWERED
