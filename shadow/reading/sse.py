"""Server-sent events by the WHATWG rules, on the whole body at once, each with the offset at which it ended.

Only CR, LF and CRLF end a line: U+2028 and its like are text, and a reader that splits on them tears JSON apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")

Read = Callable[[Sequence[bytes]], list[str]]


class Event(NamedTuple):
    """One event: its data lines joined by LF, its type ("" when unnamed), and the body offset just after its blank line.

    A named tuple, not a dataclass: there is one for each chunk of each stream.
    """

    data: bytes
    event: str
    end: int


class Stream:
    """The events of a body, and what stands after the last blank line: a client never sees that tail as an event."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def walk(self) -> Walk:
        """A reader of its events from the first on."""
        body = self._body
        start = len(_BOM) if body.startswith(_BOM) else 0
        line_end = _uniform_line_end(body)
        return _Blocks(body, start, line_end) if line_end else _Listed(*_by_lines(body, start))

    @property
    def events(self) -> list[Event]:
        """The finished events, in order."""
        return [*iter(self.walk().next, None)]

    @property
    def tail(self) -> Event | None:
        """The unfinished event after them, if any."""
        walk = self.walk()
        while walk.next():
            pass
        return walk.tail()

    def __bool__(self) -> bool:
        walk = self.walk()
        return walk.next() is not None or walk.tail() is not None


class Walk(Protocol):
    """Reads the events of a body, each once."""

    def next(self) -> Event | None:
        """The next finished event, None after the last."""

    def tail(self) -> Event | None:
        """The unfinished event; to be asked after the last."""

    def run(self, before: bytes, after: bytes, read: Read) -> tuple[list[str], list[int]]:
        """The events that follow the last one and differ from it only between `before` and `after`, which its data are.

        `read` is given what stands there, and reads as much of it as it can; that is returned with the ends of those events.
        """


def events(body: bytes) -> tuple[Event, ...]:
    """The finished events of a body, in order; see https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    return tuple(read_stream(body).events)


def read_stream(body: bytes) -> Stream:
    """The body as a stream of events; false where it holds none."""
    return Stream(body)


def _uniform_line_end(body: bytes) -> bytes:
    """The one line ending that the body uses, or nothing when it mixes them."""
    returns = body.count(b"\r")
    if not returns:
        return b"\n"
    feeds = body.count(b"\n")
    if not feeds:
        return b"\r"
    return b"\r\n" if returns == feeds == body.count(b"\r\n") else b""


class _Blocks:
    """The quick way: with one kind of line ending, a blank line is that ending twice."""

    def __init__(self, body: bytes, start: int, line_end: bytes) -> None:
        self._body = body
        self._at = start
        self._line_end = line_end
        self._blank = line_end * 2
        self._lead = b""

    def next(self) -> Event | None:
        body, line_end = self._body, self._line_end
        while (end := body.find(self._blank, self._at)) >= 0:
            block = body[self._at : end]
            self._at = end + len(self._blank)
            if event := _event(block.split(line_end), self._at):
                self._lead = block[: -len(event.data)] if event.data and block.endswith(event.data) else b""
                return event
        return None

    def tail(self) -> Event | None:
        return _event(self._body[self._at :].split(self._line_end), len(self._body))

    def run(self, before: bytes, after: bytes, read: Read) -> tuple[list[str], list[int]]:
        head, foot = self._lead + before, after + self._blank
        if not self._lead or not self._body.startswith(head, self._at):
            return [], []
        # Between the strings of two such events stand always the same bytes: they are compared by splitting at them.
        between = self._body[self._at + len(head) :].split(foot + head)
        last, ended, _ = between.pop().partition(foot)
        texts = read([*between, last] if ended else between)
        around = len(head) + len(foot)
        ends = list(accumulate(map(around.__add__, map(len, [*between, last][: len(texts)])), initial=self._at))
        self._at = ends[-1]
        return texts, ends[1:]


class _Listed:
    """Events that were found line by line."""

    def __init__(self, found: list[Event], tail: Event | None) -> None:
        self._found = iter(found)
        self._tail = tail

    def next(self) -> Event | None:
        return next(self._found, None)

    def tail(self) -> Event | None:
        return self._tail

    def run(self, before: bytes, after: bytes, read: Read) -> tuple[list[str], list[int]]:  # noqa: ARG002 - none is like another
        return [], []


def _by_lines(body: bytes, start: int) -> tuple[list[Event], Event | None]:
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
    return found, _event(lines, len(body))


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
