"""One connection to a provider: it feeds the answer being read, and closes itself when bytes come without a request.

Bytes that came before a request was sent belong to no request: the next one over this connection would get them as its answer,
and it may be another client's. Such a connection is never used again.
"""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import cast

from proxy.exchange import FailureKind
from proxy.process import socket_end, tcp_info
from proxy.routing.provider_origin import ProviderOrigin
from proxy.upstream.known_heads import KnownHeads
from proxy.upstream.response_consumer import COPIED
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.tls_sessions import ResumingConnection

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent again whatever became of the first request (RFC 9110 9.2.1)."""
_LATE, _MOST_LATE = 64 * 1024, 16
"""Bytes of one read, and the reads, of what came before a connection was found reset."""


class UpstreamConnection(asyncio.Protocol):
    """A connection that serves one answer at a time; `ended` is called once, when it is gone."""

    __slots__ = (
        *("_answer", "_behind", "_came_early", "_done", "_drain", "_end", "_ended", "_full", "_known", "_loop"),
        *("_lost_unread", "_poll", "_sent_all", "_transport", "held"),
        *("idle_since", "keep_seconds", "keep_until", "last", "origin", "ready_at", "served", "waiting"),
    )

    def __init__(
        self, origin: ProviderOrigin, ended: Callable[[UpstreamConnection], None], known: KnownHeads | None = None
    ) -> None:
        self.origin = origin
        self._known = known
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._answer: ResponseReader | None = None
        self._drain: Callable[[], object] | None = None
        self._full = False
        self._sent_all = False
        self._lost_unread = False
        self._came_early = False
        """True where bytes came before the first request was sent."""
        self._behind = False
        """True while bytes that have come wait for the next turn of the loop; no more are read before."""
        self._end: tuple[bool, bool] | None = None
        """How the connection ended behind them (`reset`, `cut`)."""
        self._done: Callable[[], object] | None = None
        self.held = False
        """True while nothing is read, because the client reads slowly."""
        self.waiting = False
        """True while the provider waits for a request body that the client is slow to send."""
        self.last = 0.0
        """The monotonic moment at which this connection last moved a byte."""
        self.served = 0
        self._poll: select.poll | None = None
        self.idle_since = 0.0
        self.ready_at = 0.0
        """When its rest is over, and it may serve again."""
        self.keep_until = 0.0
        """When, unless used, it is closed."""
        self.keep_seconds = 0.0

    def __repr__(self) -> str:
        state = "closed" if self._transport is None else "idle" if self._answer is None else "busy"
        return f"<UpstreamConnection {self.origin.authority} {state} served={self.served} held={self.held} full={self._full}>"

    # -- what the event loop calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; its write buffer counts as full as soon as it holds a byte, so that `unsent` is exact."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        # Plain TCP is full beyond its limit, TLS at it: with 0 that would turn on and off at every look.
        self._transport.set_write_buffer_limits(high=1 if self.origin.tls else 0, low=0)

    def data_received(self, data: bytes) -> None:
        """The hot path: one piece of an answer."""
        answer = self._answer
        if answer is None:
            self.close()
            return
        now = self.last = monotonic()
        feed = answer.feed  # taken out first, as `answer` does with what it calls
        feed(data, now)
        if answer.over:
            self._finish(answer)
        elif answer.rest and not self._behind:
            self._put_off(answer)

    def eof_received(self) -> None:
        """The provider has ended its side, which ends ours."""
        self._lost(reset=False, cut=self._answer is not None and self._without_notice())

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, cleanly or (with `exc`) not."""
        if exc is not None and not self.origin.tls:  # behind TLS this has been done: see tls_reads.py
            self._read_rest()
        self._transport = None
        self._lost(reset=exc is not None, cut=self.origin.tls)
        self._full = False
        self._wake()
        self._ended(self)

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._full = True

    def resume_writing(self) -> None:
        """All that was written has gone to the kernel."""
        self._full = False
        self.last = monotonic()
        self._wake()

    # -- what an exchange calls ----------------------------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """True when an idle connection may take a request: open, with nothing to read, not even an end."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._answer is not None:
            return False
        return not self._readable(transport)

    @property
    def answering(self) -> bool:
        """True once the head of the answer being read has come."""
        return self._answer is not None and self._answer.head is not None

    @property
    def unsent(self) -> bool:
        """True while part of the request surely never left this process."""
        return not self._sent_all or self._full

    def replaceable(self, answer: ResponseReader) -> bool:
        """True for the one failure after which the request may go out on another connection: this one had served before, was
        closed before a byte of `answer`, and cannot have delivered the whole request, or the request is safe (ADR 0009).
        """
        stale = answer.failure is not None and answer.failure.kind is FailureKind.STALE
        return stale and (self._lost_unread or answer.method in _SAFE)

    def begin(self, answer: ResponseReader, done: Callable[[], object]) -> None:
        """Read `answer` from here on; `done` is called once, when it is over, well or badly, which may be before this returns."""
        self._answer = answer
        self._done = done
        answer.known = self._known
        self._sent_all = False
        self.held = self.waiting = False
        self.served += 1
        transport = self._transport
        if transport is None or transport.is_closing():
            self._lost(reset=False)
        elif self.served == 1 and not self.origin.tls:
            # A kept one was looked at by `usable`; behind a TLS handshake the tickets of the session come (RFC 8446 4.6.1).
            self._came_early = self._readable(transport)

    def serve(self, answer: ResponseReader) -> asyncio.Future[None]:
        """Read `answer` from here on; the future is done when it is over."""
        over = self._loop.create_future()
        self.begin(answer, partial(_settle, over))
        return over

    def send(self, data: bytes, body: bytes = b"", *, last: bool) -> None:
        """Write a part of the request, and a `body` behind it, not copied where it is long; `last` is true for the final part."""
        transport = self._transport
        if transport is not None and self._answer is not None and not transport.is_closing():
            if len(body) > COPIED:
                transport.writelines((data, body))
            else:
                transport.write(data + body if body else data)
            self.last = monotonic()
            self._sent_all = last

    @property
    def full(self) -> bool:
        """True while what was written waits for the provider."""
        return self._full

    def end_sending(self) -> None:
        """End this side of the connection behind what was written; TLS can only be closed whole."""
        transport = self._transport
        if transport is not None and not socket_end.sending(transport) and not transport.can_write_eof():
            transport.close()

    def when_drained(self, call: Callable[[], object]) -> None:
        """Call once all that was written has left this process, or the connection is gone."""
        self._drain = call

    async def drained(self) -> None:
        """Wait until all that was written has left this process, or the connection is gone."""
        if self._full:
            drained = asyncio.get_running_loop().create_future()
            self.when_drained(partial(_settle, drained))
            await drained

    def wait_for_client(self, waiting: bool) -> None:
        """Begin or end a time in which nothing is expected of the provider."""
        self.waiting = waiting
        self.last = monotonic()

    def silent_for(self, now: float) -> float:
        """Seconds for which the provider has moved nothing although it was its turn."""
        return 0.0 if self.held or self.waiting or self._answer is None else now - self.last

    def hold(self, held: bool) -> None:
        """Stop or go on reading, because the client reads slowly; without an answer it does nothing."""
        if held and self._answer is None:
            return
        self.held = held
        self.last = monotonic()
        self._mind_reading()

    def mute(self) -> None:
        """The client of the answer has gone."""
        if self._answer is not None:
            self._answer.mute()

    def fail(self, kind: FailureKind, detail: str) -> None:
        """Give the answer up, and with it the connection."""
        answer = self._answer
        if answer is not None:
            answer.fail(kind, detail)
            self._finish(answer)
        self.close()

    def close(self) -> None:
        """Close at once, and drop what is still unsent or unread."""
        if self._transport is not None:
            self._transport.abort()

    # -- inside --------------------------------------------------------------------------------------------------------

    def _readable(self, transport: asyncio.Transport) -> bool:
        """True where bytes, or an end, wait in the kernel; the event loop may not have seen them yet."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN | select.POLLRDHUP)
        return bool(self._poll.poll(0))

    def _mind_reading(self) -> None:
        """Read, unless the client is slow or what came last is not all read."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self.held or self._behind:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _put_off(self, answer: ResponseReader) -> None:
        """Go on with `answer.rest` in the next turn of the loop: other streams come in between."""
        self._behind = True
        self._mind_reading()
        self._loop.call_soon(self._go_on, answer)

    def _go_on(self, answer: ResponseReader) -> None:
        self._behind = False
        if answer is self._answer:
            try:
                answer.read_on()
            except BaseException:
                self.close()  # as the loop does where `data_received` raises
                raise
            if answer.over:
                # Behind TLS, what came while nothing was read waits in the event loop, where `usable` does not see it.
                answer.reusable = answer.reusable and not self.origin.tls
                self._finish(answer)
            elif answer.rest:
                self._put_off(answer)
            elif self._end is not None:
                reset, cut = self._end
                self._lost(reset=reset, cut=cut)
        self._mind_reading()

    def _read_rest(self) -> None:
        """Read what came before a reset: event loops drop it where a write found the connection reset before a read did, and it
        may be the answer to an upload that was refused early. Both loops close the socket only behind `connection_lost`.
        """
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        if sock is None:
            return
        with suppress(OSError):
            for _ in range(_MOST_LATE):
                data = os.read(sock.fileno(), _LATE) if self._answer is not None else b""
                if not data:
                    return
                self.data_received(data)

    def _without_notice(self) -> bool:
        """Whether a TLS connection ended without close_notify (RFC 8446 6.1): event loops tell either end in the same way."""
        secure = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        if secure is None:
            return False
        try:
            return bool(secure.read(1))
        except ssl.SSLError:
            return True

    def _lost(self, *, reset: bool, cut: bool = False) -> None:
        answer = self._answer
        if answer is None:
            return
        if self._behind:
            self._end = self._end or (reset, cut)
            return
        self._lost_unread = self.unsent or (not reset and self._unacknowledged())
        if self.served > 1 and answer.untouched:
            answer.fail(FailureKind.STALE, "before any byte of an answer")
        else:
            answer.eof(reset=reset, cut=cut)
        self._finish(answer)

    def _remember_session(self) -> None:
        """Let the next connection begin with the TLS session of this one, whose ticket has come by its first answer."""
        secure = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        if isinstance(secure, ResumingConnection):
            secure.remember(self.last)

    def _unacknowledged(self) -> bool:
        """True when the peer had not received the whole request as it closed, asked at an orderly end: a FIN acknowledges all
        that has arrived (RFC 9293 3.10.7.4), so what is unacknowledged behind it came too late to be read (Linux).
        """
        return self._transport is not None and tcp_info.pending(self._transport.get_extra_info("socket")) > 0

    def _finish(self, answer: ResponseReader) -> None:
        self._answer = None
        if not answer.reusable or self.unsent or self._came_early or self._transport is None:
            answer.reusable = False
            self.close()
        elif answer.head is not None:
            self.keep_seconds = answer.head.hop.keep_seconds
            if self.served == 1 and self.origin.tls:
                self._remember_session()
            if self.held:
                # Its last piece filled a slow client's buffer: the next answer here has another client.
                self.hold(held=False)
        done, self._done = self._done, None
        if done is not None:
            done()

    def _wake(self) -> None:
        call, self._drain = self._drain, None
        if call is not None:
            call()


def _settle(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
