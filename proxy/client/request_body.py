"""The body of one request as it comes, free of its framing, for one reader: it waits for the pieces, or is called for each.

The client is paused while more waits here than the reader has taken.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Protocol

from proxy.client.body_framing import BrokenBodyError, ChunkedBody, LengthBody
from proxy.errors import RequestError

MOST_WAITING = 64 * 1024
"""Bytes that wait for the reader before the client is paused."""


class BodyPeer(Protocol):
    """The client of a body, as the body sees it."""

    waiting_since: float
    """Since when the rest of a body is awaited; 0.0 when it is not."""

    def pause_body(self) -> None:
        """Read no more from the client for now."""

    def resume_body(self) -> None:
        """Read on."""


class BodySink(Protocol):
    """What is called for each piece of a body."""

    def take(self, piece: bytes, *, last: bool) -> None:
        """The next bytes of the body; `last` is true when it is whole with them."""

    def fail(self, error: RequestError) -> None:
        """The body breaks off."""


class RequestBody:
    """The body of one request; `feed` is the connection's, the rest its reader's."""

    __slots__ = ("_delivered", "_framing", "_peer", "_pieces", "_sink", "_waiter", "fault", "size", "waiting")

    def __init__(self, framing: LengthBody | ChunkedBody, peer: BodyPeer) -> None:
        self._framing = framing
        self._peer = peer
        self._pieces: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._sink: BodySink | None = None
        self._delivered = False
        """True once a sink was given the end."""
        self.fault: RequestError | None = None
        """Why no more of it will be read."""
        self.size = 0
        """Bytes of the body so far."""
        self.waiting = 0
        """Those that wait for the reader."""

    def __repr__(self) -> str:
        return f"<RequestBody come={self.size} waiting={self.waiting} whole={self.whole} broken={self.broken}>"

    @property
    def whole(self) -> bool:
        """True when all of it has come."""
        return self._framing.ended

    @property
    def broken(self) -> bool:
        """True when no more of it will be read."""
        return self.fault is not None

    @property
    def portioned(self) -> bool:
        """True when more has come than is read in one turn of the event loop: `feed(b"")` reads on."""
        return self._framing.waits

    def rest(self) -> bytes:
        """What came behind its end, once."""
        rest, self._framing.rest = self._framing.rest, b""
        return rest

    @property
    def at_end(self) -> bool:
        """True when the reader has all of it."""
        return self._framing.ended and not self._pieces

    def feed(self, data: bytes) -> None:
        """Bytes of the client; where they break the framing, the reader is given the reason."""
        if self.fault is not None:
            return
        try:
            piece = self._framing.feed(data)
        except BrokenBodyError:
            self.fail(RequestError(400, "bad_body", "the framing of the request body is broken"))
            return
        self.size += len(piece)
        if self._sink is not None:
            self._deliver(self._sink, piece)
            return
        if piece:
            self._pieces.append(piece)
            self.waiting += len(piece)
            if self.waiting > MOST_WAITING:
                self._peer.pause_body()
        if piece or self._framing.ended:
            self._wake()

    def fail(self, error: RequestError) -> None:
        """Read no more of it: it broke, or did not come in time."""
        self.fault = error
        self._peer.waiting_since = 0.0
        if self._sink is not None:
            self._sink.fail(error)
        else:
            self._wake()

    async def read(self) -> bytes:
        """The next bytes, empty at the end; RequestError when its framing breaks, or nothing comes for too long."""
        if not self._pieces and not self._framing.ended and self.fault is None:
            self._waiter = asyncio.get_running_loop().create_future()
            self._peer.waiting_since = monotonic()
            await self._waiter
        if self.fault is not None:
            raise self.fault
        return self.take()

    def take(self) -> bytes:
        """What waits for the reader."""
        pieces, self._pieces = self._pieces, []
        self.waiting = 0
        self._peer.resume_body()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def attach(self, sink: BodySink | None) -> None:
        """Call `sink` for each piece from here on, and for what waits; the end is given once. Without one, what comes waits."""
        self._sink = sink
        if sink is None:
            return
        if self.fault is not None:
            sink.fail(self.fault)
        else:
            self._deliver(sink, self.take() if self._pieces else b"")

    def _deliver(self, sink: BodySink, piece: bytes) -> None:
        """Give `sink` the next piece, if there is one, and the end, unless it was given: a second one would be sent on."""
        ended = self._framing.ended
        if piece or (ended and not self._delivered):
            self._delivered = ended
            sink.take(piece, last=ended)

    def _wake(self) -> None:
        self._peer.waiting_since = 0.0
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class _Dropped:
    """Takes a body to nowhere."""

    def take(self, piece: bytes, *, last: bool) -> None:
        """Keep nothing."""

    def fail(self, error: RequestError) -> None:
        """Nothing waits for it."""


DROPPED: BodySink = _Dropped()
