"""Spans and events as OTLP, read back by the protocol's own classes."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from shadow.telemetry.otlp_messages import OtlpMessages, rejected_events, rejected_spans
from shadow.telemetry.span_values import EventValue, SpanKind, SpanValue
from tests.otlp_receiver import values

EVENT = EventValue(name="e", trace_id=b"t" * 16, span_id=b"s" * 8, seconds=1_700_000_000.25, attributes={"score": 0.5})


def span(**more):
    fields = {"name": "n", "kind": SpanKind.CLIENT, "started": 1_700_000_000.25, "ended": 1_700_000_001.0, "attributes": {}}
    return SpanValue(**{"trace_id": b"t" * 16, "span_id": b"s" * 8, "parent_id": b"p" * 8, **fields, **more})


def sent(*spans):
    body = OtlpMessages(service="mine", version="1.2").traces(spans)
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    return resource, resource.scope_spans[0].spans


def test_span_has_its_ids_times_kind_and_attributes():
    attributes = {"text": "a", "yes": True, "whole": 3, "real": 0.5, "list": ("a", "b"), "lone": "\ud800"}
    resource, (made,) = sent(span(attributes=attributes))
    assert values(resource.resource.attributes) == {"service.name": "mine", "service.version": "1.2"}
    assert (resource.scope_spans[0].scope.name, resource.scope_spans[0].scope.version) == ("sameweights", "1.2")
    assert (made.trace_id, made.span_id, made.parent_span_id) == (b"t" * 16, b"s" * 8, b"p" * 8)
    assert (made.start_time_unix_nano, made.end_time_unix_nano) == (1_700_000_000_250_000_000, 1_700_000_001_000_000_000)
    assert made.kind == Span.SPAN_KIND_CLIENT
    assert values(made.attributes) == {**attributes, "lone": "?"}
    assert made.status.code == Status.STATUS_CODE_UNSET


def test_error_of_a_span_is_its_status_and_its_events_are_within_it():
    _, (made,) = sent(span(error="429", events=(EVENT,), kind=SpanKind.INTERNAL))
    assert (made.status.code, made.status.message, made.kind) == (Status.STATUS_CODE_ERROR, "429", Span.SPAN_KIND_INTERNAL)
    (event,) = made.events
    assert (event.name, event.time_unix_nano, values(event.attributes)) == ("e", 1_700_000_000_250_000_000, {"score": 0.5})


def test_time_that_no_field_can_hold_is_none():
    _, (before, beyond) = sent(span(started=-1.0), span(started=float("inf")))
    assert (before.start_time_unix_nano, beyond.start_time_unix_nano) == (0, 0)


def test_event_beside_the_spans_is_a_log_record_of_its_span():
    body = OtlpMessages(service="mine", version="1.2").logs([EVENT])
    (record,) = ExportLogsServiceRequest.FromString(body).resource_logs[0].scope_logs[0].log_records
    assert (record.event_name, record.trace_id, record.span_id) == ("e", b"t" * 16, b"s" * 8)
    assert (record.severity_text, values(record.attributes)) == ("INFO", {"score": 0.5})


def test_partial_success_is_how_many_were_rejected_and_no_body_is_none():
    traces, logs = ExportTraceServiceResponse(), ExportLogsServiceResponse()
    traces.partial_success.rejected_spans = 2
    logs.partial_success.rejected_log_records = 3
    assert (rejected_spans(traces.SerializeToString()), rejected_events(logs.SerializeToString())) == (2, 3)
    assert (rejected_spans(b""), rejected_events(b"")) == (0, 0)


@pytest.mark.parametrize("read", [rejected_spans, rejected_events])
def test_answer_that_is_a_page_is_an_error(read):
    with pytest.raises(ValueError, match="no answer of OTLP"):
        read(b"<!doctype html>")


def test_messages_show_the_version_of_the_product():
    assert repr(OtlpMessages(service="mine", version="1.2")) == "<OtlpMessages 1.2>"
