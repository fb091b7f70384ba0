"""outgoing_head(): a request head as a provider gets it, with a gap for the length of the body."""

from __future__ import annotations

from typing import NamedTuple

from proxy.client.request_head import RequestHead
from proxy.exchange import Headers, Labels
from proxy.routing import header_rules as rules
from proxy.routing.body_peek import PeekedBody
from proxy.routing.outbound_proxy import proxy_fields
from proxy.routing.provider_origin import ProviderOrigin
from proxy.routing.routing_table import RouteMatch

OutgoingRoute = tuple[ProviderOrigin, str, str, str, Headers]
"""The origin, the target there, the key and the field for it, and the fields that are added."""


class OutgoingPlan(NamedTuple):
    """How a request with one head goes out, where `seen` is all that its route depends on of its body."""

    routing: object
    """The configuration that it was made by; it holds for no other."""
    seen: PeekedBody
    unseen: bool
    """True when no model changes the route, so that a body need not be looked at."""
    route: RouteMatch
    labels: Labels
    origin: ProviderOrigin
    before: bytes
    after: bytes
    """The head on both sides of the length of the body."""
    fitted: bool
    """True when the body is fitted to the provider."""


_SWITCH = (b"Connection: Upgrade", b"Upgrade: websocket")


def outgoing_head(head: RequestHead, route: OutgoingRoute, length_name: bytes) -> tuple[bytes, bytes]:
    """The head before and behind the digits of the body's length, whose field is `length_name` as the client wrote it; all of it
    before, where that is b"".
    """
    origin, target, key, key_field, extra = route
    lines = rules.outgoing(head.fields, authority=origin.authority, key=key, length=0, key_field=key_field, extra=extra)
    if head.websocket:
        lines += _SWITCH
    lines += proxy_fields(origin)
    made = rules.request_head(head.method, origin.target(target), lines)
    if not length_name:
        return made, b""
    line = b"\r\n%b: 0\r\n" % length_name
    digit = made.index(line) + len(line) - 3
    return made[:digit], made[digit + 1 :]
