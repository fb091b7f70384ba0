"""Whether an event stream has come to its last event: only framing follows, so it is whole, whichever side closes first.

Looked at only when a stream has ended otherwise than by its framing; nothing is parsed while a stream is whole (ADR 0002).
"""

from __future__ import annotations

import orjson

LAST_EVENTS = frozenset({b"message_stop", b"response.completed", b"response.failed", b"response.incomplete"})
"""The last events of messages and responses, by name (`event`) or by the `type` of their data."""
_DONE = b"[DONE]"
"""The data of the last event of completions of either kind."""
_LONGEST = 64 * 1024
"""Bytes of data that are parsed for their `type`, where the event has no name, and in which comments are looked for."""
_LOOKED_AT = 1024 * 1024
"""Bytes of the stream's end in which the last event is looked for: it may repeat a whole answer."""
_MOST_COMMENTS, _MOST_LINE_ENDS = 100, 1_000
"""Comments behind the last event, within the last 64 KiB, and line ends within it: no last event has so many."""
_BLANK = (b"\n\n", b"\r\n\r\n", b"\r\r")
"""The ends of an event: an empty line, by each of the three line ends (WHATWG HTML, 9.2.5)."""


def last_event_came(body: bytes) -> bool:
    """True when the last event in `body`, the stream so far or its end, is the last one of a whole answer."""
    event, whole = _last_event(body[-_LOOKED_AT:])
    name, data = b"", []
    for line in event.splitlines():
        field, _, value = line.partition(b":")
        if field == b"event":
            name = value.removeprefix(b" ")
        elif field == b"data":
            data.append(value.removeprefix(b" "))
    said = b"\n".join(data).strip()
    return said == _DONE or (whole and (name in LAST_EVENTS or _type(said) in LAST_EVENTS))


def _last_event(body: bytes) -> tuple[bytes, bool]:
    """The lines of the last event, comments behind it left out, and whether its empty line has come."""
    whole, tail = False, body[-_LONGEST:]
    size = len(tail)
    for _ in range(_MOST_COMMENTS):
        whole = whole or tail.endswith(_BLANK)
        tail = tail.rstrip(b"\r\n")
        start = max(tail.rfind(b"\n"), tail.rfind(b"\r")) + 1
        if not tail.startswith(b":", start):
            break
        tail = tail[:start]
    body = body[: len(body) - size + len(tail)]
    start = 0
    for blank in _BLANK:
        at = body.rfind(blank, start)
        start = at + len(blank) if at >= 0 else start
    event = body[start:]
    return (event if event.count(b"\n") + event.count(b"\r") <= _MOST_LINE_ENDS else b""), whole


def _type(data: bytes) -> bytes:
    if not data.startswith(b"{") or len(data) > _LONGEST:
        return b""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return b""
    kind = said.get("type")
    return kind.encode(errors="replace") if isinstance(kind, str) else b""
