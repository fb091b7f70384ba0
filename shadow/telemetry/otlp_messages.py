"""Spans and events as the protobuf messages of OTLP 1.x; the only module that loads the extra `sameweights[otel]`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from shadow.telemetry.span_values import Attributes, AttributeValue, EventValue, SpanKind, SpanValue

SCOPE = "sameweights"
KINDS = {SpanKind.CLIENT: Span.SpanKind.SPAN_KIND_CLIENT, SpanKind.INTERNAL: Span.SpanKind.SPAN_KIND_INTERNAL}
SAMPLED = 1
"""Trace flags of an event: its trace is kept (W3C Trace Context, section 3.2.2.5)."""


class OtlpMessages:
    """Encodes requests of one service; `version` is the version of this product."""

    def __init__(self, *, service: str, version: str) -> None:
        self._resource = Resource(attributes=_attributes({"service.name": service, "service.version": version}))
        self._scope = InstrumentationScope(name=SCOPE, version=version)

    def __repr__(self) -> str:
        return f"<OtlpMessages {self._scope.version}>"

    def traces(self, spans: Sequence[SpanValue]) -> bytes:
        """The body of one request to /v1/traces."""
        scoped = ScopeSpans(scope=self._scope, spans=map(_span, spans))
        whole = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=self._resource, scope_spans=[scoped])])
        return bytes(whole.SerializeToString())

    def logs(self, events: Sequence[EventValue]) -> bytes:
        """The body of one request to /v1/logs."""
        scoped = ScopeLogs(scope=self._scope, log_records=map(_log_record, events))
        whole = ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=self._resource, scope_logs=[scoped])])
        return bytes(whole.SerializeToString())


def rejected_spans(body: bytes) -> int:
    """How many spans an answer with status 200 rejects; ValueError where its body is none of OTLP."""
    answer = ExportTraceServiceResponse()
    try:
        answer.ParseFromString(body)
    except DecodeError as error:
        raise ValueError("no answer of OTLP") from error
    return answer.partial_success.rejected_spans


def rejected_events(body: bytes) -> int:
    """How many events an answer with status 200 rejects; ValueError where its body is none of OTLP."""
    answer = ExportLogsServiceResponse()
    try:
        answer.ParseFromString(body)
    except DecodeError as error:
        raise ValueError("no answer of OTLP") from error
    return answer.partial_success.rejected_log_records


def _span(span: SpanValue) -> Span:
    return Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        name=_storable(span.name),
        kind=KINDS[span.kind],
        start_time_unix_nano=_nanoseconds(span.started),
        end_time_unix_nano=_nanoseconds(span.ended),
        attributes=_attributes(span.attributes),
        events=map(_event, span.events),
        status=Status(code=Status.StatusCode.STATUS_CODE_ERROR, message=span.error) if span.error else None,
        flags=SAMPLED,
    )


def _event(event: EventValue) -> Span.Event:
    return Span.Event(time_unix_nano=_nanoseconds(event.seconds), name=event.name, attributes=_attributes(event.attributes))


def _log_record(event: EventValue) -> LogRecord:
    moment = _nanoseconds(event.seconds)
    return LogRecord(
        time_unix_nano=moment,
        observed_time_unix_nano=moment,
        severity_number=SeverityNumber.SEVERITY_NUMBER_INFO,
        severity_text="INFO",
        event_name=event.name,
        attributes=_attributes(event.attributes),
        trace_id=event.trace_id,
        span_id=event.span_id,
        flags=SAMPLED,
    )


def _attributes(attributes: Attributes) -> Iterable[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in attributes.items()]


def _value(value: AttributeValue) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=_storable(value))
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=_storable(text)) for text in value]))


def _storable(text: str) -> str:
    """Text as protobuf takes it: lone surrogates, which JSON may hold, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _nanoseconds(seconds: float) -> int:
    """Nanoseconds since the epoch, exact to the microsecond that a float has; 0 for what is before it or no time."""
    return round(seconds * 1e6) * 1_000 if 0 < seconds < 1e10 else 0
