"""What the names of the fields in an answer's head show, computed once for all answers that have the same names.

A provider's answers differ in dates and identities, which do not concern the proxy: only those are read again each time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from proxy.exchange import Headers
from proxy.routing import header_rules as rules

Pairs = Sequence[tuple[bytes, bytes]]
_SHAPES = 64
"""Shapes remembered, the least asked for forgotten first."""
_LARGEST = 4 * 1024
"""Bytes of a head beyond which its shape is not remembered: no provider's is so long, and a hostile one's costs memory."""
_HOP_FIELDS = frozenset({b"transfer-encoding", b"connection", b"keep-alive", b"content-type", b"content-encoding"})
_TIMEOUT = re.compile(rb"(?i)\btimeout\s*=\s*\"?(\d{1,6})")

_EVENTS = b"text/event-stream"


class HopByHop(NamedTuple):
    """What an answer states about its connection; a place is the index of a field."""

    codings: tuple[bytes, ...]
    """The values of Transfer-Encoding, in lower case."""
    close: bool
    keep_alive: bool
    """The options of the field Connection."""
    keep_seconds: float
    """How long the provider states that it keeps the connection, 0.0 when it states nothing."""
    events: bool
    """The body is an event stream."""
    readable: bool
    """The body is in no content coding."""
    dropped: tuple[int, ...]
    """The places of the fields that end here, in their order."""
    dropped_chunked: tuple[int, ...]
    """The same without Transfer-Encoding, for a client whose body stays in chunks."""


class HeaderLayout:
    """The names of an answer's fields, and the places of those that matter."""

    __slots__ = ("_known", "_lower", "lengths", "remembered", "telling")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self._lower = lower = tuple(name.lower() for name in names)
        self.lengths = tuple(place for place, name in enumerate(lower) if name == b"content-length")
        """The places of Content-Length."""
        self.telling = tuple(place for place, name in enumerate(lower) if name in _HOP_FIELDS)
        """The places of the fields about the connection or the body."""
        self.remembered = tuple(
            (place, names[place].decode("latin-1")) for place, name in enumerate(lower) if rules.is_remembered(name)
        )
        """The places and names of the fields that the record may hold."""
        self._known: tuple[list[bytes], HopByHop] | None = None

    def __repr__(self) -> str:
        return f"<HeaderLayout fields={len(self._lower)} lengths={self.lengths}>"

    def recorded(self, pairs: Pairs) -> Headers:
        """The fields among `pairs`, of this shape, that the record may hold."""
        return tuple([(name, pairs[place][1].decode("latin-1").strip()) for place, name in self.remembered])

    def hop(self, pairs: Pairs) -> HopByHop:
        """What `pairs`, of this layout, state of the connection; mostly the same as in the last answer."""
        values = [pairs[place][1] for place in self.telling]
        if self._known is None or self._known[0] != values:
            self._known = (values, self._read(pairs))
        return self._known[1]

    def _read(self, pairs: Pairs) -> HopByHop:
        fields = rules.HeaderFields(pairs, self._lower)
        # Content-Length is the framing that the client reads by: no Connection field may take it away.
        options = rules.named_by_connection(fields)
        named = options - {b"content-length"}
        places = [place for place, name in enumerate(self._lower) if rules.of_this_hop(name) or name in named]
        patience = map(_TIMEOUT.search, fields.named(b"keep-alive"))
        return HopByHop(
            codings=tuple(value.strip(b" ").lower() for value in fields.named(b"transfer-encoding")),
            close=b"close" in options,
            keep_alive=b"keep-alive" in options,
            keep_seconds=next((float(found[1]) for found in patience if found), 0.0),
            events=any(value.strip().lower().startswith(_EVENTS) for value in fields.named(b"content-type")),
            readable=all(value.strip().lower() in {b"", b"identity"} for value in fields.named(b"content-encoding")),
            dropped=tuple(places),
            dropped_chunked=tuple(place for place in places if self._lower[place] != b"transfer-encoding"),
        )


_remembered = lru_cache(maxsize=_SHAPES)(HeaderLayout)


def layout_of(pairs: Pairs, size: int) -> HeaderLayout:
    """The shape of `pairs`, read from a head of `size` bytes."""
    names = tuple([name for name, _ in pairs])
    return _remembered(names) if size <= _LARGEST else HeaderLayout(names)
