"""IdentityObserver: the serving identity of each provider and model, a row for each change; bounded in number.

Names and values are redacted first: what looks like a credential is not a trait of a server.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from proxy.exchange import Exchange
from proxy.named_tuples import maker
from proxy.provider_config import Provider
from shadow.checks.echoed_model import DEPLOYMENT
from shadow.findings.finding_builders import storable
from shadow.identity.serving_identity import Facts, ServingIdentity, cleaned, kind_of, revealed, traits
from shadow.reading.apis import api_of
from shadow.reading.parsed_response import ParsedResponse
from shadow.settings.top_level_config import Config
from storage.rows import IdentityRow

KEPT = 256
"""Pairs of a provider and a model remembered, the longest silent forgotten first: model names are the clients' own words."""
LONGEST_NAME = 200
CLEANED = 512
"""Short texts, and short sets of traits, whose clean form is remembered: the same few come with every answer."""
LONGEST_TRAITS = 1_000
"""Characters of the traits of one answer that are remembered."""


class IdentityTraits(NamedTuple):
    """What one answer shows of who serves: `traits` by facet, `model` by the name that was asked for."""

    exchange_id: str
    started: float
    provider: str
    model: str
    kind: str
    traits: Mapping[str, str]


_new_traits = maker(IdentityTraits)


class IdentityObserver:
    """Learns identities from answers as they come; `known` are the latest rows of earlier runs.

    `clean` takes credentials out of a text.
    """

    def __init__(self, config: Config, known: Iterable[IdentityRow] = (), *, clean: Callable[[str], str]) -> None:
        self._clean = _remembering(clean)
        self.reload(config)
        self.forgotten: Callable[[str, str], None] = _nothing
        """Called with a provider and a model whose identity is forgotten, since too many others came later."""
        self._known: OrderedDict[tuple[str, str], ServingIdentity] = OrderedDict()
        for row in known:
            self._known[row.provider, row.model] = ServingIdentity(_facts(row))

    def __repr__(self) -> str:
        return f"<IdentityObserver identities={len(self._known)}/{KEPT}>"

    def reload(self, config: Config) -> None:
        """Use what `config` declares of its providers from the next answer on."""
        providers = config.proxy.providers
        # because an answer has the declared values of its model each time, and few models are asked for
        declared = lru_cache(maxsize=KEPT)(lambda provider, model: _declared(providers.get(provider), model))
        self._declared = declared
        # and most answers of a server reveal the same
        self._kept = lru_cache(maxsize=CLEANED)(
            lambda provider, model, found: cleaned(found, declared(provider, model), self._clean)
        )

    def names_of(self, provider: str, model: str) -> tuple[str, ...]:
        """The names of models in earlier answers of a provider that was asked for `model`."""
        known = self._known.get((provider, model))
        return known.values("model") if known else ()

    def all_names(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """The same of each provider and model, where there are names."""
        return [(*key, names) for key, known in self._known.items() if (names := known.values("model"))]

    def names(self, exchange: Exchange) -> tuple[str, ...]:
        """The model names in this provider's earlier answers to requests for the same model."""
        return self.names_of(exchange.labels.provider, self._name(exchange))

    def _name(self, exchange: Exchange) -> str:
        """The requested model: the deployment that the path names, else the model of the body."""
        target = exchange.request.target
        deployment = DEPLOYMENT.search(target) if "/deployments/" in target else None
        name = deployment[1] if deployment else exchange.labels.model
        return storable(self._clean(name)[:LONGEST_NAME])

    def observe(self, exchange: Exchange, answer: ParsedResponse) -> tuple[IdentityRow, ...]:
        """Adds one answer of any role; returns a row when it changes the identity, none otherwise."""
        return self.add(self.traits_of(exchange, answer))

    def traits_of(self, exchange: Exchange, answer: ParsedResponse) -> IdentityTraits:
        """What one answer shows of who serves."""
        return _new_traits(
            exchange_id=exchange.id,
            started=exchange.started,
            provider=exchange.labels.provider,
            model=self._name(exchange),
            kind=kind_of(api_of(exchange.request.target), exchange.labels.stream),
            traits=self._traits(exchange.labels.provider, exchange.labels.model, answer),
        )

    def _traits(self, provider: str, model: str, answer: ParsedResponse) -> Mapping[str, str]:
        found = revealed(answer)
        if len("".join(found)) + len(model) <= LONGEST_TRAITS:
            return self._kept(provider, model, found)
        return traits(answer, declared=self._declared(provider, model), clean=self._clean)

    def add(self, answered: IdentityTraits) -> tuple[IdentityRow, ...]:
        """Adds the traits of one answer; returns a row when they change the identity, none otherwise."""
        change = self._serving((answered.provider, answered.model)).observe(answered.traits, answered.kind)
        if change is None:
            return ()
        row = IdentityRow(
            exchange_id=answered.exchange_id,
            started=answered.started,
            provider=answered.provider,
            model=answered.model,
            identity=change.identity,
            previous=change.previous,
            changes=json.dumps(change.changes),
            facts=json.dumps(change.facts),
        )
        return (row,)

    def adopt(self, rows: Iterable[IdentityRow]) -> list[IdentityRow]:
        """Take over what other processes have stored: the identity of a model that has none here yet, or the one that follows the
        one known here. Returns the rows that were taken over.
        """
        taken = [row for row in rows if self._follows(row)]
        for row in taken:
            self._serving((row.provider, row.model))
            self._known[row.provider, row.model] = ServingIdentity(_facts(row))
        return taken

    def _follows(self, row: IdentityRow) -> bool:
        known = self._known.get((row.provider, row.model))
        if known is None:
            return len(self._known) < KEPT
        return known.identity != row.identity and known.identity in {"", row.previous}

    def _serving(self, key: tuple[str, str]) -> ServingIdentity:
        serving = self._known.get(key)
        if serving is None:
            serving = self._known[key] = ServingIdentity()
        self._known.move_to_end(key)
        if len(self._known) > KEPT:
            gone, _ = self._known.popitem(last=False)
            self.forgotten(*gone)
        return serving


def _nothing(_provider: str, _model: str) -> None:
    """The default of `forgotten`."""


def _declared(provider: Provider | None, model: str) -> Mapping[str, str]:
    """What the configuration declares of a provider's model; a context of 0 is none."""
    if provider is None:
        return {}
    served = provider.declared(model)
    return {"quantization": served.quantization, "tier": provider.tier, "context": f"{served.context or ''}"}


def _remembering(clean: Callable[[str], str]) -> Callable[[str], str]:
    kept = lru_cache(maxsize=CLEANED)(clean)

    def cleaned(text: str) -> str:
        return kept(text) if len(text) <= LONGEST_NAME else clean(text)

    return cleaned


def _facts(row: IdentityRow) -> Facts:
    """The facts of a row; none when it was written by another version in another way."""
    try:
        kept = json.loads(row.facts)
        return {str(facet): tuple(map(str, values)) for facet, values in kept.items()}
    except (ValueError, AttributeError, TypeError):
        return {}
