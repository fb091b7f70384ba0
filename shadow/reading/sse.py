"""Server-sent events by the WHATWG rules, on the whole body at once, each with the offset at which it ended.

Only CR, LF and CRLF end a line: U+2028 and its like are text, and a reader that splits on them tears JSON apart.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


class Event(NamedTuple):
    """One event: its data lines joined by LF, its type ("" when unnamed), and the body offset just after its blank line.

    A named tuple, not a dataclass: there is one for each chunk of each stream.
    """

    data: bytes
    event: str
    end: int


_make = Event._make


class Stream(NamedTuple):
    """The events of a body, and what stands after the last blank line: a client never sees that tail as an event."""

    events: list[Event]
    tail: Event | None


def events(body: bytes) -> tuple[Event, ...]:
    """The finished events of a body, in order; see https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    return tuple(read_stream(body).events)


def read_stream(body: bytes) -> Stream:
    """The finished events and the unfinished tail, if any."""
    start = len(_BOM) if body.startswith(_BOM) else 0
    line_end = _uniform_line_end(body)
    if line_end:
        return _by_blocks(body, start, line_end)
    return _by_lines(body, start)


def _uniform_line_end(body: bytes) -> bytes:
    """The one line ending that the body uses, or nothing when it mixes them."""
    returns = body.count(b"\r")
    if not returns:
        return b"\n"
    feeds = body.count(b"\n")
    if not feeds:
        return b"\r"
    return b"\r\n" if returns == feeds == body.count(b"\r\n") else b""


def _by_blocks(body: bytes, start: int, line_end: bytes) -> Stream:
    """The quick way: with one kind of line ending, a blank line is that ending twice."""
    blocks = body[start:].split(line_end * 2) if start else body.split(line_end * 2)
    rest = blocks.pop()
    found: list[Event] = []
    end, step = start, 2 * len(line_end)
    one_line_each = body.count(line_end) == 2 * len(blocks) + rest.count(line_end)
    for block in blocks:
        end += len(block) + step
        if block[:6] == b"data: " and (one_line_each or line_end not in block):
            found.append(_make((block[6:], "", end)))
        elif event := _event(block.split(line_end), end):
            found.append(event)
    return Stream(found, _event(rest.split(line_end), len(body)))


def _by_lines(body: bytes, start: int) -> Stream:
    found: list[Event] = []
    lines: list[bytes] = []
    for ending in _LINE_END.finditer(body, start):
        line = body[start : ending.start()]
        start = ending.end()
        if line:
            lines.append(line)
            continue
        if event := _event(lines, start):
            found.append(event)
        lines = []
    lines.append(body[start:])
    return Stream(found, _event(lines, len(body)))


def _event(lines: list[bytes], end: int) -> Event | None:
    """The event that these lines make; None without a data field, as the standard says."""
    data: list[bytes] = []
    name = b""
    for line in lines:
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return Event(b"\n".join(data), name.decode("utf-8", "replace"), end) if data else None
