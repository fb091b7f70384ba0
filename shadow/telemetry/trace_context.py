"""The ids of spans: the application's trace is continued where its request carried a `traceparent`, and is new otherwise. Pure.

Ids are derived from the id of the exchange, so that a batch which is sent twice makes no second span.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple

from proxy.exchange import Headers

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""W3C Trace Context, section 3.2: version, trace-id, parent-id and flags; a later version may add fields."""
SAMPLED = 0x01


class TraceContext(NamedTuple):
    """The trace of 16 bytes, the parent span of 8 bytes or empty, and whether the application keeps this trace."""

    trace_id: bytes
    parent_id: bytes
    sampled: bool


def trace_context(headers: Headers, exchange_id: str) -> TraceContext:
    """The context that a request carried; a new trace where it carried none, more than one, or one that is not valid."""
    sent = [value.strip() for name, value in headers if name.lower() == "traceparent"]
    return (_parsed(sent[0]) if len(sent) == 1 else None) or _new(exchange_id)


def own_trace(context: TraceContext, exchange_id: str) -> TraceContext:
    """A new trace, kept where `context` is: that of a copy, whose ids are drawn at random and lead to no span."""
    return _new(exchange_id)._replace(sampled=context.sampled)


def span_id(exchange_id: str, part: str = "") -> bytes:
    """The id of the span of an exchange; `part` is another span about it. 8 bytes, never all zero."""
    return _hashed(f"span {part} {exchange_id}", 8)


def _parsed(sent: str) -> TraceContext | None:
    found = _TRACEPARENT.fullmatch(sent)
    if not found or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace, parent, flags = (bytes.fromhex(found[group]) for group in (2, 3, 4))
    return TraceContext(trace, parent, bool(flags[0] & SAMPLED)) if any(trace) and any(parent) else None


def _new(exchange_id: str) -> TraceContext:
    return TraceContext(_hashed(f"trace {exchange_id}", 16), b"", sampled=True)


def _hashed(text: str, size: int) -> bytes:
    made = blake2b(text.encode(), digest_size=size).digest()
    return made if any(made) else made[:-1] + b"\x01"
