"""Requests the list of models from each reference and candidate once, soon after the start, and puts the result in words: it
costs no tokens.

A refused key, a server that cannot be reached and a model that the list does not hold are known although no request has been
sampled yet. A reference without such a list reveals nothing by it: many servers have none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Iterable, Mapping
from typing import Protocol

import orjson

from proxy.exchange import Exchange
from proxy.provider_config import ProxyConfig
from shadow.pipeline.reference_errors import CANDIDATE, REFERENCE, REMEDIES
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Unread
from shadow.settings.top_level_config import Config

REFUSED = frozenset({401, 403})
LONGEST_LIST = 4 * 1024 * 1024


class ModelLister(Protocol):
    """Requests a provider's list of models."""

    async def list_models(self, provider: str) -> Exchange:
        """The exchange of `GET {base_url}/models` with the provider's own key; whatever the other side does is in it."""


def wanted_models(config: ProxyConfig) -> Mapping[str, frozenset[str]]:
    """Each reference and candidate of a route, with the model names that shadow requests send it; patterns name none."""
    wanted: dict[str, set[str]] = {}
    routes = [(name, route.model) for route in config.routes for name in (route.reference or config.reference, *route.candidates)]
    for reference, model in [*routes, (config.reference, "*")]:
        if reference in config.providers:
            there = config.providers[reference].upstream_model(model) or model
            wanted.setdefault(reference, set()).update({there} if not set(there) & set("*?[") else ())
    return {reference: frozenset(names) for reference, names in wanted.items()}


async def probe(lister: ModelLister, wanted: Mapping[str, frozenset[str]], candidates: Container[str] = ()) -> AsyncIterator[str]:
    """A sentence for each thing that is wrong with one of the `wanted` servers, one after the other."""
    for name, models in sorted(wanted.items()):
        side = CANDIDATE if name in candidates else REFERENCE
        for sentence in findings(name, await lister.list_models(name), models, side=side):
            yield sentence


def findings(name: str, exchange: Exchange, models: Iterable[str], *, side: str = REFERENCE) -> list[str]:
    """What one list of models reveals; empty where all is well or nothing is revealed. `side` is what the server is."""
    if exchange.failure is not None:
        return [f"the {side} {name} cannot be used: {exchange.failure.detail}; until then nothing is compared with it"]
    status = exchange.response.status if exchange.response else 0
    if status in REFUSED:
        why = f"{status}; {REMEDIES[status]}; nothing is compared until then"
        return [f"the {side} {name} refused the list of its models: {why}"]
    known = listed_models(exchange) if status == 200 else frozenset()
    if not known:
        return []
    missing = sorted(set(models) - known)
    return [
        f"the {side} {name} does not list the model {model!r}; `models` renames a model for one provider" for model in missing
    ]


def listed_models(exchange: Exchange) -> frozenset[str]:
    """The ids of a list of models; empty where there is no list that could be read."""
    if exchange.response is None:
        return frozenset()
    decoded = decode(exchange.response.headers, exchange.response.body, (), LONGEST_LIST)
    if isinstance(decoded, Unread):
        return frozenset()
    try:
        loaded = orjson.loads(decoded.body)
    except orjson.JSONDecodeError:
        return frozenset()
    rows = loaded.get("data") if isinstance(loaded, dict) else None
    ids = (row.get("id") for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    return frozenset(each for each in ids if isinstance(each, str))


PROBE_SECONDS = 5.0
"""Seconds after the start at which a reference is probed that no shadow request has reached."""


def has_references(config: Config) -> bool:
    """Whether any route has a reference that may be asked."""
    proxy = config.proxy
    return config.shadow.enabled and bool(proxy.reference or any(route.reference for route in proxy.routes))
