"""One client connection: aiohttp's, taught to tell a whole head from a slow one, and a client gone from one that waits.

What aiohttp would answer by itself to bytes it cannot read is said here in our own words, and logged nowhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestPayloadError, _ErrInfo

from proxy.client.browser_policy import is_loopback
from proxy.client.client_request import ClientRequest, own_answer
from proxy.client.declined_upgrade import DeclinedUpgrades
from proxy.client.flow_control import Dropped, FlowControl, TunnelSink
from proxy.client.half_close import PROBE, HalfCloseWatch
from proxy.client.head_memo import HeadMemo
from proxy.client.read_portions import LARGE, PortionedReads
from proxy.client.request_trailers import RequestTrailers, parts_plainly
from proxy.client.unparsable_request import refusal
from proxy.errors import RequestError
from proxy.process import socket_end, tcp_info
from proxy.provider_config import Limits
from proxy.worker_stats import WorkerStats

_log = logging.getLogger("sameweights.proxy")
_LINGER = 2.0
"""Seconds in which a client may still read our refusal of bytes that it goes on sending (RFC 9112 9.6)."""


class ClientConnection(PortionedReads):
    """The protocol of one client connection."""

    __slots__ = (
        *("_came", "_declining", "_half_closed", "_handle", "_head_bytes", "_head", "_limits"),
        *("_on_loopback", "_onward", "_stats", "_trailers", "_unreadable", "flow", "gone", "head_since", "last"),
        *("stalled_since", "straight", "waiting_since"),
    )

    def __init__(self, server: web.Server, *, limits: Limits, stats: WorkerStats, **settings: Any) -> None:
        super().__init__(server, **settings)
        # Asked for now: aiohttp forgets it when the connection is lost.
        self._handle = server.request_handler
        self._limits, self._stats = limits, stats
        self._came, self._head_bytes = 0.0, 0
        self._head: HeadMemo | None = None
        self._half_closed: HalfCloseWatch | None = None
        self._on_loopback: bool | None = None
        self._onward: TunnelSink | None = None
        self._unreadable = b""
        self._declining, self._trailers = DeclinedUpgrades(), RequestTrailers()
        self.flow: FlowControl | None = None
        self.straight: Callable[[bytes], None] = self.write
        """Writes to the client until `FlowControl.mute`, with no look at each piece whether the client is still there."""
        self.last: RawRequestMessage | None = None
        """The request that no other can follow: it was refused, or what the client sent behind it has been lost."""
        self.gone = False
        self.head_since = 0.0
        """When the first byte of an unfinished head came; 0.0 when there is none."""
        self.waiting_since = 0.0
        """Since when the rest of a request body is awaited; 0.0 when it is not."""
        self.stalled_since = 0.0
        """Since when the client reads too slowly for what waits for it; 0.0 when it keeps up."""

    def __repr__(self) -> str:
        return f"<ClientConnection {'gone' if self.gone else 'idle' if self.idle else 'busy'} stalled={bool(self.stalled_since)}>"

    @property
    def idle(self) -> bool:
        """True between two requests."""
        return self._current_request is None and not self._messages and not self._request_in_progress

    def memo_of(self, message: RawRequestMessage) -> HeadMemo:
        """The head of `message` with what was made of it: most often that of the request before."""
        memo = self._head
        if memo is None or not memo.fits(message):
            memo = HeadMemo(message)
            self._head = memo if memo.worth_keeping else None
        return memo

    @property
    def on_loopback(self) -> bool:
        """True when the client reached this port by a loopback address."""
        if self._on_loopback is None:
            address, *_ = self.transport.get_extra_info("sockname") if self.transport is not None else ("",)
            self._on_loopback = is_loopback(address)
        return self._on_loopback

    def take_moment(self) -> float:
        """When the head of the request now beginning was complete; for a pipelined one, when its turn came."""
        came, self._came = self._came, 0.0
        return came or monotonic()

    # -- what the event loop calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, and pause when more than the limit waits for the client."""
        client = cast("asyncio.Transport", transport)
        client.set_write_buffer_limits(high=self._limits.write_buffer)
        if not issubclass(type(client), asyncio.BaseTransport):
            # uvloop's own drops what comes while it is closing; asyncio's, which derives from this class, warns of it.
            self.straight = client.write
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head or of a body; a head must be complete within its limits of size and time."""
        if (len(data) > LARGE or (self.waiting and data)) and not (data := self.first_portion(data)):
            return
        if self._onward is not None:
            self._onward.take(data)
            return
        messages = self._messages
        between_requests = self._waiter is not None or not self._request_count
        lacking = None if between_requests or self._upgraded else getattr(self._current_request, "lacking", 0)
        known = len(messages)
        if between_requests and self._trailers.held and not known:
            self._parser = self._trailers.parser(self, self._loop, self._read_bufsize, self._max_msg_queue_size)
        super().data_received(data)
        if not between_requests or known or len(messages) != 1 or self._trailers.held or not parts_plainly(messages[0][0]):
            self._mind(known, lacking, data)
        if not between_requests:
            return
        if messages:
            self._came = monotonic()
            if self.head_since:
                self.head_since, self._head_bytes = 0.0, 0
                self._declining.begun.clear()
        else:
            self.head_since = self.head_since or monotonic()
            self._head_bytes += len(data)
            self._declining.begun += data
            if self._head_bytes > self._limits.head:
                self._refuse_head()

    def _mind(self, known: int, lacking: int | None, data: bytes) -> None:
        """Look behind the requests that `data` brought, the first `known` of which came before, for what the parser loses."""
        if self._trailers.held or len(self._messages) > known:
            self._mind_trailers(known, data)
        if lacking is not None and len(data) > lacking:
            self._declining.pipelined = True
        self._keep_behind(data)
        if self._messages and isinstance(self._messages[-1][0], _ErrInfo):
            self._unreadable = data
            # aiohttp queues the error behind a body whose framing broke, and would let its reader wait for ever.
            self._break_body(RequestPayloadError("the framing of the request body is broken"))

    def _mind_trailers(self, known: int, data: bytes) -> None:
        """Let a chunked request be the last whose trailer would be a field of the next."""
        self._trailers.read([message for message, _ in list(self._messages)[known:]], data)
        begun = self._message_tail or not self._trailers.ended
        if begun and self._trailers.held and self._requests_are_whole():
            self._trailers.followed()
        self._declining.last = self._declining.last or self._trailers.last

    def _keep_behind(self, data: bytes) -> None:
        """Keep what follows a request whose upgrade is left out; aiohttp feeds `_message_tail` behind its answer."""
        newest = cast("RawRequestMessage", self._messages[-1][0]) if self._messages else None
        behind = self._declining.take(newest, data)
        self.last = self._declining.last
        if behind is not None:
            self._message_tail += behind
            self._upgraded = bool(behind)

    def eof_received(self) -> bool | None:  # type: ignore[override] # a true value keeps the transport: see asyncio
        """The client has ended its side: behind a whole request it may wait for its answer, in the middle of one it is gone."""
        if self.ends_behind():
            return True
        if self._onward is not None:
            self._onward.end()
            return True
        if self.idle or self.transport is None:
            return None
        if not tcp_info.KNOWN or not self._requests_are_whole():
            self.transport.abort()
            return None
        self._watch_half_closed(self.transport)
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client is gone; aiohttp cancels the request in progress."""
        self.gone = True
        self.straight = self.write
        if self.flow is not None:
            self.flow.mute()
        if isinstance(self._onward, Dropped):
            self._onward.end()
        if self._half_closed is not None:
            self._half_closed.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits for the client than the limit."""
        super().pause_writing()
        self.stalled_since = monotonic()
        if self.flow is not None:
            self.flow.hold(held=True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        self.stalled_since = 0.0
        if self.flow is not None:
            self.flow.hold(held=False)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """A body has been read: read on, where reading had stopped; aiohttp would look into its parser each time."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    # -- what an exchange and the sweep call ---------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send bytes to the client, if it is still there: a closed transport raises (uvloop) or warns (asyncio)."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.write(data)

    def break_off(self) -> None:
        """Close so that no reader can take what it has for the whole: what is written goes out, then a reset follows."""
        if self.transport is not None:
            socket_end.reset(self.transport)

    def switch(self, onward: TunnelSink) -> None:
        """From here on the client's bytes are another protocol's, and go `onward`, those first that came too early."""
        self._onward = onward
        tail, self._message_tail = self._message_tail, b""
        if tail:
            onward.take(tail)
        if self._half_closed is not None:
            self._half_closed.stop()
            onward.end()
        if self._buffer_paused and self.transport is not None:
            self._buffer_paused = False
            self.transport.resume_reading()

    def peer_closed(self) -> bool:
        """True when the client has gone while we were not reading, which the event loop cannot see (Linux); whether one that has
        ended its side has gone too is found out from here on, for its whole request may wait to be read.
        """
        transport = self.transport
        if transport is None or transport.is_reading() or self._half_closed or not tcp_info.KNOWN:
            return False
        state = tcp_info.peer(transport.get_extra_info("socket")).state
        if state == tcp_info.PEER_ENDED and self._onward is None:
            self._watch_half_closed(transport)
        return state == tcp_info.CLOSED

    def none_follows(self) -> bool:
        """Whether the request in progress is the `last`."""
        return self.last is not None and self.last is getattr(self._current_request, "message", None)

    def let_none_follow(self) -> None:
        """The answer to the request in progress ends the connection: what the client still sends is read and dropped."""
        self.last = self._declining.last = getattr(self._current_request, "message", None)

    def give_up_body(self) -> None:
        """Stop waiting for the rest of a request body."""
        self.waiting_since = 0.0
        self._break_body(TimeoutError())

    # -- what aiohttp's server asks for --------------------------------------------------------------------------------

    def _tell_unreadable(self, fault: BaseException) -> None:
        """Answer what aiohttp could not read, in our own words: its text may quote the client's bytes."""
        if isinstance(fault, BadHttpMessage):
            self._stats.accepted += 1
            self._stats.finished += 1
            self._stats.refused += 1
            error = refusal(fault, self._unreadable, self._limits.head)
        else:
            _log.error("request_failed", exc_info=fault)
            error = RequestError(500, "internal", "the proxy failed to handle this request")
        self.write(own_answer(error.status, error.body(), keep=False))

    async def start(self) -> None:
        """Answer this connection's requests one after the other in its one task: aiohttp's own makes another task for each."""
        try:
            while not self._force_close:
                if not self._messages:
                    self._waiter = self._loop.create_future()  # by which aiohttp knows that nothing is in progress
                    await self._waiter
                if not await self._turn(*self._next()):
                    break
                self._mind_idleness()
        except asyncio.CancelledError:
            self.force_close()
            raise
        except Exception:  # noqa: BLE001 - a fault of ours ends one connection, and is logged
            _log.exception("connection_failed")
            self.force_close()
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    def _next(self) -> tuple[RawRequestMessage | _ErrInfo, StreamReader]:
        """The next head that was read, or what was wrong with it, and its body to come."""
        self._waiter = None
        message, payload = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        return message, payload

    async def _turn(self, message: RawRequestMessage | _ErrInfo, payload: StreamReader) -> bool:
        """Answer one request; whether the connection may take another."""
        if isinstance(message, _ErrInfo):
            self._tell_unreadable(message.exc)
            await self._linger()
            return False
        request: web.BaseRequest = ClientRequest(message, payload, self)  # type: ignore[assignment] # in its place; `cast` is a call
        self._request_in_progress, self._current_request = True, request
        try:
            answered = await self._handle(request)
        finally:
            self._request_in_progress, self._current_request = False, None
            if self._handler_waiter is not None:
                self._handler_waiter.set_result(None)
        if self._onward is not None:
            return False
        if self._upgraded:
            # Not taken up, as ever: aiohttp reads what came behind it as requests again.
            tail = self._message_tail
            await self.finish_response(request, answered, None)
            if self._messages:
                self._keep_behind(tail)
            elif tail:
                # The beginning of the next head, whose rest has yet to come.
                self._declining.begun += tail
                self.head_since = monotonic()
        whole = payload.is_eof() or await self._swallowed(payload, keep=bool(answered.keep_alive))
        if message is self.last:
            self._messages.clear()
            await self._linger()
        self._keepalive = whole and bool(answered.keep_alive)
        return self._keepalive and not self._close and (self._half_closed is None or bool(self._messages))

    async def _swallowed(self, payload: StreamReader, *, keep: bool) -> bool:
        """Read and forget the rest of a body that is not wanted, for a while, behind the end of the answer: a close with bytes
        unread would reset the connection, and a reset takes the answer from the client (RFC 9112 9.6).
        """
        if not keep:
            socket_end.sending(self.transport)
        with suppress(TimeoutError, ConnectionError, RequestPayloadError):
            async with asyncio.timeout(self._lingering_time):
                while self.connected and not payload.is_eof():
                    await payload.readany()
        return payload.is_eof()

    def _mind_idleness(self) -> None:
        """Let aiohttp close the connection when no request has come for long."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)

    async def _linger(self) -> None:
        """Read and forget for a moment: closing with bytes unread would reset the answer out of the client's hands."""
        self._close = True
        if socket_end.sending(self.transport):
            self._onward = dropped = Dropped()
            await asyncio.wait([dropped.ended], timeout=_LINGER)

    def _requests_are_whole(self) -> bool:
        """True when the bodies of all requests that have come are whole."""
        request = cast("ClientRequest | None", self._current_request)
        bodies = [body for _, body in self._messages]
        return all(body.is_eof() for body in (*bodies, *([] if request is None else [request.content])))

    def _watch_half_closed(self, transport: asyncio.Transport) -> None:
        if self._half_closed is None:
            self._half_closed = HalfCloseWatch(transport, begun=self._answering, probe=self._probe)

    def _answering(self) -> bool:
        return self.flow is not None and self.flow.answering

    def _probe(self) -> bytes:
        request = cast("ClientRequest | None", self._current_request)
        return b"" if request is None or request.head.old else PROBE

    def _refuse_head(self) -> None:
        self.head_since, self._head_bytes = 0.0, 0
        fault = LineTooLong(b"", self._limits.head)
        self._messages.append((_ErrInfo(status=431, exc=fault, message=""), EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break_body(self, error: Exception) -> None:
        request = cast("ClientRequest | None", self._current_request)
        if request is not None and not request.content.is_eof() and request.content.exception() is None:
            request.content.set_exception(error)
