"""One client connection: a protocol of explicit states. Nothing on its common path is a coroutine, a task or a future.

How it reads. A head is read by two readers that must agree (`proxy.client.head_reader`), and is then known by its bytes
(`proxy.client.head_memo`), so that the next request of the same client costs no parser. A body is read by its framing
(`proxy.client.body_framing`), whose end is exact: what comes behind it is the next request, and waits in `_ahead` until the
response is over. One request is answered at a time (RFC 9112 9.3.2).

What each state does with bytes, with the end of the client's side, and at a sweep (once a second; no request has a timer):

| state | bytes | the client's end | sweep |
|---|---|---|---|
| IDLE | a head known by its bytes, else more of a head | close | close after `client_idle` |
| HEAD | more of the head; refused once it can become none | close | abort after `client_head` |
| BODY, CONNECT, EXCHANGE | the body; behind it they wait | gone; behind it: watched | 408 after `idle` without a piece |
| TUNNEL | go onward | goes onward | abort a client that has gone unseen |
| TURN | wait | what has come is answered | |
| DISCARD | dropped until the body is whole | close | close after 10 s |
| LINGER | dropped | close | close after 2 s |
| CLOSED | dropped | | abort after `client_idle`; after 2 s where it was idle |

In each state a client that reads too slowly for longer than `idle` is let go. Nothing is read while more than 64 KiB wait, while
the provider takes no more of an upload, and between two portions of an upload of very many chunks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple, Protocol

from proxy.client.client_request import ClientRequest
from proxy.client.client_state import ClientState
from proxy.client.flow_control import TunnelSink
from proxy.client.half_close import PROBE, HalfCloseWatch
from proxy.client.read_pauses import PauseReason
from proxy.client.request_body import DROPPED, RequestBody
from proxy.client.request_intake import MOST_AHEAD, Listener, RequestIntake
from proxy.errors import RequestError
from proxy.process import socket_end, tcp_info

LINGER_SECONDS, DISCARD_SECONDS = 2.0, 10.0
"""How long a client may still send behind a refusal or the end of a WebSocket, and the rest of a body behind a response: a close
with bytes unread would reset the connection, and a reset takes the response from the client (RFC 9112 9.6).
"""
_IDLE = ClientState.IDLE


class RequestHandler(Protocol):
    """What makes the response to a request."""

    def begin(self, connection: ClientConnection, request: ClientRequest) -> None:
        """Take a request, whose response ends with `connection.finish`."""


class Clients(Listener, Protocol):
    """All client connections of an event loop."""

    @property
    def handler(self) -> RequestHandler:
        """What gets each request."""

    def came(self, connection: ClientConnection, transport: asyncio.Transport) -> None:
        """A client has come."""

    def left(self, connection: ClientConnection) -> None:
        """A client has gone."""


class ClientConnection(RequestIntake):
    """The protocol of one client connection."""

    __slots__ = ("_all_written", "_clients", "_half_closed", "_keep", "_onward")

    def __init__(self, clients: Clients) -> None:
        super().__init__(clients)
        self._clients = clients
        self._keep = False
        """Whether another request may follow behind the body that is dropped."""
        self._onward: TunnelSink | None = None
        self._all_written = False
        """Whether the kernel had all that was written when the connection was closed."""
        self._half_closed: HalfCloseWatch | None = None

    @property
    def gone(self) -> bool:
        """True once the connection has ended."""
        return self.state is ClientState.CLOSED and self.transport is None

    # -- what the event loop calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._since = monotonic()
        self._clients.came(self, self.adopt(transport, self._listener.limits.write_buffer))

    def data_received(self, data: bytes) -> None:
        """The hot path of a request: bytes that begin as the last head did, its body in one piece with it."""
        memo = self._memo
        if memo is not None and self.state is _IDLE and (known := memo.find(data)) is not None:
            self._begin(memo, known[0], data, known[1])
        else:
            _TABLE[self.state].take(self, data)

    def eof_received(self) -> bool:
        """The client has ended its side; true keeps ours, which TLS does not allow."""
        self._ended = True
        return _TABLE[self.state].end(self) and not self._secure

    def connection_lost(self, exc: BaseException | None) -> None:  # noqa: ARG002 - however it was lost
        """The client has gone."""
        self.state, self.transport = ClientState.CLOSED, None
        self.straight = self.write
        if self._half_closed is not None:
            self._half_closed.stop()
        request, self.in_progress = self.in_progress, None
        if request is not None:
            request.left()
        self._memo = self._body = self._request = self._onward = None
        self._clients.left(self)

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        if self.state is ClientState.TURN:
            asyncio.get_running_loop().call_soon(self._turn)

    # -- what the request in progress calls ----------------------------------------------------------------------------

    def switch(self, onward: TunnelSink) -> None:
        """From here on the client's bytes are another protocol's, and go `onward`, those first that came too early."""
        self.state, self._onward = ClientState.TUNNEL, onward
        ahead, self._ahead = self._ahead, b""
        # Before they are sent on: that may pause the client again, until the provider takes more.
        self.resume(PauseReason.AHEAD)
        if ahead:
            onward.take(ahead)
        if self._half_closed is not None:
            self._half_closed.stop()
            onward.end()

    def finish(self, *, keep: bool, refused: bool = False) -> None:
        """The response is over; `keep` is whether another request may follow, `refused` that it was refused and none can."""
        self.in_progress = self._request = None
        self.waiting_since = 0.0
        body = self._body
        if self.state is ClientState.CLOSED:
            return
        if refused and (body is None or body.whole or body.broken):
            self._linger()
        elif body is not None and not body.whole:
            self._discard(body, keep=keep)
        else:
            self._next(keep=keep)

    # -- what the listener calls ---------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Close what has kept the proxy waiting for too long."""
        if self.stalled_since and now - self.stalled_since > self._listener.timeouts.idle:
            self.abort()
        elif self.transport is not None:
            _TABLE[self.state].sweep(self, now)

    def close_idle(self, *, answered: bool = False) -> None:
        """Close, where no request is in progress; where one is `answered` too, whatever its client still sends."""
        if self.state in {_IDLE, ClientState.HEAD} or (answered and not self.state.answering):
            self._close()

    def stop(self) -> None:
        """Close at once: the process is going."""
        request, self.in_progress = self.in_progress, None
        if request is not None:
            request.left(stopped=True)
        self.abort()

    # -- what its halves ask for ---------------------------------------------------------------------------------------

    def _start(self, request: ClientRequest) -> None:
        """Have a request answered whose head is complete."""
        if self._ended or self._half_closed is not None:
            self._watch_again(request)
        self._clients.handler.begin(self, request)

    # -- bytes that are no request's -----------------------------------------------------------------------------------

    def take_onward(self, data: bytes) -> None:
        """Bytes of another protocol."""
        if self._onward is not None:
            self._onward.take(data)

    def take_dropped(self, data: bytes) -> None:
        """The rest of a body that is not wanted."""
        body = self._body
        if body is not None:
            self._feed(body, data)
            if body.whole or body.broken:
                self._next(keep=self._keep and body.whole)

    def take_nothing(self, data: bytes) -> None:
        """Keep nothing."""

    # -- the client's end ----------------------------------------------------------------------------------------------

    def end_idle(self) -> bool:
        """Nothing is answered: the connection closes."""
        self._close()
        return False

    def end_request(self) -> bool:
        """Behind a whole request it may wait for its response, in the middle of one it is gone."""
        body = self._body
        if body is not None and (body.portioned or body.broken):
            return True  # seen again behind what is still to be read, or behind the refusal of what is broken
        if not tcp_info.KNOWN or (body is not None and not body.whole):
            self.abort()
            return False
        self._watch_half_closed()
        return True

    def end_onward(self) -> bool:
        """The end of another protocol's bytes."""
        if self._onward is not None:
            self._onward.end()
        return True

    def end_kept(self) -> bool:
        """What has come is still answered."""
        return True

    def _watch_half_closed(self) -> None:
        if self._half_closed is None and self.transport is not None:
            self._half_closed = HalfCloseWatch(self.transport, begun=self._answering, probe=self._probe)

    def _watch_again(self, request: ClientRequest) -> None:
        """Watch the client that has ended its side for this request too: that it read the last response is of no account now."""
        if self._half_closed is not None:
            self._half_closed.stop()
            self._half_closed = None
        if tcp_info.KNOWN and not request.unread:
            self._watch_half_closed()

    def _answering(self) -> bool:
        return self.in_progress is not None and self.in_progress.answering

    def _probe(self) -> bytes:
        return b"" if self._request is None or self._request.head.old else PROBE

    # -- time ----------------------------------------------------------------------------------------------------------

    def sweep_idle(self, now: float) -> None:
        """Close a connection without a request."""
        if now - self._since > self._listener.timeouts.client_idle:
            self._close()

    def sweep_head(self, now: float) -> None:
        """Give up a head that comes too slowly."""
        if now - self.head_since > self._listener.timeouts.client_head:
            self.abort()

    def sweep_request(self, now: float) -> None:
        """Give up a body of which nothing comes, and a client that has gone while nothing was read, which no event loop
        detects.
        """
        if self.waiting_since and now - self.waiting_since > self._listener.timeouts.idle and self._body is not None:
            self._body.fail(RequestError(408, "body_timeout", "the rest of the request body did not arrive"))
        elif self.transport is not None and not self.transport.is_reading() and not self._half_closed and tcp_info.KNOWN:
            # Not by `paused`: a WebSocket pauses its client by itself.
            state = tcp_info.peer(self.transport.get_extra_info("socket")).state
            if state == tcp_info.CLOSED:
                self.abort()
            elif state == tcp_info.PEER_ENDED and self._onward is None:
                # Whether it has gone too is found out from here on, for its whole request may wait to be read.
                self._watch_half_closed()

    def sweep_dropped(self, now: float) -> None:
        """Close, though the client still sends."""
        if now - self._since > (DISCARD_SECONDS if self.state is ClientState.DISCARD else LINGER_SECONDS):
            self._close()

    def sweep_closed(self, now: float) -> None:
        """Give up what the client does not read of the last response, and the end that it does not answer with its own (TLS)."""
        arrived = self._all_written and self.transport is not None and socket_end.arrived(self.transport)
        if now - self._since > (LINGER_SECONDS if arrived else self._listener.timeouts.client_idle):
            self.abort()

    def sweep_nothing(self, now: float) -> None:
        """No limit."""

    # -- behind a response ---------------------------------------------------------------------------------------------

    def _next(self, *, keep: bool) -> None:
        """The request is read to its end: another one follows, or none."""
        self._body = None
        self._begun.skipped = 0
        if self._ended and not self._ahead:
            self._close()
        elif not keep:
            self._linger()
        elif self._ahead:
            self.state = ClientState.TURN
            asyncio.get_running_loop().call_soon(self._turn)
        else:
            self.state = _IDLE
            self._since = monotonic()

    def _turn(self) -> None:
        """Take up the next request, which has come already; never behind a client that does not keep up with its responses."""
        if self.state is not ClientState.TURN or self.writing_paused:
            return
        ahead, self._ahead = self._ahead, b""
        self.state = _IDLE
        self.take_again(ahead)
        if len(self._ahead) <= MOST_AHEAD:
            self.resume(PauseReason.AHEAD)

    def _discard(self, body: RequestBody, *, keep: bool) -> None:
        """Read and drop the rest of a body that is not wanted, behind the end of the response."""
        self.state, self._since, self._keep = ClientState.DISCARD, monotonic(), keep
        body.attach(DROPPED)
        if not keep:
            socket_end.sending(self.transport)
        self.resume_body()
        if self._ended:
            self._close()

    def _linger(self) -> None:
        """End our side, and read and drop for a moment behind the last response: the client may have sent more already."""
        self.state, self._since = ClientState.LINGER, monotonic()
        self._body, self._ahead = None, b""
        if self._ended or not socket_end.sending(self.transport):
            self._close()
        elif self._pauses is not None:
            self._pauses.clear()

    def _close(self) -> None:
        """Close behind what is still to be written, which a transport of TLS no longer counts once it closes."""
        idle = self.state is _IDLE
        self.state, self._since = ClientState.CLOSED, monotonic()
        if self.transport is not None:
            self._all_written = idle and not self.transport.get_write_buffer_size()
            self.transport.close()


class _Row(NamedTuple):
    """What a state does with bytes, with the client's end (true keeps our side), and at a sweep."""

    take: Callable[[ClientConnection, bytes], None]
    end: Callable[[ClientConnection], bool]
    sweep: Callable[[ClientConnection, float], None]


_REQUEST = _Row(ClientConnection.take_body, ClientConnection.end_request, ClientConnection.sweep_request)
_TABLE = {
    ClientState.IDLE: _Row(ClientConnection.take_head, ClientConnection.end_idle, ClientConnection.sweep_idle),
    ClientState.HEAD: _Row(ClientConnection.take_head, ClientConnection.end_idle, ClientConnection.sweep_head),
    ClientState.BODY: _REQUEST,
    ClientState.CONNECT: _REQUEST,
    ClientState.EXCHANGE: _REQUEST,
    ClientState.TUNNEL: _Row(ClientConnection.take_onward, ClientConnection.end_onward, ClientConnection.sweep_request),
    ClientState.TURN: _Row(ClientConnection.take_ahead, ClientConnection.end_kept, ClientConnection.sweep_nothing),
    ClientState.DISCARD: _Row(ClientConnection.take_dropped, ClientConnection.end_idle, ClientConnection.sweep_dropped),
    ClientState.LINGER: _Row(ClientConnection.take_nothing, ClientConnection.end_idle, ClientConnection.sweep_dropped),
    ClientState.CLOSED: _Row(ClientConnection.take_nothing, ClientConnection.end_idle, ClientConnection.sweep_closed),
}
