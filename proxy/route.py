"""Which provider a request goes to: the one asked for by header or path, else the first route whose pattern fits its model."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from proxy.config import ProxyConfig, Route
from proxy.errors import NoRouteError

DEFAULT_ROUTE = "default"
_LEGS, _LONGEST_TARGET = 256, 256
"""Legs remembered, of requests whose target is not longer: an application asks for few models, at few targets."""


class Leg(NamedTuple):
    """Where one request goes; `rename` is the provider's own name of the model ("" = unchanged), `target` the client's target
    without a provider's prefix.
    """

    route: str
    provider: str
    reference: str
    rename: str
    target: str


class Router:
    """The choice of a leg, fixed by the configuration; no request can name a host, only a configured provider."""

    def __init__(self, config: ProxyConfig) -> None:
        self._providers = config.providers
        self._default = config.provider
        self._reference = config.reference
        self._routes = tuple((re.compile(translate(route.model)), route) for route in config.routes)
        self._known = lru_cache(maxsize=_LEGS)(self._find)

    def choose(self, *, model: str, provider_header: str, target: str) -> Leg:
        """The leg of a request for `model` ("" = not known) at the raw `target`; NoRouteError when nothing fits."""
        find = self._known if len(target) <= _LONGEST_TARGET else self._find
        return find(model, provider_header, target)

    def _find(self, model: str, provider_header: str, target: str) -> Leg:
        prefixed, rest = self._prefix(target)
        forced = provider_header or prefixed
        if forced:
            if forced not in self._providers:
                raise NoRouteError(f"no provider is named {forced!r}; configured: {', '.join(self._providers) or 'none'}")
            return self._forced(forced, model, rest if prefixed == forced else target)
        for pattern, route in self._routes:
            if pattern.match(model):
                return self._leg(route, model, target)
        if not self._default:
            asked = f"the model {model!r}" if model else "a request whose model is not known"
            raise NoRouteError(f"no route takes {asked}, and no default provider is configured")
        return self._implied(DEFAULT_ROUTE, self._default, model, target)

    def _forced(self, provider: str, model: str, target: str) -> Leg:
        for pattern, route in self._routes:
            if route.provider == provider and pattern.match(model):
                return self._leg(route, model, target)
        return self._implied(provider, provider, model, target)

    def _leg(self, route: Route, model: str, target: str) -> Leg:
        return Leg(
            route=route.name,
            provider=route.provider,
            reference=route.reference or self._reference,
            rename=self._rename(route.provider, model),
            target=target,
        )

    def _implied(self, name: str, provider: str, model: str, target: str) -> Leg:
        return Leg(route=name, provider=provider, reference=self._reference, rename=self._rename(provider, model), target=target)

    def _rename(self, provider: str, model: str) -> str:
        models = self._providers[provider].models
        return models.get(model) or models.get("*") or ""

    def _prefix(self, target: str) -> tuple[str, str]:
        """The configured provider that the path begins with, and the target without it."""
        name, slash, rest = target[1:].partition("/")
        if not slash or name not in self._providers:
            return "", target
        rest = f"/{rest}"
        return (name, rest) if rest == "/v1" or rest.startswith(("/v1/", "/v1?")) else ("", target)
