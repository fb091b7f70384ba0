"""Server-sent events by the WHATWG rules, on the whole body at once, each with the offset at which it ended.

Only CR, LF and CRLF end a line: U+2028 and its like are text, and a reader that splits on them tears JSON apart.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate, count, repeat
from operator import add
from typing import NamedTuple, Protocol

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_NEEDLE = 5
"""Longest delimiter by which a body is cut into its events: for a longer needle CPython sets up its search again at each find."""
_MOST_ALIKE = 20_000
"""Events taken at a time, so that a body that unpacks to many megabytes of blank lines is not cut into as many pieces."""

Read = Callable[[Sequence[bytes]], list[str]]


class SseEvent(NamedTuple):
    """One event: its data lines joined by LF, its type ("" when unnamed), and the body offset just after its blank line.

    A named tuple, not a dataclass: there is one for each chunk of each stream.
    """

    data: bytes
    event: str
    end: int


class FixedBytes(NamedTuple):
    """Bytes that are equal in each of several events, but for the `number`, if any, between `before` and `after`.

    It is the number of the event read last, and each following event has the next one.
    """

    before: bytes
    number: int | None = None
    after: bytes = b""

    def of(self, step: int) -> bytes:
        """These bytes as they are so many events after the one read last."""
        return self.before if self.number is None else b"%b%d%b" % (self.before, self.number + step, self.after)

    @property
    def format(self) -> bytes:
        """These bytes as a format for the operator %, which inserts the number."""
        before, after = (part.replace(b"%", b"%%") for part in (self.before, self.after))
        return before if self.number is None else b"%b%%d%b" % (before, after)

    @property
    def alike(self) -> int:
        """Events that follow before the number has a digit more."""
        return _MOST_ALIKE if self.number is None else 10 ** len(str(self.number)) - 1 - self.number

    def behind(self, lead: bytes) -> FixedBytes:
        """These bytes behind others."""
        return FixedBytes(lead + self.before, self.number, self.after)

    def ended(self, end: bytes) -> FixedBytes:
        """These bytes with others behind them."""
        if self.number is None:
            return FixedBytes(self.before + end)
        return FixedBytes(self.before, self.number, self.after + end)


class EventStream:
    """The events of a body, and the rest after the last blank line, which a client never receives as an event."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def walk(self) -> EventWalk:
        """A reader of its events from the first on."""
        body = self._body
        start = len(_BOM) if body.startswith(_BOM) else 0
        line_end = _uniform_line_end(body)
        return _UniformEvents(body, start, line_end) if line_end else _MixedEvents(*_by_lines(body, start))

    @property
    def events(self) -> list[SseEvent]:
        """The finished events, in order."""
        return [*iter(self.walk().next, None)]

    @property
    def tail(self) -> SseEvent | None:
        """The unfinished event after them, if any."""
        walk = self.walk()
        while walk.next():
            pass
        return walk.tail()

    def __bool__(self) -> bool:
        walk = self.walk()
        return walk.next() is not None or walk.tail() is not None


class EventWalk(Protocol):
    """Reads the events of a body, each once."""

    def next(self) -> SseEvent | None:
        """The next finished event, None after the last."""

    def tail(self) -> SseEvent | None:
        """The unfinished event; read it after the last."""

    def run(self, before: FixedBytes, after: FixedBytes, read: Read) -> tuple[list[str], list[int]]:
        """The events that follow the last one and differ from it only between `before` and `after`, which its data are.

        `read` gets the text between, reads as much of it as it can, and its result is returned with the ends of those events. One
        of the two may have a number; the events are taken as long as it has as many digits.
        """


def events(body: bytes) -> tuple[SseEvent, ...]:
    """The finished events of a body, in order; see https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    return tuple(read_stream(body).events)


def read_stream(body: bytes) -> EventStream:
    """The body as a stream of events; falsy if it holds none."""
    return EventStream(body)


def _uniform_line_end(body: bytes) -> bytes:
    """The one line ending that the body uses; empty when it mixes them."""
    if b"\r" not in body:
        return b"\n"
    if b"\n" not in body:
        return b"\r"
    return b"\r\n" if body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n") else b""


class _UniformEvents:
    """The fast path: with one kind of line ending, a blank line is that ending twice."""

    def __init__(self, body: bytes, start: int, line_end: bytes) -> None:
        self._body = body
        self._at = start
        self._line_end = line_end
        self._blank = line_end * 2
        self._lead = b""
        self._name = ""

    def next(self) -> SseEvent | None:
        body = self._body
        while (end := body.find(self._blank, self._at)) >= 0:
            block = body[self._at : end]
            self._at = end + len(self._blank)
            if event := self._event(block):
                return event
        return None

    def _event(self, block: bytes) -> SseEvent | None:
        """The event of a block; nearly always it is one line of data, behind the same bytes as in the event before it."""
        data = block[len(self._lead) :]
        if self._lead and data[:1] not in b" " and self._line_end not in data and block.startswith(self._lead):
            return SseEvent(data, self._name, self._at)
        event = _event(block.split(self._line_end), self._at)
        if event:
            lead = block[: -len(event.data)] if event.data and block.endswith(event.data) else b""
            self._lead = lead if lead.rpartition(self._line_end)[2] in {b"data: ", b"data:"} else b""
            self._name = event.event
        return event

    def tail(self) -> SseEvent | None:
        return _event(self._body[self._at :].split(self._line_end), len(self._body))

    def run(self, before: FixedBytes, after: FixedBytes, read: Read) -> tuple[list[str], list[int]]:
        head, foot = before.behind(self._lead), after.ended(self._blank)
        first, last = head.of(1), foot.of(1)
        if not self._lead or not self._body.startswith(first, self._at):
            return [], []
        literals = self._literals(head, foot)
        texts = read(literals)
        around = len(first) + len(last)
        ends = list(accumulate(map(add, map(len, literals[: len(texts)]), repeat(around)), initial=self._at))
        self._at = ends[-1]
        return texts, ends[1:]

    def _literals(self, head: FixedBytes, foot: FixedBytes) -> list[bytes]:
        """The text between `head` and `foot` in the events from here on, as far as they have both."""
        first, last = head.of(1), foot.of(1)
        begun = _NEEDLE - len(self._blank)
        most = min(_MOST_ALIKE, head.alike, foot.alike)
        *blocks, _ = self._body[self._at + begun :].split((self._blank + first)[:_NEEDLE], most)
        start, end = len(first) - begun, len(self._blank) - len(last)
        while blocks and not blocks[-1].startswith(head.before[begun:]):
            blocks.pop()
        literals = [block[start:end] for block in blocks]

        def differ(most: int) -> bool:
            """Whether so many, joined again, differ from what was cut."""
            return not self._body.startswith(_joined(head, foot, literals[:most]), self._at)

        return literals[: bisect_left(range(1, len(literals) + 1), 1, key=differ)] if differ(len(literals)) else literals


def _joined(head: FixedBytes, foot: FixedBytes, literals: Sequence[bytes]) -> bytes:
    """The events whose data are `literals` between `head` and `foot`."""
    event = head.format + b"%b" + foot.format
    if foot.number is not None:
        return b"".join([event % each for each in zip(literals, count(foot.number + 1))])
    if head.number is not None:
        return b"".join([event % each for each in zip(count(head.number + 1), literals)])
    return head.before + (foot.before + head.before).join(literals) + foot.before


class _MixedEvents:
    """Events that were found line by line."""

    def __init__(self, found: list[SseEvent], tail: SseEvent | None) -> None:
        self._found = iter(found)
        self._tail = tail

    def next(self) -> SseEvent | None:
        return next(self._found, None)

    def tail(self) -> SseEvent | None:
        return self._tail

    def run(self, before: FixedBytes, after: FixedBytes, read: Read) -> tuple[list[str], list[int]]:  # noqa: ARG002 - none is like another
        return [], []


def _by_lines(body: bytes, start: int) -> tuple[list[SseEvent], SseEvent | None]:
    found: list[SseEvent] = []
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
    return found, _event(lines, len(body))


def _event(lines: list[bytes], end: int) -> SseEvent | None:
    """The event that these lines form; None without a data field, as the standard requires."""
    data: list[bytes] = []
    name = b""
    for line in lines:
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return SseEvent(b"\n".join(data), name.decode("utf-8", "replace"), end) if data else None
