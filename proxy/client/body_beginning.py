"""Reads as much of a request body as must be known before the request goes out: no more than until its model has come.

A body that is longer than `peek_body` is awaited further only where the route depends on a model that has not come, as a picture
may stand before it: then up to `audit_body`, as long as there is room among the bodies that a worker may hold.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple, cast

from proxy.client.client_request import ClientRequest
from proxy.json_scanner import Steps, Whole
from proxy.record.capture import Capture
from proxy.routing.body_peek import settling
from proxy.routing.model_scan import ModelScan

if TYPE_CHECKING:
    from proxy.provider_config import Limits


class BodyBeginning(NamedTuple):
    """The first bytes of a body, whether there are `more`, and what was read of a body longer than `peek_body`."""

    data: bytes
    more: bool
    scan: ModelScan | None = None


class BodyReader:
    """Reads the body of one request; each piece is captured as it comes."""

    def __init__(self, request: ClientRequest, capture: Capture, limits: Limits) -> None:
        self._request = request
        self._capture = capture
        self._limits = limits
        self._more = not request.at_end

    def __repr__(self) -> str:
        return f"<BodyReader of {self._capture!r} more={self._more}>"

    async def first(self, *, settled: bool) -> BodyBeginning:
        """The body until its model has come; where it is `settled` that none is needed, what is here already."""
        request, head, most = self._request, self._request.head, self._limits.peek_body
        first = bytearray()
        next_look = 1
        while self._more and len(first) <= most and (not settled or request.ready):
            first += await self._piece()
            if not settled and len(first) >= next_look:
                # Each look costs what has come so far: one at each doubling, so that all together cost twice the last.
                settled, next_look = await in_turns(settling(head.looked_at(bytes(first)))), 2 * len(first)
        if self._more and not settled and not head.codings:
            return await self._beyond(bytes(first))
        return BodyBeginning(bytes(first), self._more)

    async def rest(self, most: int) -> BodyBeginning:
        """What is to come of the body, as far as at most `most` bytes and one piece go."""
        rest = bytearray()
        while self._more and len(rest) <= most:
            rest += await self._piece()
        return BodyBeginning(bytes(rest), self._more)

    async def _beyond(self, first: bytes) -> BodyBeginning:
        """The body, of which `first` has come, until its model has."""
        held, scan = BytesIO(), ModelScan()
        piece = first
        while True:
            held.write(piece)
            await in_turns(scan.feed(piece))
            room = held.tell() <= self._limits.audit_body and not self._capture.unheld and self._capture.hold(len(piece))
            if scan.settled or not self._more or not room:
                return BodyBeginning(held.getvalue(), self._more, scan)
            piece = await self._piece()

    async def _piece(self) -> bytes:
        piece = await self._request.read()
        self._capture.ask(piece)
        self._more = not self._request.at_end
        return piece


async def in_turns(steps: Steps[Whole]) -> Whole:
    """The result of work in steps; between two of them the event loop serves the streams."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Whole", end.value)
        await asyncio.sleep(0)
