"""LiveRequest: one request from its head to its record. What need not wait is done in the call that brought the bytes for it.

A request whose body has come and whose provider has a connection ready is sent in the call that brought its last byte, and
ends in the call with the last byte of its response: no coroutine runs for it. One that waits runs in a task until it is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.client.body_beginning import in_turns
from proxy.client.client_connection import ClientConnection
from proxy.client.client_request import ClientRequest
from proxy.client.client_state import ClientState
from proxy.client.response_writer import ResponseWriter
from proxy.client.step_log import HeadLog, log_step
from proxy.client.upload import Upload
from proxy.errors import ProxyError, RequestError, UpstreamError
from proxy.exchange import Failure, FailureKind
from proxy.forwarding.request_preparation import PreparedRequest, RequestPreparation
from proxy.record.capture import Capture
from proxy.routing.body_peek import AT_ONCE, peek, peeking
from proxy.routing_config import RoutingConfig
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.upstream_client import UpstreamClient
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.upstream.websocket_tunnel import WebSocketTunnel
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import Limits

_log = logging.getLogger("sameweights.proxy")
_FAULT = Failure(kind=FailureKind.INTERNAL, detail="a fault of the proxy", after_head=False)
_BEHIND = 1.0
"""Seconds in which the framing behind the last event of a stream may come after the client has left."""


class Forwarding(Protocol):
    """What the requests of one event loop share."""

    draining: bool
    websockets: int
    steps: bool

    @property
    def routing(self) -> RoutingConfig:
        """Where requests go that begin now."""

    @property
    def limits(self) -> Limits:
        """The limits of sizes."""

    @property
    def upstream(self) -> UpstreamClient:
        """The connections to providers."""

    @property
    def stats(self) -> WorkerStats:
        """The counters."""

    def over(self, live: LiveRequest, failure: Failure | None, now: float) -> None:
        """Count a request that is over, and record it."""


class LiveRequest(RequestPreparation):
    """One request in progress."""

    __slots__ = (
        *("_answer", "_departure", "_link", "_prepared", "_recording", "_retried", "_shared", "_task", "_timer"),
        *("_tunnel", "_upload"),
        *("ended", "writer"),
    )

    def __init__(self, shared: Forwarding, connection: ClientConnection, request: ClientRequest, capture: Capture) -> None:
        super().__init__(request, connection, capture, shared.routing, shared.limits)
        self._shared = shared
        self.writer = ResponseWriter(request, connection, keep=request.head.keeps and not shared.draining)
        self._prepared: PreparedRequest | None = None
        self._task: asyncio.Task[None] | None = None
        self._link: UpstreamConnection | None = None
        self._answer: ResponseReader | None = None
        self._upload: Upload | None = None
        self._tunnel: WebSocketTunnel | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._departure: Failure | None = None
        """That the client has left, while the rest of its response is read."""
        self._recording: asyncio.Task[None] | None = None
        self._retried = False
        self.ended = False
        """True once it is over for its client."""

    def __repr__(self) -> str:
        return f"<LiveRequest {self.request!r} over {self._link!r} {self._answer!r} ended={self.ended}>"

    def start(self) -> None:
        """Take the request as far as it goes without waiting."""
        self.connection.in_progress = self
        try:
            self._start()
        except ProxyError as error:
            self._refuse(error)
        except Exception:  # noqa: BLE001 - a fault of ours is logged, and the client still answered
            self._fail()

    # -- what the client's connection calls ----------------------------------------------------------------------------

    @property
    def answering(self) -> bool:
        """True once the head of the response has come."""
        return self._link is not None and self._link.answering

    def hold(self, *, held: bool) -> None:
        """The client reads too slowly, or again."""
        if self._link is not None:
            self._link.hold(held=held)

    def left(self, *, stopped: bool = False) -> None:
        """The client has gone, or the process is `stopped`: the provider's connection is closed, or read to the end of a stream
        whose last event has come, so that it can be kept (many clients close there).
        """
        departure = self._departed(stopped=stopped)
        if self._task is not None:
            self._task.cancel()
        if self._upload is not None:
            self._upload.stop()
        link = self._link
        if link is None:
            self._end(departure)
            return
        link.mute()
        if not stopped and self.capture.ended:
            self._departure = departure
            self._timer = asyncio.get_running_loop().call_later(_BEHIND, self._give_up)
            link.hold(held=False)
        else:
            self._release()
            self._end(departure)

    def uploaded(self) -> None:
        """The body is whole at the provider."""
        self.uploading = False

    def upload_failed(self, error: RequestError) -> None:
        """The body broke, or did not come: the request must never look whole to its provider."""
        if self._upload is not None:
            self._upload.stop()
        link, self._link = self._link, None
        if link is not None:
            link.fail(FailureKind.REFUSED, str(error))
        self._refuse(error)

    # -- until it is sent ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        memo = self.request.memo
        if memo.fault is not None or memo.head.authority:
            self._check(memo.fault)
        if self.routing.tenants is not None:
            self.check_tenant(self.routing.tenants)
        if memo.head.websocket:
            self._run(self._open_websocket)
            return
        prepared = self.at_once()
        if prepared is None:
            self._run(self._prepare)
        else:
            self._go(prepared)

    def _check(self, fault: RequestError | None) -> None:
        """Refuse a request whatever its body and its route."""
        # What could be read in two ways ends its connection: where the next request would begin is not known.
        keep, self.writer.keep = self.writer.keep, False
        if fault is not None:
            raise fault
        self.check_authority()
        self.writer.keep = keep

    def _go(self, prepared: PreparedRequest) -> None:
        """Send the request over a connection that is ready, or make one."""
        self._routed(prepared)
        link = self._shared.upstream.ready(prepared.origin)
        if link is None:
            self.connection.state = ClientState.CONNECT
            self._run(self._connect)
        else:
            self._exchange(link, prepared)

    def _routed(self, prepared: PreparedRequest) -> None:
        self._prepared = prepared
        if self._shared.steps:
            route = prepared.route
            log_step("request_routed", self.capture, route=route.route, provider=route.provider, reference=route.reference)

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._guarded(work))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work that waits; a client that leaves cancels it, and ends the request itself."""
        try:
            await work()
        except ProxyError as error:
            self._refuse(error)
        except Exception:  # noqa: BLE001 - a fault of ours is logged, and the client still answered
            self._fail()
        finally:
            self._task = None

    async def _prepare(self) -> None:
        prepared = await self.prepared()
        self._routed(prepared)
        link = self._shared.upstream.ready(prepared.origin) or await self._open(prepared)
        self._exchange(link, prepared)

    async def _connect(self) -> None:
        prepared = self._prepared
        if prepared is not None:
            self._exchange(await self._open(prepared), prepared)

    async def _open(self, prepared: PreparedRequest) -> UpstreamConnection:
        self.connection.state = ClientState.CONNECT
        asked = monotonic()
        try:
            return await self._shared.upstream.open(prepared.origin)
        except UpstreamError as error:
            raise UpstreamError(error.kind, error.detail, prepared.route.provider) from None
        finally:
            self.wait_seconds += monotonic() - asked

    async def _open_websocket(self) -> None:
        """Open a WebSocket at the provider and carry it until either side ends it; a provider that opens none has answered."""
        limit = self.limits.websockets
        if limit and self._shared.websockets >= limit:
            raise RequestError(503, "too_many_websockets", f"{limit} WebSockets are open, which is the limit")
        prepared = self.websocket()
        self._routed(prepared)
        self._shared.websockets += 1
        try:
            link = await self._open(prepared)
        except BaseException:
            self._shared.websockets -= 1
            raise
        transport = self.connection.transport
        if transport is None:
            self._shared.websockets -= 1
            link.close()
            return
        self._tunnel = self.writer.onward = WebSocketTunnel(link, transport, self.capture)
        if self._shared.steps:
            log_step("websocket_begun", self.capture, connection=repr(link), open=self._shared.websockets)
        self._exchange(link, prepared, switch=b"websocket")

    # -- the exchange --------------------------------------------------------------------------------------------------

    def _exchange(self, link: UpstreamConnection, prepared: PreparedRequest, switch: bytes = b"") -> None:
        """Send the request: what comes goes from transport to transport, and `_answered` is called when the response is over."""
        body = self.request.body
        if body is not None and body.fault is not None:
            link.close()
            raise body.fault
        self.connection.state = ClientState.EXCHANGE
        self._link = link
        reader = HeadLog(self.writer, self.capture) if self._shared.steps else self.writer
        method = self.request.head.method
        answer = ResponseReader(method=method, limit=self.limits.head, capture=self.capture, reader=reader, switch=switch)
        self._answer = answer
        self.capture.sent(monotonic(), self.wait_seconds)
        link.begin(answer, self._answered)
        if self._link is not link:
            return  # it was lost just now, and that has been seen to
        if self._shared.steps:
            size = len(prepared.head) + len(prepared.body)
            log_step("request_sent", self.capture, provider=prepared.route.provider, connection=repr(link), bytes=size)
        link.send(prepared.head, prepared.body, last=not self.uploading)
        if self.connection.stalled_since:
            link.hold(held=True)
        if self.uploading or self._upload is not None:
            self._send_rest(link)

    def _send_rest(self, link: UpstreamConnection) -> None:
        """Send what comes of the body as it comes."""
        if self._upload is None:
            kept = self.limits.peek_body
            self._upload = Upload(self.request, self.connection, self.capture, self, kept=kept)
        self._upload.begin(link)

    def _answered(self) -> None:
        """The response is over, well or badly."""
        try:
            self._conclude()
        except ProxyError as error:
            self._refuse(error)
        except Exception:  # noqa: BLE001 - a fault of ours is logged, and the client still answered
            self._fail()

    def _conclude(self) -> None:
        link, answer, prepared = self._link, self._answer, self._prepared
        if link is None or answer is None or prepared is None:
            return  # given up before
        if self._upload is not None:
            self._upload.stop()
        self._release()
        failure = answer.failure
        if failure is None or self._departure is not None:
            self._end(self._departure)
        elif link.replaceable(answer) and self._repeatable:
            self._retried = True
            self._run(self._connect)
        elif not self.writer.begun:
            raise UpstreamError(failure.kind, failure.detail, prepared.route.provider)
        else:
            self.writer.break_off()
            self._end(failure)

    @property
    def _repeatable(self) -> bool:
        """True where the request may go out once more (ADR 0009): it has not yet, and what was sent of it is kept."""
        return not self._retried and (self._upload is None or self._upload.repeatable)

    def _release(self) -> None:
        """Give the provider's connection back."""
        link, self._link = self._link, None
        if link is not None and self._answer is not None:
            self._shared.upstream.release(link, self._answer)

    def _give_up(self) -> None:
        """The framing behind the last event did not come."""
        self._release()
        self._end(self._departure)

    # -- its end -------------------------------------------------------------------------------------------------------

    def _fail(self) -> None:
        """A fault of the proxy; called where it is caught."""
        _log.exception("request_failed", extra={"exchange": self.capture.identity})
        self._release()
        self._refuse(RequestError(500, "internal", "the proxy failed to handle this request"), _FAULT)

    def _refuse(self, error: ProxyError, failure: Failure | None = None) -> None:
        """Give the client, as far as that is still possible, the reason for which its request ends here."""
        if self.ended:
            return
        self._shared.stats.refused += 1
        after_head = self.writer.begun
        if after_head:
            self.writer.break_off()
        else:
            self.writer.refuse(error)
        kind, detail = (error.kind, error.detail) if isinstance(error, UpstreamError) else (FailureKind.REFUSED, str(error))
        self._end(failure or Failure(kind=kind, detail=detail, after_head=after_head), refused=not after_head)

    def _departed(self, *, stopped: bool) -> Failure:
        """Why a request ended without its client: it left, or the process is stopping."""
        where = "in the middle of its answer" if self.writer.begun else "before an answer began"
        if stopped:
            return Failure(kind=FailureKind.STOPPED, detail=where, after_head=self.writer.begun)
        detail = "it read nothing for too long" if self.connection.stalled_since else f"it left {where}"
        return Failure(kind=FailureKind.CLIENT_GONE, detail=detail, after_head=self.writer.begun)

    def _end(self, failure: Failure | None, *, refused: bool = False) -> None:
        """The request is over: it is recorded, and its client's connection goes on."""
        if self.ended:
            return
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._tunnel is not None:
            self._tunnel.close()
            self._shared.websockets -= 1
            if self._shared.steps:
                log_step("websocket_ended", self.capture, sent=self.capture.request_size, received=self.capture.size)
        try:
            self._record(failure, monotonic())
        finally:  # a fault in the record must not keep the client's connection
            keep = self.writer.keep and not self._shared.draining
            self.connection.finish(keep=keep, refused=refused and not keep)

    def _record(self, failure: Failure | None, now: float) -> None:
        asked = b""
        try:
            if self._upload is not None:
                asked = self.request.head.looked_at(self.capture.asked(self.limits.peek_body))
            if 0 < len(asked) <= AT_ONCE:
                self.capture.tell(peek(asked))
        finally:  # a fault in it must not keep the request in flight
            if len(asked) > AT_ONCE:
                self._recording = asyncio.get_running_loop().create_task(self._record_later(asked, failure, now))
            else:
                self._shared.over(self, failure, now)

    async def _record_later(self, asked: bytes, failure: Failure | None, now: float) -> None:
        """Record a long upload once its model has been found, in steps between which the event loop serves the streams."""
        try:
            self.capture.tell(await in_turns(peeking(asked)))
        finally:
            self._shared.over(self, failure, now)
