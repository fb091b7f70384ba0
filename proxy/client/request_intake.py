"""Makes requests of the bytes of one client: heads, bodies, and what comes behind them before its turn."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.client.body_framing import ChunkedBody, LengthBody
from proxy.client.client_request import ClientRequest, own_answer
from proxy.client.client_state import ClientState
from proxy.client.client_transport import ClientTransport
from proxy.client.head_buffer import HeadBuffer
from proxy.client.head_memo import HeadMemo
from proxy.client.read_pauses import PauseReason
from proxy.client.request_body import RequestBody
from proxy.errors import RequestError
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import Limits, Timeouts

MOST_AHEAD = 64 * 1024
"""Bytes of pipelined requests that wait before the client is paused."""


class Listener(Protocol):
    """What all connections of an event loop share."""

    @property
    def limits(self) -> Limits:
        """The limits of sizes."""

    @property
    def timeouts(self) -> Timeouts:
        """The limits of time."""

    @property
    def stats(self) -> WorkerStats:
        """The counters."""


class RequestIntake(ClientTransport):
    """The reading half of a client connection: which bytes are a request's."""

    __slots__ = (
        *("_ahead", "_begun", "_body", "_ended", "_listener", "_memo", "_request", "_since"),
        *("head_since", "state", "waiting_since"),
    )

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener
        self.state = ClientState.IDLE
        self._since = 0.0
        """Since when the state is what it is, where that is limited."""
        self._memo: HeadMemo | None = None
        self._begun = HeadBuffer(listener.limits.head)
        self._request: ClientRequest | None = None
        self._body: RequestBody | None = None
        """The body of the request in progress, where it did not come with its head."""
        self._ahead = b""
        """What has come behind the request in progress."""
        self._ended = False
        """True when the client has ended its side."""
        self.head_since = 0.0
        """When the first byte of an unfinished head came; 0.0 when there is none."""
        self.waiting_since = 0.0
        """Since when the rest of a request body is awaited; 0.0 when it is not."""

    def __repr__(self) -> str:
        ahead, paused, stalled = len(self._ahead), self.paused, self.writing_paused
        return f"<{type(self).__name__} {self.state.value} ahead={ahead} paused={paused} stalled={stalled}>"

    def eof_received(self) -> bool:
        """The client has ended its side; true keeps ours."""
        raise NotImplementedError

    def _start(self, request: ClientRequest) -> None:
        """Have a request answered whose head is complete."""
        raise NotImplementedError

    def _linger(self) -> None:
        """Read and drop for a moment behind a refusal."""
        raise NotImplementedError

    def _close(self) -> None:
        """Close behind what is still to be written."""
        raise NotImplementedError

    def pause_body(self) -> None:
        """Read no more of a body for now."""
        self.pause(PauseReason.BODY)

    def resume_body(self) -> None:
        """Read on."""
        if self.paused_for(PauseReason.BODY):
            self.resume(PauseReason.BODY)
            if self.paused_for(PauseReason.PORTION):
                asyncio.get_running_loop().call_soon(self._feed_on, self._body)

    def take_head(self, data: bytes) -> None:
        """Bytes of a head that is not known by its bytes, or comes in pieces."""
        try:
            come = self._begun.take(data)
            if come is None:
                self._await_head()
                return
            whole, end = come
            memo = self._memo
            if memo is None or (known := memo.find(whole)) is None:
                memo = HeadMemo(whole[:end])
                known = memo.length, end
        except RequestError as error:
            self._refuse(error)
            return
        self.head_since = 0.0
        self._memo = memo if memo.worth_keeping else None
        self._begin(memo, known[0], whole, known[1])

    def _await_head(self) -> None:
        if self._ended:
            self._close()
        elif self._begun:
            self.state = ClientState.HEAD
            self.head_since = self.head_since or monotonic()
        else:
            self.state = ClientState.IDLE
            self.head_since = 0.0

    def _refuse(self, error: RequestError) -> None:
        """Answer bytes that are no request: they are counted, and recorded nowhere."""
        stats = self._listener.stats
        stats.accepted += 1
        stats.finished += 1
        stats.refused += 1
        self._begun.clear()
        self.write(own_answer(error.status, error.body(), keep=False))
        self._linger()

    def _begin(self, memo: HeadMemo, length: int | None, data: bytes, at: int) -> None:
        """A head is complete; what follows it in `data` begins at `at`."""
        self.state = ClientState.BODY
        request = self._request = ClientRequest(memo, length, monotonic())
        end = at + (length or 0)
        if memo.fault is None and (memo.head.chunked or len(data) < end):
            self._begin_body(request, data[at:])
        else:
            request.whole = data[at:end]
            if len(data) > end:
                self._ahead = data[end:] + self._ahead
        self._start(request)

    def _begin_body(self, request: ClientRequest, data: bytes) -> None:
        """The body is not whole, or where it ends is to be found."""
        framing = ChunkedBody() if request.head.chunked else LengthBody(request.length or 0)
        self._body = request.body = RequestBody(framing, self)
        self._feed(self._body, data)
        if self._ended and request.unread and not request.body.portioned and not request.body.broken:
            self.abort()

    def take_body(self, data: bytes) -> None:
        """Bytes while a request is in progress: its body's, or behind it those of the next one."""
        body = self._body
        if body is None or body.whole:
            self.take_ahead(data)
        else:
            self._feed(body, data)

    def _feed(self, body: RequestBody, data: bytes) -> None:
        """The next bytes of the body; very many chunks are read in portions, between which the event loop serves others."""
        body.feed(data)
        if body.whole:
            self._ahead = body.rest() + self._ahead
        elif body.portioned and not self.paused_for(PauseReason.PORTION):
            self.pause(PauseReason.PORTION)
            asyncio.get_running_loop().call_soon(self._feed_on, body)

    def _feed_on(self, body: RequestBody | None) -> None:
        """The next portion of what has come, unless it waits for its reader; the client's end is seen behind it."""
        if body is None or body is not self._body or self.paused_for(PauseReason.BODY):
            return
        self.resume(PauseReason.PORTION)
        self.take_again(b"")
        if self._ended and self.transport is not None:
            self.eof_received()

    def take_again(self, data: bytes) -> None:
        """Bytes that have waited; a fault closes the connection, as the loop does for a fault in `data_received`."""
        try:
            self.data_received(data)
        except BaseException:
            self.abort()
            raise

    def take_ahead(self, data: bytes) -> None:
        """Bytes behind the request in progress."""
        self._ahead += data
        if len(self._ahead) > MOST_AHEAD:
            self.pause(PauseReason.AHEAD)
