"""One call of the model servers over gRPC: carries out what `orchestrator.predict.rules.attempts` decides."""

import asyncio
import time
from collections.abc import Iterable

import grpc

from facegrid.errors import FacegridError
from facegrid.tfserving.v1 import predict_pb2
from orchestrator.deadline import Deadline
from orchestrator.observer import observer
from orchestrator.predict.rules.attempts import Action, AttemptKind, Attempts, Cancel, Ejected, Fail, FailureCause, Send
from orchestrator.predict.rules.balancer import CallSpec, ServerEntry
from orchestrator.predict.rules.eject import AttemptOutcome
from orchestrator.predict.servers.messages import explain, late, name_of, outcome, unreachable
from orchestrator.predict.servers.registry import ServerRegistry


class ServerCall:
    """One call, with its attempts as tasks. It is made on the event loop that it runs on.

    Args:
        registry: Has the connections.
        attempts: Decides what to do, on the clock of `time.monotonic`.
        spec: What is called.
        request: The message to send.
        deadline: When to give up.
        rows: Of the batch.
    """

    def __init__(
        self,
        registry: ServerRegistry,
        attempts: Attempts,
        spec: CallSpec,
        request: predict_pb2.PredictRequest,
        deadline: Deadline,
        *,
        rows: int,
    ) -> None:
        self._registry = registry
        self._attempts = attempts
        self._spec = spec
        self._request = request
        self._deadline = deadline
        self._rows = rows
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last_error: Exception | None = None
        self._response: asyncio.Future[predict_pb2.PredictResponse] = asyncio.get_running_loop().create_future()

    async def response(self) -> predict_pb2.PredictResponse:
        """Returns the first good answer.

        Raises:
            FacegridError: Why the last attempt failed.
        """
        self._carry_out(self._attempts.begin(time.monotonic()))
        try:
            return await self._response
        finally:
            self._carry_out(self._attempts.abandon(time.monotonic()))
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(server, kind):
                    self._report(kind)
                    self._tasks[server.address] = asyncio.create_task(self._attempt(server))
                case Cancel(server):
                    self._tasks[server.address].cancel()
                case Ejected(server, because):
                    self._registry.ejected(server, self._spec.model, because)
                case Fail(cause):
                    if not self._response.done():
                        self._response.set_exception(self._error(cause))
                        self._response.exception()  # counts as seen, even where the caller was cancelled meanwhile
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._response.done():
            delay_s = max(self._attempts.wake_s - time.monotonic(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._carry_out(self._attempts.wake(time.monotonic()))

    async def _attempt(self, server: ServerEntry) -> None:
        connection = self._registry.connection(server)
        try:
            response = await connection.predict(self._request, self._deadline.end_s - time.monotonic(), rows=self._rows)
        except asyncio.CancelledError:
            # Either this attempt is not wanted any more, or its connection was closed, which ends the call.
            self._response.cancel()
            raise
        except Exception as err:  # noqa: BLE001 - whatever it is, it is the caller's to see
            self._last_error = err
            self._carry_out(self._attempts.failed(server, _outcome_of(err), time.monotonic()))
        else:
            if not self._response.done():
                self._response.set_result(response)
            self._carry_out(self._attempts.answered(server, time.monotonic()))

    def _report(self, kind: AttemptKind) -> None:
        if kind is AttemptKind.HEDGE:
            observer().hedged(self._spec.model)
        elif kind is AttemptKind.RETRY and isinstance(self._last_error, grpc.aio.AioRpcError):
            observer().retried(self._spec.model, self._last_error.code().name)

    def _error(self, cause: FailureCause) -> Exception:
        name = name_of(self._spec.model, self._spec.version)
        match cause, self._last_error:
            case FailureCause.DEADLINE, _:
                return late(name, self._attempts.timeout_s)
            case FailureCause.LAST_ATTEMPT, grpc.aio.AioRpcError() as err:
                return _caused_by(err, explain(name, err, self._attempts.timeout_s))
            case FailureCause.LAST_ATTEMPT, Exception() as err:
                return err  # gRPC never should raise such
            case _:
                return unreachable(name)


def _outcome_of(err: Exception) -> AttemptOutcome:
    return outcome(err.code()) if isinstance(err, grpc.aio.AioRpcError) else AttemptOutcome.ANSWERED


def _caused_by(cause: Exception, error: FacegridError) -> FacegridError:
    error.__cause__ = cause
    return error
