"""OpenTelemetry spans: one trace from the request of a caller to each call of a model server.

It is loaded only if a collector is named (build.py).
"""

from collections.abc import Mapping

from grpc import StatusCode as GrpcCode
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from facegrid.v1 import face_service_pb2, generator_service_pb2
from orchestrator.observer import Origin

_SERVICES = {
    method.name: service.full_name
    for file in (face_service_pb2, generator_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""The service of each method."""
_PREDICT = "tensorflow.serving.PredictionService/Predict"
_PROPAGATOR = TraceContextTextMapPropagator()


class Span:
    """A span that has begun.

    Args:
        span: OpenTelemetry's.
        current: Whether spans that begin in this context are its children until it ends.
    """

    def __init__(self, span: trace.Span, *, current: bool) -> None:
        self._span = span
        self._token = context.attach(trace.set_span_in_context(span)) if current else None

    def headers(self) -> Mapping[str, str]:
        """Returns the headers that make this span the parent of another process's spans."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(self._span))
        return carrier

    def end(self, counts: Mapping[str, int], *, grpc_code: str = "", error: str = "") -> None:
        """Ends the span.

        Args:
            counts: Numbers of the work.
            grpc_code: Name of the gRPC status, of a call.
            error: The kind of error; empty: none.
        """
        for name, value in counts.items():
            self._span.set_attribute(f"facegrid.{name}", value)
        if grpc_code:
            number, _ = GrpcCode[grpc_code].value
            self._span.set_attribute("rpc.grpc.status_code", number)
        if error:
            self._span.set_attribute("error.type", error)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()
        if self._token is not None:
            context.detach(self._token)


class Tracing:
    """Begins spans.

    Args:
        provider: OpenTelemetry's; shut down by `close`.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("facegrid")

    def close(self) -> None:
        """Sends the spans that wait; blocks no longer than the exporter's timeout."""
        self._provider.shutdown()

    def request(self, method: str, origin: Origin, *, current: bool) -> Span:
        """Returns the span of a request, a child of the caller's span if the caller names one."""
        parent = _PROPAGATOR.extract(origin.trace, Context())
        attributes = {
            "rpc.system": "grpc",
            "rpc.service": _SERVICES[method],
            "rpc.method": method,
            "facegrid.request_id": origin.request_id,
        }
        span = self._tracer.start_span(f"{_SERVICES[method]}/{method}", parent, SpanKind.SERVER, attributes)
        return Span(span, current=current)

    def stage(self, name: str) -> Span | None:
        """Returns the span of a step, a child of the current one; None outside of any request."""
        if not trace.get_current_span().get_span_context().is_valid:
            return None
        return Span(self._tracer.start_span(name), current=True)

    def attempt(self, model: str, endpoint: str, rows: int) -> Span | None:
        """Returns the span of a call of a model server, a child of the current one; None outside of any request."""
        if not trace.get_current_span().get_span_context().is_valid:
            return None
        attributes: dict[str, str | int] = {
            "rpc.system": "grpc",
            "server.address": endpoint,
            "facegrid.model": model,
            "facegrid.rows": rows,
        }
        return Span(self._tracer.start_span(_PREDICT, None, SpanKind.CLIENT, attributes), current=False)


def otlp_tracing(service_name: str) -> Tracing:
    """Returns the sender of spans to the collector that OpenTelemetry's variables name (OTEL_EXPORTER_OTLP_...).

    Args:
        service_name: The name of this service, unless OTEL_SERVICE_NAME gives another.
    """
    given = Resource.create()
    named = not str(given.attributes.get("service.name", "unknown_service")).startswith("unknown_service")
    provider = TracerProvider(resource=given if named else Resource.create({"service.name": service_name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
