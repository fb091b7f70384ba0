"""ShadowSelector: which live exchanges are shadowed, and why the others are not: what cannot be repeated, then the sample."""

from __future__ import annotations

from functools import lru_cache

from proxy.exchange import FailureKind
from proxy.provider_config import Provider
from proxy.routing.provider_origin import parse_base_url
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_response import SWITCHED
from shadow.sampling.conversations import ConversationPlace
from shadow.sampling.eligibility import skip_reason
from shadow.sampling.sampler import SamplingDecision, decide
from shadow.settings.top_level_config import Config

UNANSWERED = frozenset({FailureKind.CLIENT_GONE, FailureKind.REFUSED, FailureKind.STALE, FailureKind.STOPPED})
"""Ends of a live request without an answer to compare that the provider did not cause."""
REFUSED_STATUSES = frozenset({401, 402, 403, 407})
"""Statuses by which a provider refuses a key or a bill: there is no answer to compare, so the reference is not paid for one."""

KEPT = 256
"""Pairs of a provider and its reference whose rule about thinking is remembered; the names are the configuration's."""


class ShadowSelector:
    """Decides by the configuration and by `secret`, which keys the sample: 32 bytes, the same for every process."""

    def __init__(self, config: Config, secret: bytes) -> None:
        self.reload(config)
        self._secret = secret

    def __repr__(self) -> str:
        return f"<ShadowSelector enabled={self._shadow.enabled} sample_rate={self._shadow.sample_rate} routes={self._rates}>"

    def reload(self, config: Config) -> None:
        """Use the providers and routes of `config` from the next exchange on."""
        self._shadow = config.shadow
        providers = config.proxy.providers
        # because it depends on the configuration alone, and takes two addresses apart
        self._takes_thinking = lru_cache(maxsize=KEPT)(
            lambda live, other: takes_thinking(providers.get(live), providers.get(other))
        )
        self._tenants = {tenant.name: tenant.sample_rate for tenant in config.tenants}
        self._rates = {route.name: route.sample_rate for route in config.proxy.routes}

    def decide(self, parsed: ParsedExchange, place: ConversationPlace) -> SamplingDecision:
        """The decision on one exchange, `place` being its conversation; `why` is the reason that keeps it from any sample."""
        if why := self._why_not(parsed):
            return SamplingDecision(shadow=False, control=False, why=why)
        labels = parsed.exchange.labels
        rate = self._tenants.get(labels.tenant) if labels.tenant else None
        rate = self._rates.get(labels.route) if rate is None else rate
        return decide(
            key=place.drawn_by,
            request_id=parsed.exchange.id,
            rate=self._shadow.sample_rate if rate is None else rate,
            control_fraction=self._shadow.control_fraction,
            secret=self._secret,
        )

    def _why_not(self, parsed: ParsedExchange) -> str:
        """Why this request cannot be shadowed, whatever the sample is; "" when it can."""
        exchange = parsed.exchange
        if not self._shadow.enabled:
            return "off"
        if not exchange.labels.reference:
            return "no_reference"
        if exchange.labels.opted_out:
            return "opted_out"
        if exchange.labels.tenant and exchange.labels.tenant not in self._tenants:
            return "tenant_unknown"  # because its own sample_rate is not known here, and may be 0
        if exchange.response and exchange.response.status == SWITCHED:
            return skip_reason(exchange.request.method, exchange.request.target, None)
        if exchange.unheld:
            return "not_held"
        if exchange.request.truncated:
            return "request_truncated"
        if exchange.failure and exchange.failure.kind in UNANSWERED:
            return exchange.failure.kind.value
        if exchange.response and exchange.response.status in REFUSED_STATUSES:
            return "provider_refused"
        if parsed.request.unread:
            return parsed.request.unread.why.value
        labels = exchange.labels
        thinking = self._takes_thinking(labels.provider, labels.reference)
        return skip_reason(exchange.request.method, exchange.request.target, parsed.request.sent, thinking=thinking)


def takes_thinking(provider: Provider | None, other: Provider | None) -> bool:
    """Whether `other` can check earlier thinking of `provider`, being at its own address, or gets none of it."""
    if provider is None or other is None:
        return False
    return other.strip_thinking or parse_base_url(provider.base_url) == parse_base_url(other.base_url)
