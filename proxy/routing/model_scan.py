"""Reads `model` of a JSON object that comes piece by piece, each byte once, and keeps nothing of what comes before it.

For bodies that are longer than what is read again and again as it grows: a picture may stand before the model. Values are not
checked, because the provider refuses what is not JSON.
"""

from __future__ import annotations

import re

from proxy.json_scanner import RUN, STEP, TEXT, Steps
from proxy.routing.body_peek import LONGEST_MODEL, PeekedBody, member_name, model_text

_BETWEEN = re.compile(rb'[^"{}\[\],:]*+')
_MOST_MARKS = 100_000
"""Marks (texts, brackets, commas, colons outside of values of three levels) at which a scan gives up: some 50 ms in all."""
_YIELD = 200
"""Marks between two turns of the event loop: a fraction of a millisecond."""


class ModelScan:
    """What has come of a JSON object; `settled` once its model is known, or cannot be."""

    __slots__ = (
        "_before",
        "_depth",
        "_escaped",
        "_in_text",
        "_key",
        "_literal",
        "_marks",
        "_start",
        "model",
        "settled",
        "span",
        "stream",
    )

    def __init__(self) -> None:
        self._before = 0
        """Bytes that came before the piece that is read."""
        self._depth = self._marks = self._start = 0
        self._in_text = self._escaped = False
        self._key = ""
        self._literal = bytearray()
        """The key or value at the top level that is read, as far as it can matter."""
        self.settled = False
        self.model = ""
        self.stream = False
        self.span = (0, 0)
        """Where the value of `model` stands, in bytes from the beginning."""

    def __repr__(self) -> str:
        return f"<ModelScan read={self._before} settled={self.settled} model={self.model!r} stream={self.stream}>"

    @property
    def seen(self) -> PeekedBody:
        """The members of the body, as far as it has come."""
        return PeekedBody(model=self.model, stream=self.stream)

    def feed(self, data: bytes) -> Steps[None]:
        """Read the next piece, in steps of at most a millisecond."""
        at = last = 0
        while at < len(data) and not self.settled:
            at = self._text(data, at) if self._in_text else self._mark(data, at)
            if at - last >= STEP or self._marks % _YIELD == 0:
                last = at
                yield
        self._before += len(data)

    def _keep(self, part: bytes) -> None:
        if self._depth == 1 and len(self._literal) <= LONGEST_MODEL:
            self._literal += part

    def _text(self, data: bytes, at: int) -> int:
        """Read on in a text; where that ended."""
        found = TEXT.match(data, at, at + STEP)
        end = at + 1 if self._escaped or found is None else found.end()
        self._escaped = not self._escaped and end == at and data[at:] == b"\\"
        end += self._escaped
        closed = end == at
        end += closed  # what no text goes on with is the quote that ends it
        self._keep(data[at:end])
        if closed:
            self._in_text = False
            if self._key == "model" and self._depth == 1:
                self.model = model_text(bytes(self._literal))
                self.span = (self._start, self._before + end)
                self.settled = bool(self.model)
        return end

    def _mark(self, data: bytes, at: int) -> int:
        """Read up to the next mark, and that; where that ended."""
        found = (RUN if self._depth > 1 else _BETWEEN).match(data, at, at + STEP)
        end = found.end() if found else at
        self._keep(data[at:end].strip())
        mark = data[end : end + 1]
        self._marks += 1
        self.settled = self._marks >= _MOST_MARKS
        if mark == b'"':
            self._in_text = True
            if self._depth == 1:
                self._literal, self._start = bytearray(b'"'), self._before + end
        elif mark in {b"{", b"["}:
            self._depth += 1
        elif mark in {b"}", b"]"}:
            self._depth -= 1
            self._over(end=not self._depth)
        elif mark == b":" and self._depth == 1:
            self._key, self._literal = member_name(bytes(self._literal)), bytearray()
        elif mark == b"," and self._depth == 1:
            self._over()
        elif end > at:
            return end
        return end + 1

    def _over(self, *, end: bool = False) -> None:
        """A member at the top level is over, and with `end` the object."""
        if self._depth > 1:
            return
        if self._key == "stream":
            self.stream = self._literal == b"true"
        self._key, self._literal = "", bytearray()
        self.settled = self.settled or end
