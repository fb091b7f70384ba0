"""The queue of spans: bounded, counted in each of its ends, and sent in batches of a bounded size."""

import asyncio
from collections import Counter

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from shadow.reading.parsed_exchange import parse_exchange
from shadow.telemetry.otlp_delivery import OtlpDelivery
from shadow.telemetry.otlp_messages import OtlpMessages
from shadow.telemetry.span_exporter import SpanExporter
from shadow.telemetry.span_values import EventValue, SpanKind, SpanValue, Telemetry
from shadow.telemetry.stored_spans import SkippedRecordError
from storage.store import StoreError
from tests.exchanges import exchange, said
from tests.otlp_receiver import OtlpReceiver
from tests.records import record
from tests.running import until


class Spans:
    """One span and one event for each record; `errors` are raised instead, by id."""

    def __init__(self, text=""):
        self.text = text
        self.errors = {}
        self.providers = {}

    def telemetry(self, ids):
        (name,) = ids.exchanges
        if name in self.errors:
            raise self.errors[name]
        ids = {"trace_id": b"t" * 16, "span_id": b"s" * 8}
        own = {"kind": SpanKind.CLIENT, "started": 1.0, "ended": 2.0, "attributes": {"text": self.text}}
        event = EventValue(**ids, name="e", seconds=2.0, attributes={})
        return Telemetry(spans=(SpanValue(**ids, parent_id=b"", name=name, **own),), events=(event,))


def live(name):
    return record(parse_exchange(exchange(said(), id=name)))


class Exporting:
    """An exporter to a receiver, and its counts by kind and result."""

    def __init__(self, receiver, *, limit=100, spans=None, busy=bool):
        self.counts = Counter()
        self.spans = spans or Spans()
        messages = OtlpMessages(service="s", version="1")
        delivery = OtlpDelivery(receiver.url, {}, pauses=())
        self.exporter = SpanExporter(self.spans, messages, delivery, count=self._count, limit=limit, busy=busy, interval=0.01)

    def _count(self, kind, result, number):
        self.counts[kind, result] += number

    def offer(self, *names):
        for name in names:
            self.exporter.offer(live(name))


async def test_records_are_sent_in_their_order_in_one_request_each_to_traces_and_logs():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver)
        made.offer("a", "b")
        await made.exporter.finish(20)
    assert [span.name for span in receiver.spans] == ["a", "b"]
    assert [path for path, _ in receiver.requests] == ["/v1/traces", "/v1/logs"]
    assert made.counts == {("spans", "sent"): 2, ("evaluations", "sent"): 2}


async def test_started_exporter_sends_what_comes_later():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver)
        made.exporter.start()
        made.offer("a")
        await until(lambda: receiver.spans)
        made.offer("b")
        await until(lambda: len(receiver.spans) == 2)
        await made.exporter.finish(20)


@pytest.mark.parametrize(("offered", "dropped"), [(3, 0), (4, 1)])
async def test_queue_takes_as_many_records_as_its_limit_and_counts_the_others(offered, dropped):
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver, limit=3)
        made.offer(*map(str, range(offered)))
        await made.exporter.finish(20)
    assert (made.counts["spans", "sent"], made.counts["spans", "queue_full"]) == (3, dropped)


async def test_request_has_a_hundred_records_at_most():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver, limit=1_000)
        made.offer(*map(str, range(101)))
        await made.exporter.finish(20)
    assert [path for path, _ in receiver.requests].count("/v1/traces") == 2
    assert len(receiver.spans) == 101


@pytest.mark.parametrize(("size", "requests"), [(1_048_571, 2), (1_048_572, 3)])
async def test_request_takes_no_further_record_once_it_has_two_mebibytes(size, requests):
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver, spans=Spans("x" * size))
        made.offer("a", "b", "c", "d", "e")
        await made.exporter.finish(20)
    assert [path for path, _ in receiver.requests].count("/v1/traces") == requests


async def test_endpoint_that_refuses_and_one_that_is_overloaded_are_counted_apart():
    async with OtlpReceiver() as receiver:
        receiver.answers.extend([(401, b"", {}), (503, b"", {})])
        made = Exporting(receiver)
        made.offer("a")
        await made.exporter.finish(20)
    assert made.counts == {("spans", "refused"): 1, ("evaluations", "undelivered"): 1}


async def test_rejected_spans_of_an_accepted_request_are_counted_as_refused():
    partial = ExportTraceServiceResponse()
    partial.partial_success.rejected_spans = 1
    async with OtlpReceiver() as receiver:
        receiver.answers.append((200, partial.SerializeToString(), {}))
        made = Exporting(receiver)
        made.offer("a", "b")
        await made.exporter.finish(20)
    assert (made.counts["spans", "sent"], made.counts["spans", "refused"]) == (1, 1)


async def test_page_in_answer_to_a_request_is_no_delivery():
    async with OtlpReceiver() as receiver:
        receiver.answers.append((200, b"<!doctype html>", {}))
        made = Exporting(receiver)
        made.offer("a")
        await made.exporter.finish(20)
    assert (made.counts["spans", "sent"], made.counts["spans", "refused"]) == (0, 1)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (SkippedRecordError("unsampled"), "unsampled"),
        (StoreError("gone"), "unreadable"),
        (ZeroDivisionError(), "error"),
    ],
)
async def test_record_of_which_no_span_can_be_made_costs_itself_alone(error, result):
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver)
        made.spans.errors["b"] = error
        made.offer("a", "b", "c")
        await made.exporter.finish(20)
    assert [span.name for span in receiver.spans] == ["a", "c"]
    assert made.counts["spans", result] == 1


@pytest.mark.slow
async def test_request_that_cannot_be_encoded_costs_itself_alone_and_not_the_end():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver, spans=Spans(text=object()))
        made.exporter.start()
        made.offer("a")
        await until(lambda: made.counts)
        made.spans.text = "storable"
        made.offer("b")
        await until(lambda: receiver.spans)
        made.spans.text = object()
        made.offer("c")
        await made.exporter.finish(20)
    assert [span.name for span in receiver.spans] == ["b"]
    assert made.counts == {("spans", "error"): 2, ("spans", "sent"): 1, ("evaluations", "sent"): 3}


async def test_end_waits_no_longer_than_its_patience_and_logs_what_is_left(logged):
    lines = logged("shadow.telemetry.span_exporter")
    async with OtlpReceiver() as receiver:
        receiver.silent.set()
        made = Exporting(receiver)
        made.exporter.start()
        made.offer("a")
        await until(lambda: receiver.requests)
        made.offer("b", "c")
        await made.exporter.finish(0.05)
    assert "otel_spans_left" in repr(lines)
    assert "records=2" in repr(lines) or "'records': 2" in repr(lines)


async def test_nothing_is_read_for_spans_while_the_audit_is_behind():
    behind = asyncio.Event()
    behind.set()
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver, limit=2, busy=behind.is_set)
        made.offer("a", "b", "c")
        await made.exporter.send_waiting()
        assert made.counts == {("spans", "queue_full"): 1}
        behind.clear()
        await made.exporter.send_waiting()
        assert [span.name for span in receiver.spans] == ["a", "b"]
        behind.set()
        made.offer("d")
        await made.exporter.finish(20)
    assert [span.name for span in receiver.spans] == ["a", "b", "d"]


async def test_offer_from_another_thread_is_sent():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver)
        await asyncio.to_thread(made.offer, "a")
        await made.exporter.finish(20)
    assert made.counts["spans", "sent"] == 1


async def test_reload_gives_the_spans_the_addresses_of_the_new_providers():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver)
        made.exporter.reload({"later": None})
        assert made.spans.providers == {"later": None}
        await made.exporter.finish(1)


async def test_exporter_shows_its_endpoint_and_how_many_records_wait():
    async with OtlpReceiver() as receiver:
        made = Exporting(receiver)
        made.offer("a", "b")
        assert repr(made.exporter) == "<SpanExporter <OtlpDelivery 127.0.0.1 failing=False> waiting=2>"
