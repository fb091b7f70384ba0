"""KnownHeads: recognises the heads of one provider's answers by their shape, each shape by one compiled pattern.

A provider repeats the head of its answers, but for dates, identities and counts. A shape is known by the same status line, the
same names in the same order, and the same fields about the connection or the body, without the length: whatever a pattern
matches, `read_head` would read to the same end, and so would llhttp. A pattern takes some milliseconds to compile, so one is made
at the third sight of a shape, and few of them.
"""

from __future__ import annotations

import re

from proxy.exchange import Headers
from proxy.upstream.response_head import BodyFraming, ResponseHead

SIGHTS = 3
"""How often a shape occurs before a pattern of it is made."""
MOST, MOST_OF_ONE = 64, 8
"""Patterns of a process, and of one provider in it, so that a hostile one takes no other's room."""
LARGEST, MOST_FIELDS = 4 * 1024, 64
"""Bytes and fields of a head that a pattern is made of; such a pattern is compiled in less than 10 ms."""
_MOST_SEEN = 64
"""Shapes counted before all counts are dropped."""
_KEPT = frozenset({BodyFraming.LENGTH, BodyFraming.CHUNKED})
_STRIP = str.strip
_VALUE = "[\t\x20-\x7e\x80-\xff]*+"
_LENGTH = "[0-9]{1,18}"
_Shape = tuple[bytes, tuple[bytes, ...], tuple[bytes, ...]]
"""The status line, the names, and the values of the fields about the connection or the body."""


class KnownHead:
    """A head of a known shape; it returns the same as the ResponseHead of the same bytes.

    Its attributes are set when it is made, which costs less than a lookup at each use.
    """

    __slots__ = ("_pattern", "_values", "chunked", "framing", "hop", "length", "raw", "reason", "status")

    interim = False
    keep = True

    def __init__(self, raw: bytes, pattern: HeadPattern, values: tuple[str, ...], length: int) -> None:
        self.raw = raw
        self._pattern = pattern
        self._values = values
        self.status = pattern.status
        self.reason = pattern.reason
        self.framing = pattern.framing
        self.hop = pattern.hop
        self.chunked = pattern.chunked
        self.length = length

    def __repr__(self) -> str:
        return f"<KnownHead {self.status} {self.framing.value} bytes={len(self.raw)}>"

    def recorded(self) -> Headers:
        """The fields that the record may hold."""
        return (*zip(self._pattern.names, map(_STRIP, self._values)),)  # noqa: B905 - a name for each; the check costs a tenth

    def rewritten(self, *, chunked: bool, connection: str) -> bytes:
        """The head for the client (see `ResponseHead.rewritten`); the very bytes that came where nothing is taken out of them."""
        head = self.raw
        for line in self._pattern.dropped_chunked if chunked else self._pattern.dropped:
            head = head.replace(line, b"\r\n", 1)
        return b"%bConnection: %b\r\n\r\n" % (head[:-2], connection.encode("latin-1")) if connection else head

    def switched(self) -> bytes:
        """A head with a body switches to nothing."""
        raise NotImplementedError


class HeadPattern:
    """What is the same in all heads of one shape, and the pattern that finds the rest."""

    __slots__ = ("_length_at", "chunked", "dropped", "dropped_chunked", "framing", "hop", "match", "names", "reason", "status")

    def __init__(self, like: ResponseHead) -> None:
        layout = like.shape
        self.status = like.status
        self.reason = like.reason
        self.framing = like.framing
        self.hop = like.hop
        self.chunked = like.chunked
        self.names = tuple([name for _, name in layout.remembered])
        self._length_at = 0
        self.dropped = _lines(like, like.hop.dropped)
        self.dropped_chunked = _lines(like, like.hop.dropped_chunked)
        recorded = {place: group for group, (place, _) in enumerate(layout.remembered)}
        line = like.raw[: like.raw.index(b"\r\n") + 2].decode("latin-1")
        parts = [re.escape(line)]
        for place, (name, value) in enumerate(like.pairs):
            found = re.escape(value[1:].decode("latin-1")) if place in layout.telling else _VALUE
            if place in layout.lengths:
                self._length_at, found = recorded[place], _LENGTH
            parts.append(f"{re.escape(name.decode())}: {f'({found})' if place in recorded else found}\r\n")
        self.match = re.compile("".join((*parts, "\r\n"))).fullmatch

    def __repr__(self) -> str:
        return f"<HeadPattern {self.status} {self.framing.value} recorded={len(self.names)}>"

    def head(self, raw: bytes, found: re.Match[str]) -> KnownHead:
        """The head that `raw` is, in which the pattern was `found`."""
        values = found.groups()
        return KnownHead(raw, self, values, int(values[self._length_at]) if self.framing is BodyFraming.LENGTH else 0)


class PatternBudget:
    """How many patterns a process may still make."""

    __slots__ = ("left",)

    def __init__(self, left: int = MOST) -> None:
        self.left = left


class KnownHeads:
    """The patterns of one provider's heads, the last used first."""

    __slots__ = ("_budget", "_patterns", "_seen")

    def __init__(self, budget: PatternBudget) -> None:
        self._budget = budget
        self._patterns: list[HeadPattern] = []
        self._seen: dict[_Shape, int] = {}

    def __repr__(self) -> str:
        return f"<KnownHeads patterns={len(self._patterns)} seen={len(self._seen)}>"

    def read(self, raw: bytes) -> KnownHead | None:
        """The whole head `raw` of an answer to any method but HEAD; None where it is of no known shape."""
        text = raw.decode("latin-1")
        patterns = self._patterns
        for pattern in patterns:
            found = pattern.match(text)
            if found:
                if pattern is not patterns[0]:
                    patterns.remove(pattern)
                    patterns.insert(0, pattern)
                return pattern.head(raw, found)
        return None

    def learn(self, head: ResponseHead) -> None:
        """Count a head that was read whole, and make a pattern of its shape at the third sight."""
        if len(self._patterns) >= MOST_OF_ONE or not self._budget.left or not _has_pattern(head):
            return
        seen, shape = self._seen, _shape(head)
        count = seen.pop(shape, 0) + 1
        if count < SIGHTS:
            if len(seen) >= _MOST_SEEN:
                seen.clear()
            seen[shape] = count
            return
        self._budget.left -= 1
        self._patterns.insert(0, HeadPattern(head))


def _has_pattern(head: ResponseHead) -> bool:
    """Whether a pattern covers everything that a head of this shape returns: what is dropped from it must be the same in each."""
    layout, raw = head.shape, head.raw
    return (
        head.keep
        and head.framing in _KEPT
        and len(raw) <= LARGEST
        and len(head.pairs) <= MOST_FIELDS
        and raw.startswith(b"HTTP/1.1 ")
        and len(layout.lengths) == (head.framing is BodyFraming.LENGTH)
        and set(head.hop.dropped) <= set(layout.telling)
        and all(value.startswith(b" ") for _, value in head.pairs)
    )


def _shape(head: ResponseHead) -> _Shape:
    line, _, _ = head.raw.partition(b"\r\n")
    return line, tuple([name for name, _ in head.pairs]), tuple([head.pairs[place][1] for place in head.shape.telling])


def _lines(head: ResponseHead, places: tuple[int, ...]) -> tuple[bytes, ...]:
    return tuple([b"\r\n%b:%b\r\n" % head.pairs[place] for place in places])
