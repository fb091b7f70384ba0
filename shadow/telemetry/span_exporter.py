"""SpanExporter: a bounded queue of stored records, which are read, encoded and sent in batches beside the audit.

Rule: the audit never waits for it. While the audit is behind nothing is read for spans; a record that finds the queue full is
dropped and counted, as is what cannot be delivered.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from proxy.provider_config import Provider
from shadow.pipeline.task_errors import log_error
from shadow.telemetry.otlp_delivery import LOGS, TRACES, Delivered, OtlpDelivery
from shadow.telemetry.otlp_messages import OtlpMessages, rejected_events, rejected_spans
from shadow.telemetry.span_values import Attributes, EventValue, SpanValue, Telemetry
from shadow.telemetry.stored_spans import SkippedRecordError, StoredIds, StoredSpans, stored_ids
from storage.store import StoreError

log = structlog.get_logger("sameweights.otel")

BATCH_RECORDS = 100
"""Records that are sent in one request at most."""
BATCH_CHARACTERS = 2 * 1024 * 1024
"""Characters of attributes after which a request takes no further record; a collector takes 20 MiB by default."""
INTERVAL = 1.0
"""Seconds between two looks at the queue."""
Count = Callable[[str, str, int], None]
"""Counts so many spans or evaluations by their result: (kind, result, number). Called from any thread."""


@dataclass(slots=True)
class _Batch:
    """What one request each to /v1/traces and /v1/logs will hold."""

    spans: list[SpanValue] = field(default_factory=list)
    events: list[EventValue] = field(default_factory=list)
    characters: int = 0

    def add(self, made: Telemetry) -> None:
        self.spans += made.spans
        self.events += made.events
        self.characters += sum(_characters(each.attributes) for each in made.spans)
        self.characters += sum(_characters(each.attributes) for each in made.events)


class SpanExporter:
    """Sends the spans of the records that it is offered; at most `limit` records wait. Nothing is read while `busy()`."""

    def __init__(
        self,
        spans: StoredSpans,
        messages: OtlpMessages,
        delivery: OtlpDelivery,
        *,
        count: Count,
        limit: int,
        busy: Callable[[], bool] = bool,
        interval: float = INTERVAL,
    ) -> None:
        self._spans = spans
        self._messages = messages
        self._delivery = delivery
        self._count = count
        self._limit = limit
        self._busy = busy
        self._interval = interval
        self._waiting: deque[StoredIds] = deque()
        self._sending = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SpanExporter {self._delivery!r} waiting={len(self._waiting)}>"

    def offer(self, record: object) -> None:
        """Take a record that was just stored; dropped and counted where the queue is full. From any thread, and never slow."""
        ids = stored_ids(record)
        if len(self._waiting) >= self._limit:
            self._count("spans", "queue_full", ids.spans)
        else:
            self._waiting.append(ids)

    def reload(self, providers: Mapping[str, Provider]) -> None:
        """Use the addresses of these providers from the next record on."""
        self._spans.providers = providers

    def start(self) -> None:
        """Begin to send what waits, until `finish`."""
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(log_error)

    async def send_waiting(self, *, ending: bool = False) -> None:
        """Send all that waits, a batch at a time, until the audit is busy; at its end that does not count."""
        if ending:
            self._busy = bool
        async with self._sending:
            while self._waiting and not self._busy():
                await self._send(await asyncio.to_thread(self._batch))

    async def finish(self, patience: float) -> None:
        """Send what waits for `patience` seconds at most, and close the connection; what is left is logged."""
        try:
            async with asyncio.timeout(patience):
                await self.send_waiting(ending=True)
        except TimeoutError:
            log.warning("otel_spans_left", records=len(self._waiting))
        finally:
            await self._close()

    async def _close(self) -> None:
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._delivery.close()

    async def _run(self) -> None:
        while True:
            await self.send_waiting()
            await asyncio.sleep(self._interval)

    def _batch(self) -> _Batch:
        """Read records until a request is full or none waits. Slow: off the loop."""
        batch = _Batch()
        for _ in range(BATCH_RECORDS):
            if not self._waiting or batch.characters >= BATCH_CHARACTERS or self._busy():
                break
            ids = self._waiting.popleft()
            try:
                batch.add(self._spans.telemetry(ids))
            except SkippedRecordError as why:
                self._count("spans", str(why), ids.spans)
            except StoreError:
                self._count("spans", "unreadable", ids.spans)
            except Exception:
                self._count("spans", "error", ids.spans)
                log.exception("otel_span_failed", exchange=ids.exchanges[0] if ids.exchanges else ids.pair)
        return batch

    async def _send(self, batch: _Batch) -> None:
        if batch.spans:
            encode = partial(self._messages.traces, batch.spans)
            await self._request("spans", TRACES, encode, len(batch.spans), rejected_spans)
        if batch.events:
            encode = partial(self._messages.logs, batch.events)
            await self._request("evaluations", LOGS, encode, len(batch.events), rejected_events)

    async def _request(
        self, kind: str, path: str, encode: Callable[[], bytes], number: int, rejected: Callable[[bytes], int]
    ) -> None:
        """Send one request; an error of ours costs what is in it, and neither later requests nor the end of the audit."""
        try:
            sent = await self._delivery.send(path, await asyncio.to_thread(encode))
        except Exception:
            self._count(kind, "error", number)
            log.exception("otel_request_failed", path=path)
        else:
            self._settle(kind, sent, number, rejected)

    def _settle(self, kind: str, sent: Delivered, number: int, rejected: Callable[[bytes], int]) -> None:
        if sent.why:
            self._count(kind, "refused" if sent.refused else "undelivered", number)
            return
        try:
            lost = max(0, min(rejected(sent.body), number))
        except ValueError:
            # because an endpoint that answers 200 with a page of its own is none of OTLP
            lost = number
        self._count(kind, "sent", number - lost)
        if lost:
            self._count(kind, "refused", lost)


def _characters(attributes: Attributes) -> int:
    """About how long the attributes are, names included."""
    return sum(len(name) + (len(value) if isinstance(value, str) else 8) for name, value in attributes.items())
