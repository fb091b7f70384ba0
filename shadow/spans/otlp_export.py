"""OtlpSpans: sends spans to an OTLP endpoint over HTTP, in a thread of its own, with the packages of the extra `otel`.

Rule: a queue of fixed length takes them; what does not fit, or cannot be sent, is dropped. The audit never waits for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from importlib.metadata import version

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode
from opentelemetry.util.re import parse_env_headers

from shadow.findings.finding import Comparison
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.spans.span_values import CLIENT, SpanValues, live_span, pair_spans
from storage.rows import FindingRow, PairRow

log = structlog.get_logger("sameweights.spans")

QUEUE = 2_048
"""Spans that wait; a pair is three or four."""
SEND_SECONDS = 3.0
"""Longest time for one batch, its repetitions included."""
EACH_SECONDS = 1.0
"""Seconds between two batches."""
REPORT_SECONDS = 60.0
PATH = "/v1/traces"


class OtlpSpans:
    """Spans for one endpoint, named by its base address; `headers` have the form of OTEL_EXPORTER_OTLP_HEADERS."""

    def __init__(self, *, endpoint: str, headers: str) -> None:
        # because the exporter logs each failure itself, in another form than ours, and with a traceback
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}{PATH}",
            headers=parse_env_headers(headers, liberal=True) if headers else None,
            timeout=SEND_SECONDS,
        )
        self._endpoint = endpoint
        self._processor = BatchSpanProcessor(
            ReportingExporter(exporter, endpoint), max_queue_size=QUEUE, schedule_delay_millis=1e3 * EACH_SECONDS
        )
        self._resource = Resource.create({"service.name": "sameweights", "service.version": version("sameweights")})

    def __repr__(self) -> str:
        return f"<OtlpSpans {self._endpoint}>"

    def live(self, parsed: ParsedExchange, checks: Sequence[FindingRow]) -> None:
        """Send the span of one live request."""
        try:
            self._send(live_span(parsed, checks))
        except Exception:
            log.exception("span_not_made", exchange=parsed.exchange.id)

    def pair(self, pair: PairRow, legs: Sequence[ParsedExchange], comparisons: Sequence[Comparison]) -> None:
        """Send the spans of one comparison and its requests to the reference."""
        try:
            for span in pair_spans(pair, legs, comparisons):
                self._send(span)
        except Exception:
            log.exception("span_not_made", exchange=pair.id)

    def close(self) -> None:
        """Send what waits, for at most a batch's time; slow: off the loop."""
        self._processor.force_flush(int(1e3 * SEND_SECONDS))
        self._processor.shutdown()  # type: ignore[no-untyped-call] # the library has no annotation here

    def _send(self, values: SpanValues) -> None:
        self._processor.on_end(self._readable(values))

    def _readable(self, values: SpanValues) -> ReadableSpan:
        attributes = dict(values.attributes) | ({"error.type": values.error} if values.error else {})
        return ReadableSpan(
            name=values.name,
            context=_context(values.trace, values.id),
            parent=_context(values.trace, values.parent) if values.parent else None,
            resource=self._resource,
            attributes=attributes,
            events=[Event(each.name, dict(each.attributes), each.at) for each in values.events],
            kind=SpanKind.CLIENT if values.kind == CLIENT else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR if values.error else StatusCode.UNSET),
            start_time=values.start,
            end_time=values.end,
            instrumentation_scope=InstrumentationScope("sameweights"),
        )


class ReportingExporter(SpanExporter):
    """Exports with another one, and logs at most once a minute that it fails."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0
        self._reported = float("-inf")

    def __repr__(self) -> str:
        return f"<ReportingExporter {self._endpoint} lost={self._lost}>"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch; in the thread of the processor."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            if time.monotonic() - self._reported >= REPORT_SECONDS:
                self._reported = time.monotonic()
                log.warning("spans_not_sent", endpoint=self._endpoint, lost=self._lost)
        return result

    def shutdown(self) -> None:
        """End the other one."""
        self._exporter.shutdown()


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
