"""Mirror.ask(): one request sent to its reference, read by the same tee as live traffic; never raises for what a provider does.

The request is built from an allow-list: the body, its type, what the client accepts, and the reference's own key.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from proxy.capture import Capture
from proxy.config import Limits, Provider
from proxy.credentials import cleared, forms
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
        self._environ = environ
        self.turn(config)
        self._limits = Limits(**{**dict(config.proxy.limits), "audit_body": config.shadow.max_body})
        self._upstream = Upstream(config.proxy.timeouts, self._limits, Pulse())

    def turn(self, config: Config) -> None:
        """From the next question on, know the providers of `config`."""
        self._shadow = config.shadow
        self._providers = config.proxy.providers
        self._origins = {name: parse_base_url(provider.base_url) for name, provider in self._providers.items()}
        self._keys = {name: self._environ.get(provider.api_key_env, "") for name, provider in self._providers.items()}

    def prepare(self, live: Exchange, provider: str = "") -> ShadowBody:
        """The body that the reference (or another `provider`) will get, and how it differs from what the application sent."""
        return shadow_body(live.request.body, _name_there(self._providers[provider or live.reference], live.model))

    def same_server(self, live: Exchange) -> bool:
        """Whether provider and reference are one server under two names, so that comparing them says nothing."""
        if live.provider not in self._providers:
            return False
        provider, reference = self._providers[live.provider], self._providers[live.reference]
        same_place = self._origins[live.provider] == self._origins[live.reference]
        return same_place and _name_there(provider, live.model) == _name_there(reference, live.model)

    async def ask(self, live: Exchange, asked: ShadowBody, role: Role, provider: str = "") -> Exchange:
        """Send it once, and read the answer whole, until `shadow.timeout` or `shadow.max_body` ends it.

        It goes to the reference, or to another `provider` by name, with that one's own key.
        """
        name = provider or live.reference
        origin = self._origins[name]
        answered = await self._upstream.fetch(
            origin,
            live.request.method,
            origin.target(AUDITED),
            self._headers(live, self._keys[name]),
            asked.body,
            self._capture(live, role, name),
            total=self._shadow.timeout,
            most=self._shadow.max_body,
        )
        return cleared(answered, forms([self._keys[name].encode("latin-1", "replace")]))

    async def close(self) -> None:
        """Close the connections to the references."""
        self._upstream.close()

    def _headers(self, live: Exchange, key: str) -> list[tuple[bytes, bytes]]:
        kept = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in live.request.headers
            if name.lower() in TAKEN_OVER
        ]
        bearer = [(b"Authorization", f"Bearer {key}".encode("latin-1"))] if key else []
        return [*kept, (b"User-Agent", b"sameweights"), *bearer]

    def _capture(self, live: Exchange, role: Role, name: str) -> Capture:
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
        capture.route, capture.provider, capture.model = live.route, name, live.model
        capture.stream, capture.tag, capture.conversation = live.stream, live.tag, live.conversation
        return capture


def _name_there(provider: Provider, model: str) -> str:
    """What the provider calls `model`; "" when it calls it the same."""
    return provider.models.get(model) or provider.models.get("*", "")
