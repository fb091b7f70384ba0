"""The handler of the data port: each request begins here, and is counted and recorded here. Nothing here waits for the audit."""

from __future__ import annotations

import asyncio
from time import monotonic, time
from typing import TYPE_CHECKING

from proxy.client.client_connection import ClientConnection
from proxy.client.client_request import ClientRequest
from proxy.client.response_writer import ResponseWriter
from proxy.client.step_log import log_step, steps_are_logged
from proxy.exchange import Failure, Role
from proxy.exchange_ids import new_id
from proxy.forwarding.live_request import LiveRequest
from proxy.record.capture import Capture
from proxy.record.held_bodies import HeldBytes
from proxy.record.record_completion import RecordCompletion
from proxy.routing_config import RoutingConfig
from proxy.sink import Sink
from proxy.upstream.upstream_client import UpstreamClient
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import Limits


class Forward:
    """What the requests of one event loop share; `routing` may be replaced while they run: each keeps the one it began with."""

    def __init__(
        self, limits: Limits, routing: RoutingConfig, *, upstream: UpstreamClient, sink: Sink, stats: WorkerStats
    ) -> None:
        self.limits = limits
        self.routing = routing
        self.upstream = upstream
        self._records = RecordCompletion(sink, limits.handover)
        self.held = HeldBytes(limits.audit_held, lambda: self._records.waiting)
        self.stats = stats
        self.websockets = 0
        """WebSockets that are open or being opened."""
        self.steps = steps_are_logged()
        """Whether the steps of each request are logged."""
        self.draining = False
        """True when the process is going: no connection is kept for another request."""
        self.quiet = asyncio.Event()
        """Set once it is draining and no request is in progress."""

    def __repr__(self) -> str:
        return f"<Forward in_flight={self.stats.in_flight} websockets={self.websockets} draining={self.draining}>"

    def begin(self, connection: ClientConnection, request: ClientRequest) -> None:
        """Answer one request."""
        if request.head.health and not request.head.control.provider and request.memo.fault is None:
            writer = ResponseWriter(request, connection, keep=request.head.keeps and not self.draining)
            writer.healthy()
            connection.finish(keep=writer.keep)
            return
        capture = self._capture(request)
        self.stats.accepted += 1
        self.stats.in_flight += 1
        if self.steps:
            head = request.head
            log_step("request_received", capture, method=head.method, target=head.recorded_target, length=request.length)
        LiveRequest(self, connection, request, capture).start()

    def over(self, live: LiveRequest, failure: Failure | None, now: float) -> None:
        """Count a request that is over, and record it."""
        request, capture = live.request, live.capture
        if self.steps:
            log_step("request_ended", capture, body=capture.size, failure=failure.kind.value if failure else "")
        self.stats.in_flight -= 1
        self.stats.finished += 1
        if capture.taken:
            self.held.give(capture.taken)
        if self.draining and not self.stats.in_flight:
            self.quiet.set()
        # of a client that is no tenant nothing is kept, so that it cannot fill the store
        if request.head.control.unrecorded or (live.routing.tenants is not None and live.tenant is None):
            self.stats.unrecorded += 1
            return
        self._records.complete(capture, failure, now)

    def drain(self) -> None:
        """Keep no connection for another request, because the process is going."""
        self.draining = True
        if not self.stats.in_flight:
            self.quiet.set()

    def finish(self) -> None:
        """Hand over what still waits of the exchanges that have ended."""
        self._records.finish()

    def _capture(self, request: ClientRequest) -> Capture:
        length = request.length
        return Capture(
            identity=new_id(),
            role=Role.PRIMARY,
            started=time() - (monotonic() - request.begun),
            begun=request.begun,
            limit=self.limits.audit_body,
            head=request.memo.recorded,
            length="" if length is None else str(length),
            awaited=length or 0,
            held=self.held,
            secrets=request.memo.secrets(self.routing.secrets),
        )
