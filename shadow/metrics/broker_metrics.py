"""Defines and sets the series of a host that publishes to a broker, and of one that consumes from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

CONNECTED = ("sameweights_broker_connected", "1 while a server of the broker is connected, else 0.")
CLOCK = ("sameweights_broker_clock_offset_seconds", "Clock of this host minus the broker's; 0 while it is not known.")
REDELIVERIES = ("stored_before", "held_here", "audited", "undeliverable")
"""The outcomes of an exchange that is delivered again: stored before, waiting here already, audited, or given up."""
FORWARDING = (
    *("sameweights_accepted_requests_total", "sameweights_refused_requests_total", "sameweights_handed_over_total"),
    *("sameweights_client_tls_failures_total", "sameweights_unrecorded_requests_total", "sameweights_worker_requests_total"),
    *("sameweights_in_flight_requests", "sameweights_upstream_connections", "sameweights_loop_lag_seconds"),
    *("sameweights_exchanges_ended_total", "sameweights_handover_dropped_total", "sameweights_admin_refused_total"),
    *("sameweights_scrape_render_seconds", "sameweights_build_info", "sameweights_config_last_reload_successful"),
    "sameweights_config_last_reload_success_timestamp_seconds",
    *("sameweights_broker_connected", "sameweights_broker_clock_offset_seconds"),
    *("sameweights_publisher_queue_length", "sameweights_publisher_queue_bytes"),
    *("sameweights_publisher_limit_bytes", "sameweights_published_total", "sameweights_publish_retries_total"),
    *("process_cpu_seconds_total", "process_virtual_memory_bytes", "process_resident_memory_bytes", "process_open_fds"),
    *("process_max_fds", "process_start_time_seconds"),
)
"""The series of a host that only forwards: those of the audit would be 0 there for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in one stream: messages, bytes, the stream's limit in bytes, and the age of the oldest in seconds.

    `unreadable` are those of the messages in a format that this version does not read.
    """

    stream: str
    messages: int
    size: int
    limit: int
    age: float
    unreadable: int = 0


class PublisherMetrics:
    """The series of a publisher."""

    def __init__(self, registry: CollectorRegistry, limit: int) -> None:
        self._connected = Gauge(*CONNECTED, registry=registry)
        self._offset = Gauge(*CLOCK, registry=registry)
        self._length = Gauge("sameweights_publisher_queue_length", "Exchanges that wait for the broker.", registry=registry)
        self._bytes = Gauge("sameweights_publisher_queue_bytes", "Bytes of the exchanges that wait for it.", registry=registry)
        self._limit = Gauge("sameweights_publisher_limit_bytes", "broker.limit.", registry=registry)
        self._published = Counter("sameweights_published_total", "Exchanges that the broker has acknowledged.", registry=registry)
        self._retries = Counter(
            "sameweights_publish_retries_total", "Attempts to publish after the first of each exchange.", registry=registry
        )
        self._limit.set(limit)
        self._totals = (0, 0)

    def __repr__(self) -> str:
        return f"<PublisherMetrics published={self._totals[0]} retries={self._totals[1]}>"

    def show(self, *, connected: bool, offset: float, waiting: int, size: int, published: int, retries: int) -> None:
        """Take over the state of this moment; `published` and `retries` are totals."""
        self._connected.set(connected)
        self._offset.set(offset)
        self._length.set(waiting)
        self._bytes.set(size)
        self._published.inc(max(0, published - self._totals[0]))
        self._retries.inc(max(0, retries - self._totals[1]))
        self._totals = (max(published, self._totals[0]), max(retries, self._totals[1]))


class ConsumerMetrics:
    """The series of a consumer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        stream = ("stream",)
        self._connected = Gauge(*CONNECTED, registry=registry)
        self._offset = Gauge(*CLOCK, registry=registry)
        self._messages = Gauge(
            "sameweights_backlog_messages", "Exchanges in a stream that are not stored yet.", stream, registry=registry
        )
        self._unreadable = Gauge(
            "sameweights_backlog_unreadable_messages",
            "Exchanges in a stream in a format that this version does not read.",
            stream,
            registry=registry,
        )
        self._bytes = Gauge("sameweights_backlog_bytes", "Bytes of a stream.", stream, registry=registry)
        self._limit = Gauge("sameweights_backlog_limit_bytes", "Limit of a stream in bytes.", stream, registry=registry)
        self._age = Gauge("sameweights_backlog_age_seconds", "Age of the oldest exchange in a stream.", stream, registry=registry)
        self._redelivered = Counter(
            "sameweights_redelivered_total", "Exchanges delivered again, by outcome.", ("outcome",), registry=registry
        )
        for outcome in REDELIVERIES:
            self._redelivered.labels(outcome)
        self._counted: Mapping[str, int] = {}

    def __repr__(self) -> str:
        return f"<ConsumerMetrics redelivered={dict(self._counted)}>"

    def show(self, *, connected: bool, offset: float, redelivered: Mapping[str, int]) -> None:
        """Take over the state of this moment; `redelivered` are totals by outcome."""
        self._connected.set(connected)
        self._offset.set(offset)
        for outcome, total in redelivered.items():
            self._redelivered.labels(outcome).inc(max(0, total - self._counted.get(outcome, 0)))
        self._counted = dict(redelivered)

    def backlog(self, streams: Sequence[Backlog]) -> None:
        """Take over what waits in each stream."""
        for each in streams:
            self._messages.labels(each.stream).set(each.messages)
            self._unreadable.labels(each.stream).set(each.unreadable)
            self._bytes.labels(each.stream).set(each.size)
            self._limit.labels(each.stream).set(each.limit)
            self._age.labels(each.stream).set(each.age)
