"""Handles one live request: receives, routes, forwards, answers and records it. Nothing here waits for the audit."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from time import monotonic, time

from aiohttp import web

from proxy.client.body_beginning import BodyReader, in_turns
from proxy.client.client_connection import ClientConnection
from proxy.client.client_request import AlreadyAnswered, ClientRequest
from proxy.client.response_writer import ResponseWriter
from proxy.client.step_log import HeadLog, log_step, steps_are_logged
from proxy.client.upload import Upload
from proxy.errors import ProxyError, RequestError, UpstreamError
from proxy.exchange import Failure, FailureKind, Labels, Role
from proxy.exchange_ids import new_id
from proxy.provider_config import Limits
from proxy.record.capture import Capture
from proxy.record.held_bodies import HeldBytes
from proxy.record.record_completion import RecordCompletion
from proxy.routing.body_peek import AT_ONCE, PeekedBody, peek, peeking, query_model, renamed_query, renaming
from proxy.routing.model_scan import ModelScan
from proxy.routing.provider_origin import ProviderOrigin
from proxy.routing.request_fitting import RequestFitting, fit_in_steps, fit_target
from proxy.routing.routing_table import UNROUTED, RouteMatch
from proxy.routing_config import RoutingConfig
from proxy.sink import Sink
from proxy.upstream.response_head import framed
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.upstream_client import UpstreamClient
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.upstream.websocket_tunnel import WebSocketTunnel
from proxy.worker_stats import WorkerStats

_log = logging.getLogger("sameweights.proxy")
_FAULT = Failure(kind=FailureKind.INTERNAL, detail="a fault of the proxy", after_head=False)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BEHIND = 1.0
"""Seconds in which the framing behind the last event of a stream may come after the client has left."""


@dataclass(slots=True)
class LiveRequest:
    """One request in progress: the request, its client's connection, the writer of its response, and its record."""

    request: ClientRequest
    connection: ClientConnection
    writer: ResponseWriter
    capture: Capture
    routing: RoutingConfig
    scan: ModelScan | None = None
    """What was read of a body longer than `peek_body`, where its route depends on its model."""
    wait_seconds: float = 0.0
    """Seconds spent waiting for the client's body, or for a connection to the provider."""


class Forward:
    """The handler of the data port; `routing` may be replaced while requests run: each keeps the one that it began with."""

    def __init__(
        self, limits: Limits, routing: RoutingConfig, *, upstream: UpstreamClient, sink: Sink, stats: WorkerStats
    ) -> None:
        self._limits = limits
        self.routing = routing
        self._upstream = upstream
        self._records = RecordCompletion(sink, stats, limits.handover)
        self.held = HeldBytes(limits.audit_held, lambda: self._records.waiting)
        self._stats = stats
        self._kept = AlreadyAnswered(keep=True)
        self._closed = AlreadyAnswered(keep=False)
        self._websockets = 0
        self._steps = steps_are_logged()
        """Whether the steps of each request are logged."""
        self.draining = False
        """True when the process is going: no connection is kept for another request."""
        self.quiet = asyncio.Event()
        """Set while no request is in progress."""
        self.quiet.set()

    def __repr__(self) -> str:
        return f"<Forward in_flight={self._stats.in_flight} websockets={self._websockets} draining={self.draining}>"

    async def handle(self, request: ClientRequest) -> web.StreamResponse:
        """Answer one request; only the cancellation of a client that left is raised."""
        connection: ClientConnection = request.client  # type: ignore[assignment] # as each is; `cast` would be a call
        writer = ResponseWriter(request, connection)
        writer.keep = writer.keep and not self.draining and request.message is not connection.last
        if request.head.health and not request.head.control.provider:
            writer.healthy()
            return self._kept if writer.keep else self._closed
        capture = self._capture(request)
        failure: Failure | None = _FAULT
        self._stats.accepted += 1
        if not self._stats.in_flight:
            self.quiet.clear()
        self._stats.in_flight += 1
        if self._steps:
            head = request.head
            log_step("request_received", capture, method=head.method, target=head.recorded_target, length=request.length)
        try:
            failure = await self._answer(LiveRequest(request, connection, writer, capture, self.routing))
        except ProxyError as error:
            failure = self._refuse(error, writer)
        except asyncio.CancelledError:
            failure = _left(connection, writer)
            raise
        except ConnectionError:
            # Seen here before aiohttp's cancellation arrives: the same leaving, told twice.
            failure = _left(connection, writer)
        except Exception:  # noqa: BLE001 - a fault of ours is logged, and the client still told
            _log.exception("request_failed", extra={"exchange": capture.identity})
            self._refuse(RequestError(500, "internal", "the proxy failed to handle this request"), writer)
        finally:
            self._end(request, capture, failure)
        return self._kept if writer.keep and not self.draining else self._closed

    async def _answer(self, live: LiveRequest) -> Failure | None:
        """Forward the request, and wait until its answer is over; what broke after the client saw a status is returned."""
        request, writer = live.request, live.writer
        # What could be read in two ways ends its connection: nobody knows where the next request would begin.
        keep, writer.keep = writer.keep, False
        head = request.head
        if not request.memo.checked:
            request.memo.check(self._limits.head)
        if head.authority:
            _check_authority(live)
        writer.keep = keep
        if head.websocket:
            return await self._websocket(live)
        body = request.here(self._limits.peek_body)
        if body is None:
            body = await self._first_of_body(live)
        else:
            live.capture.ask(body)
        leg, first, body = await self._choose(live, body)
        if self._steps:
            log_step("request_routed", live.capture, route=leg.route, provider=leg.provider, reference=leg.reference)
        length = None if request.length is None else request.length + len(first) - len(body)
        message = self._head(live, leg, length)
        message += framed(first, chunked=True, last=not writer.uploading) if head.chunked else first
        origin = live.routing.origins[leg.provider]
        uploading = writer.uploading
        for fresh in (False, True):
            link = (None if fresh else self._upstream.ready(origin)) or await self._open(live, origin, leg.provider)
            live.capture.sent(monotonic(), live.wait_seconds)
            if self._steps:
                log_step("request_sent", live.capture, provider=leg.provider, connection=repr(link), bytes=len(message))
            reader = HeadLog(writer, live.capture) if self._steps else writer
            answer = ResponseReader(method=head.method, limit=self._limits.head, capture=live.capture, reader=reader)
            await self._exchange(live, link, answer, message)
            if answer.failure is None:
                return None
            if uploading or not link.replaceable(answer):
                break
        return _outcome(answer, writer, leg.provider)

    async def _websocket(self, live: LiveRequest) -> Failure | None:
        """Open a WebSocket at the provider and carry it until either side ends it; a provider that opens none has answered."""
        limits, writer = self._limits, live.writer
        if limits.websockets and self._websockets >= limits.websockets:
            raise RequestError(503, "too_many_websockets", f"{limits.websockets} WebSockets are open, and no more are let in")
        transport = live.connection.transport
        if transport is None:
            raise ConnectionResetError
        self._websockets += 1
        try:
            leg = self._choose_for_websocket(live)
            link = await self._open(live, live.routing.origins[leg.provider], leg.provider)
            writer.onward = tunnel = WebSocketTunnel(link, transport, live.capture)
            live.capture.sent(monotonic(), live.wait_seconds)
            answer = ResponseReader(method="GET", limit=limits.head, capture=live.capture, reader=writer, switch=b"websocket")
            await self._exchange(live, link, answer, self._head(live, leg, live.request.length))
            tunnel.close()
        finally:
            self._websockets -= 1
        return _outcome(answer, writer, leg.provider)

    async def _exchange(self, live: LiveRequest, connection: UpstreamConnection, answer: ResponseReader, message: bytes) -> None:
        """Send the request, and sleep until the answer is over: what comes meanwhile goes from transport to transport."""
        writer, door = live.writer, live.connection
        door.flow = connection
        done = connection.serve(answer)
        upload: Upload | None = None
        sending: asyncio.Task[None] | None = None
        try:
            connection.send(message, last=not writer.uploading)
            if door.writing_paused:
                connection.hold(held=True)
            if writer.uploading:
                upload = Upload(live.request, connection, live.capture, writer.uploaded)
                sending = asyncio.create_task(upload.run())
            await done
        except asyncio.CancelledError:
            if door.gone and live.capture.ended:
                # As many clients do: with the framing behind the last event, the connection can be kept.
                await connection.read_on(_BEHIND)
            raise
        finally:
            if sending is not None:
                await _stopped(sending)
            door.flow = None
            self._upstream.release(connection, answer)
            if sending is not None:
                asked = live.request.head.looked_at(live.capture.asked(self._limits.peek_body))
                live.capture.tell(await in_turns(peeking(asked)))
        if upload is not None and upload.fault is not None:
            raise upload.fault

    async def _first_of_body(self, live: LiveRequest) -> bytes:
        """As much of a body yet to come as must be known to choose its route; `writer.uploading` is true if there is more."""
        request, writer = live.request, live.writer
        asked = monotonic()
        settled = live.routing.table.indifferent(provider_header=request.head.control.provider, target=request.head.target)
        reader = BodyReader(request, live.capture, self._limits)
        if request.head.expects and not request.content.at_eof():
            live.connection.write(_CONTINUE)
        first, writer.uploading, live.scan = await reader.first(settled=settled)
        live.wait_seconds += monotonic() - asked
        return first

    async def _rest_of_body(self, live: LiveRequest, before: int) -> bytes:
        """What is to come behind the `before` bytes of a body, as far as it is held."""
        asked = monotonic()
        reader = BodyReader(live.request, live.capture, self._limits)
        rest, live.writer.uploading, _ = await reader.rest(self._limits.peek_body - before)
        live.wait_seconds += monotonic() - asked
        return rest

    async def _choose(self, live: LiveRequest, body: bytes) -> tuple[RouteMatch, bytes, bytes]:
        """The route of the request, its body as that provider gets it, its model renamed and itself fitted, and as it came."""
        span = live.scan.span if live.scan and live.scan.model else None
        leg = self._leg(live, await self._peeked(live, body))
        fitting = live.routing.fittings.get(leg.provider)
        if fitting is None:
            return leg, await in_turns(renaming(body, leg.upstream_model, span)) if leg.upstream_model else body, body
        leg = leg._replace(target=fit_target(leg.target, fitting.query))
        if fitting.changes_body and live.writer.uploading:
            body += await self._rest_of_body(live, len(body))
            live.capture.tell(await in_turns(peeking(live.request.head.looked_at(body))))
        made = await in_turns(renaming(body, leg.upstream_model, span)) if leg.upstream_model else body
        return leg, await self._fitted(live, made, fitting), body

    @staticmethod
    async def _peeked(live: LiveRequest, body: bytes) -> PeekedBody:
        if live.scan is not None:
            return live.scan.seen
        plain = live.request.head.looked_at(body)
        return peek(plain) if len(plain) <= AT_ONCE else await in_turns(peeking(plain))

    async def _fitted(self, live: LiveRequest, body: bytes, fitting: RequestFitting) -> bytes:
        """The body fitted; as it is where it is no JSON object, or too large to be held (see `proxy.limits.peek_body`)."""
        if live.writer.uploading or len(body) > self._limits.peek_body or not fitting.changes_body:
            return body
        try:
            return (await in_turns(fit_in_steps(body, fitting))).body
        except ValueError:
            return body

    def _choose_for_websocket(self, live: LiveRequest) -> RouteMatch:
        """The same for a WebSocket, which names its model in the query, if at all before its first frame."""
        leg = self._leg(live, PeekedBody(model=query_model(live.request.head.target), stream=True))
        fitting = live.routing.fittings.get(leg.provider)
        leg = leg._replace(target=fit_target(leg.target, fitting.query)) if fitting else leg
        return leg._replace(target=renamed_query(leg.target, leg.upstream_model)) if leg.upstream_model else leg

    @staticmethod
    def _leg(live: LiveRequest, seen: PeekedBody) -> RouteMatch:
        request, said = live.request, live.request.head.control
        leg = UNROUTED
        try:
            leg = live.routing.table.choose(model=seen.model, provider_header=said.provider, target=request.head.target)
        finally:
            # by position: every request makes one, and named arguments cost twice as much
            live.capture.labels = Labels(
                leg.route, leg.provider, leg.reference, seen.model, seen.stream, said.tag, said.conversation, said.opted_out
            )
        if live.routing.keys or live.routing.fittings:
            _guard_keys(live, leg)
        return leg

    @staticmethod
    def _head(live: LiveRequest, route: RouteMatch, length: int | None) -> bytes:
        routing, provider = live.routing, route.provider
        key = routing.keys.get(provider, "")
        fitting = routing.fittings.get(provider)
        extra = fitting.headers if fitting else ()
        return live.request.memo.towards(
            routing.origins[provider],
            route.target,
            key=key,
            key_field=routing.key_fields.get(provider, ""),
            length=length,
            extra=extra,
        )

    async def _open(self, live: LiveRequest, origin: ProviderOrigin, provider: str) -> UpstreamConnection:
        asked = monotonic()
        try:
            return await self._upstream.open(origin)
        except UpstreamError as error:
            raise UpstreamError(error.kind, error.detail, provider) from None
        finally:
            live.wait_seconds += monotonic() - asked

    def _refuse(self, error: ProxyError, writer: ResponseWriter) -> Failure:
        """Tell the client, as far as that is still possible, why its request ends here."""
        self._stats.refused += 1
        kind = error.kind if isinstance(error, UpstreamError) else FailureKind.REFUSED
        detail = error.detail if isinstance(error, UpstreamError) else str(error)
        after_head = writer.begun
        if after_head:
            writer.break_off()
        else:
            writer.refuse(error)
        return Failure(kind=kind, detail=detail, after_head=after_head)

    def _capture(self, request: ClientRequest) -> Capture:
        return Capture(
            identity=new_id(),
            role=Role.PRIMARY,
            started=time() - (monotonic() - request.begun),
            begun=request.begun,
            limit=self._limits.audit_body,
            head=request.memo.recorded,
            length=request.memo.stated_length(request.message),
            awaited=request.length or 0,
            held=self.held,
        )

    def _end(self, request: ClientRequest, capture: Capture, failure: Failure | None) -> None:
        if self._steps:
            log_step("request_ended", capture, body=capture.size, failure=failure.kind.value if failure else "")
        self._stats.in_flight -= 1
        self._stats.finished += 1
        if capture.taken:
            self.held.give(capture.taken)
        if not self._stats.in_flight:
            self.quiet.set()
        if request.head.control.unrecorded:
            self._stats.unrecorded += 1
            return
        memo = request.memo
        secrets = memo.secrets(self.routing.secrets)
        self._records.complete(capture, failure, monotonic(), secrets, memo.anchors)

    def finish(self) -> None:
        """Hand over what still waits of the exchanges that have ended."""
        self._records.finish()


def _check_authority(live: LiveRequest) -> None:
    """Refuse a request that was sent here as to a forward proxy: its credential is another server's."""
    authority, door = live.request.head.authority, live.connection
    named = live.routing.browser.is_own_name(authority, loopback=door.on_loopback)
    if not named and ("." in authority or not door.on_loopback):
        raise RequestError(421, "misdirected", f"this is not a forward proxy, and {authority[:100]!r} is none of its names")


def _guard_keys(live: LiveRequest, route: RouteMatch) -> None:
    """Refuse a foreign web page's request where the provider's key would be put in; where only the reference has one, the
    request goes on, and is never shadowed.
    """
    routing = live.routing
    if not routing.uses_key(route):
        return
    why = live.request.memo.objection(routing.browser, loopback=live.connection.on_loopback)
    if why and routing.adds_key(route.provider):
        raise RequestError(403, "foreign_page", f"this request may not use the key that is configured here: {why}")
    if why:
        live.capture.labels = live.capture.labels._replace(opted_out=True)


def _outcome(answer: ResponseReader, writer: ResponseWriter, provider: str) -> Failure | None:
    failure = answer.failure
    if failure is None:
        return None
    if not writer.begun:
        raise UpstreamError(failure.kind, failure.detail, provider)
    writer.break_off()
    return failure


async def _stopped(sending: asyncio.Task[None]) -> None:
    """Cancel an upload and wait for its end: until then the client's body has a reader, and can have no other."""
    sending.cancel()
    await asyncio.wait([sending])


def _left(connection: ClientConnection, writer: ResponseWriter) -> Failure:
    """Why a request was cancelled: its client left, or the process is stopping."""
    where = "in the middle of its answer" if writer.begun else "before an answer began"
    if not connection.gone:
        return Failure(kind=FailureKind.STOPPED, detail=where, after_head=writer.begun)
    detail = "it read nothing for too long" if connection.stalled_since else f"it left {where}"
    return Failure(kind=FailureKind.CLIENT_GONE, detail=detail, after_head=writer.begun)
