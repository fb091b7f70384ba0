"""HeadMemo: one request head with what was last made of it, known again by its bytes.

A client repeats its head with every request, but for the digits of Content-Length: a head that begins as the last one on its
connection did, up to them, and goes on behind them as that one did, needs no reader. Only digits stand where it may differ, no
more of them than before, so that it means the same, is as well formed, and is no larger.
"""

from __future__ import annotations

import re

from proxy.client.browser_policy import BrowserPolicy
from proxy.client.head_reader import read_request_head
from proxy.client.outgoing_head import OutgoingPlan, OutgoingRoute, outgoing_head
from proxy.client.request_head import LENGTH, MOST_DIGITS, RequestHead
from proxy.errors import RequestError
from proxy.exchange import Headers
from proxy.record import credential_removal
from proxy.record.recorded_head import RecordedHead
from proxy.record.searched_secrets import SearchedSecrets
from proxy.routing import header_rules as rules
from proxy.routing.provider_origin import ProviderOrigin
from proxy.routing.tenant_keys import Tenant, TenantKeys

_LARGEST = 4 * 1024
"""Bytes of a head beyond which it is not remembered: hardly a client's is so long, and idle connections would hold it."""
_DIGITS = re.compile(rb"(?i)\r\ncontent-length:[ \t]*+([0-9]++)")


class HeadMemo:
    """A head, and for each thing made of it the last result with what it was made for; RequestError for bytes that are none."""

    __slots__ = (
        *("_after", "_at", "_before", "_digits", "_made", "_name", "_objection", "_others", "_policy"),
        *("_route", "_secrets", "_skip", "fault", "head", "length", "plan", "recorded", "tenant", "tenants"),
    )

    def __init__(self, raw: bytes) -> None:
        self.head = head = RequestHead.parse(read_request_head(raw))
        self.fault = _fault(head)
        """Why the request is refused, whatever its body; None when it is not."""
        self.length = head.length
        """The size of the body that it was read with."""
        self._keep_bytes(raw)
        pairs, names = head.fields.pairs, head.fields.names
        at = names.index(LENGTH) if LENGTH in names else len(names)
        self._name = pairs[at][0] if at < len(pairs) else b""
        before, after = (rules.recorded(rules.HeaderFields.of(part)) for part in (pairs[:at], pairs[at + 1 :]))
        self.recorded = RecordedHead(head.method, head.recorded_target, before, self._name.decode("latin-1"), after)
        self._others: tuple[bytes, ...] | None = None
        self._secrets = SearchedSecrets(())
        self._policy: BrowserPolicy | None = None
        self._objection = ""
        self._route: OutgoingRoute | None = None
        self._made = (b"", b"")
        self.tenants: TenantKeys | None = None
        """Those that `tenant`, the sender of requests with this head, was found among."""
        self.tenant: Tenant | None = None
        self.plan: OutgoingPlan | None = None
        """How the last request with this head went out."""

    def __repr__(self) -> str:
        return f"<HeadMemo {self.head.method} fields={len(self.head.fields.names)} refused={self.fault is not None}>"

    def _keep_bytes(self, raw: bytes) -> None:
        """What stands before the digits of the length, all of it where there is no length, and what stands behind them."""
        digits = _DIGITS.search(raw)
        start, end = digits.span(1) if digits else (len(raw), len(raw))
        self._before, self._after = raw[:start], raw[end:]
        self._at, self._digits, self._skip = start, end - start, len(raw) - end

    @property
    def worth_keeping(self) -> bool:
        """True when it may be met again: it is served, and is no larger than a connection may keep."""
        return self.fault is None and self.head.size <= _LARGEST and self._digits <= MOST_DIGITS

    def find(self, data: bytes) -> tuple[int | None, int] | None:
        """The length of the body that this very head declares, and where it ends, if `data` begins with it; None if not."""
        at = self._at
        if not data.startswith(self._before):
            return None
        if not self._digits:
            return None, at
        end = data.find(b"\r", at, at + self._digits + 1)
        digits = data[at:end]
        # `isdigit` of bytes is true of ASCII digits alone, and false of nothing.
        if end < 0 or not digits.isdigit() or not data.startswith(self._after, end):
            return None
        return int(digits), end + self._skip

    def towards(
        self, origin: ProviderOrigin, target: str, *, key: str, key_field: str, extra: Headers = ()
    ) -> tuple[bytes, bytes]:
        """The head as `origin` gets it for `target`, before and behind the length of the body, all of it before where there is
        none; the rest is what `header_rules.outgoing` takes.
        """
        route = (origin, target, key, key_field, extra)
        if route != self._route:
            self._made, self._route = outgoing_head(self.head, route, self._name), route
        return self._made

    def secrets(self, others: tuple[bytes, ...]) -> SearchedSecrets:
        """The secrets of this request, and `others`, to be looked for in all that is recorded of it."""
        if others != self._others:
            own = credential_removal.of_request(self.head.fields, self.head.target)
            self._secrets, self._others = SearchedSecrets(credential_removal.forms([*own, *others])), others
        return self._secrets

    def objection(self, policy: BrowserPolicy, *, loopback: bool) -> str:
        """Why this request may not use a key of the operator (see `BrowserPolicy`); `loopback` is the connection's, and stays."""
        if policy is not self._policy:
            self._objection, self._policy = policy.objection(self.head.fields, loopback=loopback), policy
        return self._objection


def _fault(head: RequestHead) -> RequestError | None:
    try:
        head.check()
    except RequestError as error:
        return error
    return None
