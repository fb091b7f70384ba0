"""Prepares one request to be sent: its body as far as it must be known, its route, its head and body as the provider gets them.

`at_once` does it without waiting, where all of an ordinary body has come; `prepared` waits for the body, and lets the event loop
serve other streams between the steps of larger work.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from proxy.client.body_beginning import BodyReader, in_turns
from proxy.client.client_connection import ClientConnection
from proxy.client.client_request import ClientRequest
from proxy.client.outgoing_head import OutgoingPlan
from proxy.errors import RequestError
from proxy.exchange import Labels
from proxy.record.capture import Capture
from proxy.routing.body_peek import (
    AT_ONCE,
    MOST_UNSEEN,
    UNSEEN,
    PeekedBody,
    peek,
    peeking,
    query_model,
    renamed,
    renamed_query,
    renaming,
)
from proxy.routing.model_scan import ModelScan
from proxy.routing.provider_origin import ProviderOrigin
from proxy.routing.request_fitting import RequestFitting, fit_in_steps, fit_target
from proxy.routing.routing_table import UNROUTED, RouteMatch
from proxy.routing.tenant_keys import Tenant, TenantKeys
from proxy.routing_config import RoutingConfig
from proxy.upstream.response_head import framed

if TYPE_CHECKING:
    from proxy.provider_config import Limits

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class PreparedRequest(NamedTuple):
    """A request as it goes out; the `body`, framed, is not all of it while the request is `uploading`."""

    route: RouteMatch
    origin: ProviderOrigin
    head: bytes
    body: bytes


class RequestPreparation:
    """One request until it can be sent; `routing` is the configuration that it began with."""

    __slots__ = (
        *("_here", "_scan", "capture", "connection", "limits", "request", "routing", "tenant", "uploading", "wait_seconds"),
    )

    def __init__(
        self, request: ClientRequest, connection: ClientConnection, capture: Capture, routing: RoutingConfig, limits: Limits
    ) -> None:
        self.request = request
        self.connection = connection
        self.capture = capture
        self.routing = routing
        self.limits = limits
        self._here: bytes | None = None
        """The body, where it has been read already."""
        self.tenant: Tenant | None = None
        """Whose request this is; None without tenants, or where it holds no key of one."""
        self._scan: ModelScan | None = None
        """What was read of a body longer than `peek_body`, where its route depends on its model."""
        self.uploading = False
        """True while part of the body is still to come, behind what the prepared request holds."""
        self.wait_seconds = 0.0
        """Seconds spent waiting for the client's body, or for a connection to the provider."""

    def __repr__(self) -> str:
        return f"<RequestPreparation {self.request!r} uploading={self.uploading}>"

    def check_authority(self) -> None:
        """Refuse a request that was sent here as to a forward proxy: its credential is another server's."""
        authority, connection = self.request.head.authority, self.connection
        named = self.routing.browser.is_own_name(authority, loopback=connection.on_loopback)
        if not named and ("." in authority or not connection.on_loopback):
            raise RequestError(
                421, "misdirected", f"this is not a forward proxy, and {authority[:100]!r} is not one of its names"
            )

    def check_tenant(self, tenants: TenantKeys) -> None:
        """Refuse a request without the key of a tenant."""
        memo = self.request.memo
        if memo.tenants is not tenants:
            memo.tenant, memo.tenants = tenants.tenant(memo.head.control.key), tenants
        self.tenant = memo.tenant

    def at_once(self) -> PreparedRequest | None:
        """The request, where its body has come and nothing of it takes long; None where `prepared` must be awaited."""
        body = self.request.here(min(self.limits.peek_body, AT_ONCE))
        if body is None:
            return None
        self.capture.ask(body)
        plan = self._plan(body)
        if plan is None or plan.fitted:
            self._here = body
            return None
        self.capture.labels = plan.labels
        rename = plan.route.upstream_model
        return self._planned(plan, renamed(body, rename) if rename else body, len(body))

    def _plan(self, body: bytes) -> OutgoingPlan | None:
        """How the request goes out: as the last one with this head, where the route depends on nothing else. None where `body`
        takes long to look at.
        """
        memo = self.request.memo
        plan = memo.plan
        if plan is not None and plan.routing is not self.routing:
            plan = None
        unseen = self._unseen() if plan is None else plan.unseen
        if unseen and len(body) <= min(MOST_UNSEEN, self.limits.audit_body):
            # The record has all of it: its reader finds the model there (see `body_peek.labelled`).
            seen = UNSEEN
        else:
            plain = self.request.head.looked_at(body)
            if len(plain) > AT_ONCE:
                return None
            seen = peek(plain)
        if plan is None or plan.seen != seen:
            plan = memo.plan = self._new_plan(seen, unseen=unseen)
        return plan

    def _unseen(self) -> bool:
        """Whether no model changes the route or the body."""
        head = self.request.head
        return not head.codings and self.routing.table.indifferent(provider_header=head.control.provider, target=head.target)

    def _new_plan(self, seen: PeekedBody, *, unseen: bool) -> OutgoingPlan:
        route = self._choose(seen)
        before, after = self._head(route)
        origin, fitted = self.routing.origins[route.provider], route.provider in self.routing.fittings
        return OutgoingPlan(self.routing, seen, unseen, route, self.capture.labels, origin, before, after, fitted)

    def _planned(self, plan: OutgoingPlan, first: bytes, size: int) -> PreparedRequest:
        """The request with `first`, which is what its provider gets of a body of `size` bytes."""
        request = self.request
        if request.head.chunked:
            head, first = plan.before, framed(first, chunked=True, last=True)
        elif request.length is None:
            head = plan.before
        else:
            head = b"%b%d%b" % (plan.before, request.length + len(first) - size, plan.after)
        return PreparedRequest(plan.route, plan.origin, head, first)

    async def prepared(self) -> PreparedRequest:
        """The request, as soon as enough of its body has come."""
        body = await self._first_of_body() if self._here is None else self._here
        span = self._scan.span if self._scan and self._scan.model else None
        route = self._choose(await self._peeked(body))
        fitting = self.routing.fittings.get(route.provider)
        if fitting is not None:
            route = route._replace(target=fit_target(route.target, fitting.query))
            if fitting.changes_body and self.uploading:
                body += await self._rest_of_body(len(body))
                self.capture.tell(await in_turns(peeking(self.request.head.looked_at(body))))
        first = await in_turns(renaming(body, route.upstream_model, span)) if route.upstream_model else body
        return self._made(route, await self._fitted(first, fitting), body)

    def websocket(self) -> PreparedRequest:
        """The opening of a WebSocket, which names its model in the query, if at all before its first frame."""
        route = self._choose(PeekedBody(model=query_model(self.request.head.target), stream=True))
        fitting = self.routing.fittings.get(route.provider)
        route = route._replace(target=fit_target(route.target, fitting.query)) if fitting else route
        target = renamed_query(route.target, route.upstream_model) if route.upstream_model else route.target
        return self._made(route._replace(target=target), b"", b"")

    def _made(self, route: RouteMatch, first: bytes, body: bytes) -> PreparedRequest:
        """The request with `first`, which is what its provider gets of `body`."""
        request = self.request
        head, after = self._head(route)
        if request.length is not None:
            head = b"%b%d%b" % (head, request.length + len(first) - len(body), after)
        sent = framed(first, chunked=True, last=not self.uploading) if request.head.chunked else first
        return PreparedRequest(route, self.routing.origins[route.provider], head, sent)

    def _head(self, route: RouteMatch) -> tuple[bytes, bytes]:
        """The head for the provider of `route`, before and behind the length of the body."""
        routing, provider = self.routing, route.provider
        fitting = routing.fittings.get(provider)
        return self.request.memo.towards(
            routing.origins[provider],
            route.target,
            key=routing.keys.get(provider, ""),
            key_field=routing.key_fields.get(provider, ""),
            extra=fitting.headers if fitting else (),
        )

    def _choose(self, seen: PeekedBody) -> RouteMatch:
        request, control, tenant = self.request, self.request.head.control, self.tenant
        route = UNROUTED
        try:
            route = self.routing.table.choose(model=seen.model, provider_header=control.provider, target=request.head.target)
        finally:
            # by position: every request makes one, and named arguments cost twice as much
            self.capture.labels = Labels(
                *(route.route, route.provider, route.reference, seen.model, seen.stream),
                *(control.tag, control.conversation, control.opted_out, tenant.name if tenant else ""),
            )
        if tenant:
            tenant.check(route.route)
        if self.routing.keys or self.routing.fittings:
            self._guard_keys(route)
        return route

    def _guard_keys(self, route: RouteMatch) -> None:
        """Refuse a foreign web page's request where the provider's key would be put in; where only the reference has one, the
        request goes on, and is never shadowed.
        """
        routing = self.routing
        if not routing.uses_key(route):
            return
        why = self.request.memo.objection(routing.browser, loopback=self.connection.on_loopback)
        if why and routing.adds_key(route.provider):
            raise RequestError(403, "foreign_page", f"this request may not use the key that is configured here: {why}")
        if why:
            self.capture.labels = self.capture.labels._replace(opted_out=True)

    async def _first_of_body(self) -> bytes:
        """As much of a body yet to come as must be known to choose its route."""
        request = self.request
        settled = self.routing.table.indifferent(provider_header=request.head.control.provider, target=request.head.target)
        if request.head.expects and request.unread:
            self.connection.write(_CONTINUE)  # RFC 9110 10.1.1
        first, self.uploading, self._scan = await BodyReader(request, self.capture, self.limits).first(settled=settled)
        self.wait_seconds += monotonic() - request.begun
        return first

    async def _rest_of_body(self, before: int) -> bytes:
        """What is to come behind the `before` bytes of a body, as far as it is held."""
        asked = monotonic()
        reader = BodyReader(self.request, self.capture, self.limits)
        rest, self.uploading, _ = await reader.rest(self.limits.peek_body - before)
        self.wait_seconds += monotonic() - asked
        return rest

    async def _peeked(self, body: bytes) -> PeekedBody:
        if self._scan is not None:
            return self._scan.seen
        plain = self.request.head.looked_at(body)
        return peek(plain) if len(plain) <= AT_ONCE else await in_turns(peeking(plain))

    async def _fitted(self, body: bytes, fitting: RequestFitting | None) -> bytes:
        """The body fitted; as it is where it is no JSON object, or too large to be held (see `proxy.limits.peek_body`)."""
        if fitting is None or self.uploading or len(body) > self.limits.peek_body or not fitting.changes_body:
            return body
        try:
            return (await in_turns(fit_in_steps(body, fitting))).body
        except ValueError:
            return body
