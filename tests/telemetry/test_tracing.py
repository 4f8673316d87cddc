"""One trace from the caller through the service to each call of a model server, as a collector receives it."""

import subprocess
import sys
from concurrent import futures

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc

import facegrid
from facegrid.v1 import detect_pb2, face_pb2, identify_pb2
from facegrid.v1.face_service_pb2_grpc import FaceServiceStub
from orchestrator.settings import Settings, SettingsError
from orchestrator.telemetry.build import build_telemetry
from tests.support.paths import REPOSITORY
from tests.support.pictures import png
from tests.telemetry.observed_host import NETWORKS
from tests.telemetry.processes import Collector, HostProcess, Networks, grpc_server

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS_SPAN = "00f067aa0ba902b7"
METADATA = (("traceparent", f"00-{TRACE_ID}-{CALLERS_SPAN}-01"), ("x-request-id", "order-17"))
PREDICT = "tensorflow.serving.PredictionService/Predict"
OPTIONS = face_pb2.DetectOptions(pnet_threshold=0.0)


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """The spans of a host that has answered a Detect and an Identify and then ended, and what its servers were sent."""
    folder = tmp_path_factory.mktemp("traced")
    collector, networks = Collector(), Networks(NETWORKS)
    server = grpc.server(futures.ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc_server(networks) as (_, models):
            variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
            with HostProcess(folder, models, FACEGRID_GALLERY=str(folder / "gallery"), **variables) as host:
                with facegrid.connect(host.address) as client:
                    gate = {"min_face_px": 12, "min_score": 0, "max_yaw_degrees": 90}
                    client.enroll("Ann", facegrid.Portrait(png(), 0), detect_options={"pnet_threshold": 0}, **gate)
                with grpc.insecure_channel(host.address) as channel:
                    stub = FaceServiceStub(channel)
                    stub.Detect(detect_pb2.DetectRequest(image=png(), options=OPTIONS), metadata=METADATA)
                    stub.Identify(identify_pb2.IdentifyRequest(image=png(), detect_options=OPTIONS))
        yield collector, networks
    finally:
        server.stop(None).wait()


def tree(collector, root_name):
    """Spans of the one trace with this root, by name, and the number of that trace's spans."""
    (root,) = [span for span in collector.spans if span.name == root_name]
    spans = [span for span in collector.spans if span.trace_id == root.trace_id]
    return root, spans


def children(spans, parent):
    found = [span for span in spans if span.parent_span_id == parent.span_id]
    return sorted(found, key=lambda span: span.start_time_unix_nano)


def attributes(span):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_a_detect_is_one_trace_that_continues_the_callers(traced):
    collector, _ = traced
    root, spans = tree(collector, "facegrid.v1.FaceService/Detect")
    assert root.trace_id.hex() == TRACE_ID
    assert root.parent_span_id.hex() == CALLERS_SPAN
    assert attributes(root)["facegrid.request_id"] == "order-17"
    assert attributes(root)["rpc.grpc.status_code"] == 0
    stages = children(spans, root)
    assert [span.name for span in stages] == ["turn", "decode", "pyramid", "pnet", "propose", "rnet", "onet"]
    for stage in stages:
        calls = children(spans, stage)
        assert {call.name for call in calls} <= {PREDICT}
        assert {attributes(call)["facegrid.model"] for call in calls} == ({stage.name} & NETWORKS.keys())
        assert root.start_time_unix_nano <= stage.start_time_unix_nano
        assert stage.end_time_unix_nano <= root.end_time_unix_nano
    assert len(spans) == 1 + len(stages) + sum(len(children(spans, stage)) for stage in stages)


def test_the_spans_have_the_numbers_of_the_work(traced):
    collector, _ = traced
    root, spans = tree(collector, "facegrid.v1.FaceService/Detect")
    by_name = {span.name: span for span in children(spans, root)}
    counts = {name: attributes(span) for name, span in by_name.items()}
    assert counts["decode"]["facegrid.pixels"] == 96 * 80
    assert counts["rnet"]["facegrid.crops"] == counts["propose"]["facegrid.candidates"] > 0
    rows = [attributes(call)["facegrid.rows"] for call in children(spans, by_name["rnet"])]
    assert sum(rows) == counts["rnet"]["facegrid.crops"]
    for call in children(spans, by_name["rnet"]):
        assert attributes(call)["facegrid.model_version"] == 1
        assert attributes(call)["rpc.grpc.status_code"] == 0


def test_an_identify_ends_in_the_embedder_and_the_gallery(traced):
    collector, _ = traced
    root, spans = tree(collector, "facegrid.v1.FaceService/Identify")
    assert root.trace_id.hex() != TRACE_ID
    assert not root.parent_span_id
    stages = children(spans, root)
    assert [span.name for span in stages][-3:] == ["align", "embed", "search"]
    (call,) = children(spans, stages[-2])
    assert attributes(call)["facegrid.model"] == "embedder"


def test_the_model_servers_are_told_the_trace_and_the_span_that_called(traced):
    collector, networks = traced
    calls = {
        f"00-{span.trace_id.hex()}-{span.span_id.hex()}": attributes(span)["facegrid.model"]
        for span in collector.spans
        if span.name == PREDICT
    }
    assert {metadata["traceparent"][:-3]: model for model, metadata in networks.metadata} == calls


def test_nothing_of_the_callers_is_in_a_span(traced):
    collector, _ = traced
    assert collector.services == {"facegrid-orchestrator"}
    for span in collector.spans:
        assert b"Ann" not in span.SerializeToString()


def test_without_a_collector_nothing_of_opentelemetry_is_loaded():
    code = (
        "import sys; from orchestrator.api.build import build; from orchestrator.settings import Settings;"
        "build(Settings()); print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env={"PATH": ""}, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_protocol_that_is_not_spoken_is_refused_by_name():
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_PROTOCOL is 'http/protobuf', expected grpc"):
        build_telemetry(Settings(), variables)
