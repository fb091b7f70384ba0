"""Spans and events as plain values, before they are encoded; they know neither OTLP nor the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

AttributeValue = str | bool | int | float | tuple[str, ...]
Attributes = Mapping[str, AttributeValue]


class SpanKind(Enum):
    """Who a span is seen from: CLIENT for a call to a model, INTERNAL for work of the audit."""

    CLIENT = "client"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventValue:
    """One event of the span `span_id`, at `seconds` since the epoch."""

    name: str
    trace_id: bytes
    span_id: bytes
    seconds: float
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanValue:
    """One span: ids of 16 and 8 bytes, an empty `parent_id` for a root; `started` and `ended` in seconds since the epoch.

    `error` is the class of the error that ended the operation, "" for none; `events` are those that are sent within the span.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    kind: SpanKind
    started: float
    ended: float
    attributes: Attributes
    error: str = ""
    events: tuple[EventValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What one record of the store becomes: its spans, and the events that are sent with them."""

    spans: tuple[SpanValue, ...] = ()
    events: tuple[EventValue, ...] = ()
