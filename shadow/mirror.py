"""Mirror.ask(): one request sent to its reference, read by the same tee as live traffic; never raises for what a provider does.

The request is built from an allow-list: the body, its type, what the client accepts, and the reference's own key.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from proxy.capture import Capture
from proxy.config import Limits, Provider
from proxy.exchange import Exchange, Role
from proxy.identity import new_id
from proxy.origin import parse_base_url
from proxy.pulse import Pulse
from proxy.upstream import Upstream
from shadow.config import Config
from shadow.sampling.request import ShadowBody, shadow_body

AUDITED = "/v1/chat/completions"
TAKEN_OVER = {"content-type", "accept", "accept-encoding"}
"""What of the client's headers the reference sees; everything else is the client's own matter."""


class Mirror:
    """Asks references. Its connections, keys and limits are its own; `environ` is where the keys are."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self._shadow = config.shadow
        self._providers = config.proxy.providers
        self._origins = {name: parse_base_url(provider.base_url) for name, provider in self._providers.items()}
        self._keys = {name: environ.get(provider.api_key_env, "") for name, provider in self._providers.items()}
        self._limits = Limits(**{**dict(config.proxy.limits), "audit_body": config.shadow.max_body})
        self._upstream = Upstream(config.proxy.timeouts, self._limits, Pulse())

    def prepare(self, live: Exchange) -> ShadowBody:
        """The body that the reference will get, and how it differs from what the application sent."""
        return shadow_body(live.request.body, _name_there(self._providers[live.reference], live.model))

    async def ask(self, live: Exchange, asked: ShadowBody, role: Role) -> Exchange:
        """Send it once, and read the answer whole, until `shadow.timeout` ends it; at most `shadow.max_body` of it is kept."""
        origin = self._origins[live.reference]
        return await self._upstream.fetch(
            origin,
            live.request.method,
            origin.target(AUDITED),
            self._headers(live),
            asked.body,
            self._capture(live, role),
            total=self._shadow.timeout,
        )

    async def close(self) -> None:
        """Close the connections to the references."""
        self._upstream.close()

    def _headers(self, live: Exchange) -> list[tuple[bytes, bytes]]:
        kept = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in live.request.headers
            if name.lower() in TAKEN_OVER
        ]
        key = self._keys[live.reference]
        bearer = [(b"Authorization", f"Bearer {key}".encode("latin-1"))] if key else []
        return [*kept, (b"User-Agent", b"sameweights"), *bearer]

    def _capture(self, live: Exchange, role: Role) -> Capture:
        capture = Capture(
            identity=new_id(),
            role=role,
            started=time.time(),
            begun=time.monotonic(),
            limit=self._limits.audit_body,
            method=live.request.method,
            target=live.request.target,
            headers=live.request.headers,
        )
        capture.route, capture.provider, capture.model = live.route, live.reference, live.model
        capture.stream, capture.tag, capture.conversation = live.stream, live.tag, live.conversation
        return capture


def _name_there(provider: Provider, model: str) -> str:
    """What the provider calls `model`; "" when it calls it the same."""
    return provider.models.get(model) or provider.models.get("*", "")
