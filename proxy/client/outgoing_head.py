"""outgoing_head(): a request head as a provider gets it, with a gap for the length of the body."""

from __future__ import annotations

from proxy.client.request_head import RequestHead
from proxy.exchange import Headers
from proxy.routing import header_rules as rules
from proxy.routing.outbound_proxy import proxy_fields
from proxy.routing.provider_origin import ProviderOrigin

OutgoingRoute = tuple[ProviderOrigin, str, str, str, Headers]
"""The origin, the target there, the key and the field that bears it, and the fields that are added."""
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
