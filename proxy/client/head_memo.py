"""HeadMemo: one request head with what was last made of it, used again for each request of a connection that repeats the head.

A client repeats its head with every request, but for the length of its body: that one value is taken from each request anew.
"""

from __future__ import annotations

from aiohttp.http_parser import RawRequestMessage

from proxy.client.browser_policy import BrowserPolicy
from proxy.client.outgoing_head import OutgoingRoute, outgoing_head
from proxy.client.request_head import LENGTH, RequestHead
from proxy.exchange import Headers
from proxy.record import credential_removal
from proxy.record.recorded_head import RecordedHead
from proxy.routing import header_rules as rules
from proxy.routing.provider_origin import ProviderOrigin
from proxy.secret_masking import anchors

_LARGEST = 4 * 1024
"""Bytes of a head beyond which it is not remembered: hardly a client's is so long, and idle connections would hold it."""


class HeadMemo:
    """A head, and for each thing made of it the last result with what it was made for."""

    __slots__ = (
        *("_after", "_at", "_before", "_digits", "_forms", "_line", "_made", "_name", "_objection", "_others", "_policy"),
        *("_route", "anchors", "checked", "head", "recorded"),
    )

    def __init__(self, raw: RawRequestMessage) -> None:
        self.head = head = RequestHead.parse(raw)
        pairs, names = head.fields.pairs, head.fields.names
        self._line = (raw.method, raw.path, raw.version)
        self._at = at = names.index(LENGTH) if LENGTH in names else len(names)
        self._name, length = pairs[at] if at < len(pairs) else (b"", b"")
        self._digits = len(length)
        self._before, self._after = pairs[:at], pairs[at + 1 :]
        before, after = (rules.recorded(rules.HeaderFields.of(part)) for part in (self._before, self._after))
        self.recorded = RecordedHead(head.method, head.recorded_target, before, self._name.decode("latin-1"), after)
        self.checked = False
        """True once `check` has passed."""
        self.anchors: tuple[bytes, ...] | None = None
        """What every text has that holds one of the `secrets` last asked for; None where such a text has nothing in common."""
        self._others: tuple[bytes, ...] | None = None
        self._forms: tuple[bytes, ...] = ()
        self._policy: BrowserPolicy | None = None
        self._objection = ""
        self._route: OutgoingRoute | None = None
        self._made = (b"", b"")

    def __repr__(self) -> str:
        return f"<HeadMemo {self.head.method} fields={len(self.head.fields.names)} checked={self.checked}>"

    @property
    def worth_keeping(self) -> bool:
        """True when it is no larger than a connection may keep."""
        return self.head.size <= _LARGEST

    def fits(self, raw: RawRequestMessage) -> bool:
        """True when `raw` has this very head, but for the length of its body: one no longer written, so no larger a head."""
        pairs, at = raw.raw_headers, self._at
        if pairs[:at] != self._before or (raw.method, raw.path, raw.version) != self._line:
            return False
        if not self._name:
            return len(pairs) == at
        if len(pairs) <= at or pairs[at + 1 :] != self._after:
            return False
        name, value = pairs[at]
        return name == self._name and len(value) <= self._digits

    def length(self, raw: RawRequestMessage) -> int | None:
        """The size of the body as `raw`, which fits, declares it; None when it comes in chunks or there is none."""
        return int(raw.raw_headers[self._at][1]) if self._name else None

    def stated_length(self, raw: RawRequestMessage) -> str:
        """The length of the body as `raw`, which fits, states it; "" where there is none."""
        return raw.raw_headers[self._at][1].decode("latin-1").strip() if self._name else ""

    def check(self, limit: int) -> None:
        """See `RequestHead.check`; what has passed once passes."""
        self.head.check(limit)
        self.checked = True

    def towards(
        self, origin: ProviderOrigin, target: str, *, key: str, key_field: str, length: int | None, extra: Headers = ()
    ) -> bytes:
        """The head as `origin` gets it for `target`, its empty line included; the rest is what `headers.outgoing` takes."""
        route = (origin, target, key, key_field, extra)
        if route != self._route:
            self._made, self._route = outgoing_head(self.head, route, self._name), route
        before, after = self._made
        return before if length is None else b"%b%d%b" % (before, length, after)

    def secrets(self, others: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Every form in which a secret of this request, or one of `others`, may stand in a text."""
        if others != self._others:
            secrets = credential_removal.of_request(self.head.fields, self.head.target)
            self._forms, self._others = credential_removal.forms([*secrets, *others]), others
            self.anchors = None if self._forms is credential_removal.TOO_MANY else anchors(self._forms)
        return self._forms

    def objection(self, policy: BrowserPolicy, *, loopback: bool) -> str:
        """Why this request may not use a key of the operator (see `BrowserPolicy`); `loopback` is the connection's, and stays."""
        if policy is not self._policy:
            self._objection, self._policy = policy.objection(self.head.fields, loopback=loopback), policy
        return self._objection
