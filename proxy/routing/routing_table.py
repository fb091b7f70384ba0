"""Chooses the provider of a request: the one named by header or path, else that of the first route whose pattern fits its model.

A path `/NAME/v1/...` whose NAME is neither a provider nor a part of a provider's own addresses is refused: it was meant for
another provider than the default one, and so was its credential.
"""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from proxy.errors import NoRouteError
from proxy.routing.provider_origin import parse_base_url
from proxy.served_name import served_name

if TYPE_CHECKING:
    from proxy.provider_config import ProxyConfig, Route

DEFAULT_ROUTE = "default"
_LEGS, _LONGEST_TARGET = 256, 256
"""Routes remembered, of requests whose target is not longer: an application uses few models and few targets."""

_OWN_PREFIXES = frozenset({"anthropic", "api", "compatibility", "compatible-mode", "engines", "inference", "openai"})
"""First segments under which servers have an OpenAI-compatible `/v1`; they pass where a `base_url` is a bare host."""


class RouteMatch(NamedTuple):
    """Where one request goes; `upstream_model` is the provider's own name of the model ("" = unchanged), `target` the client's
    target without a provider's prefix.
    """

    route: str
    provider: str
    reference: str
    upstream_model: str
    target: str


UNROUTED = RouteMatch(route="", provider="", reference="", upstream_model="", target="")


class RoutingTable:
    """Picks the route of a request by the configuration; a request can name a configured provider, never a host."""

    def __init__(self, config: ProxyConfig) -> None:
        self._providers = config.providers
        self._default = config.provider
        self._reference = config.reference
        self._routes = tuple((re.compile(translate(route.model)), route) for route in config.routes)
        self._bases = {name: parse_base_url(provider.base_url).base for name, provider in config.providers.items()}
        self._own = frozenset({"v1", *(base.split("/")[1] for base in self._bases.values() if base)})
        if "" in self._bases.values():
            self._own |= _OWN_PREFIXES
        self._known = lru_cache(maxsize=_LEGS)(self._find)

    def choose(self, *, model: str, provider_header: str, target: str) -> RouteMatch:
        """The route of a request for `model` ("" = not known) at the raw `target`; NoRouteError when nothing fits."""
        find = self._known if len(target) <= _LONGEST_TARGET else self._find
        return find(model, provider_header, target)

    def indifferent(self, *, provider_header: str, target: str) -> bool:
        """True when a request goes the same way, and out unchanged, whatever its model."""
        forced = provider_header or self._prefix(target)[0]
        routes = [route for _, route in self._routes if not forced or route.provider == forced]
        if any(route.model != "*" for route in routes):
            return False
        provider = forced or (routes[0].provider if routes else self._default)
        return provider not in self._providers or not self._providers[provider].models

    def _find(self, model: str, provider_header: str, target: str) -> RouteMatch:
        prefixed, rest = self._prefix(target)
        forced = provider_header or prefixed
        if forced:
            if forced not in self._providers:
                raise self._unknown(forced)
            return self._forced(forced, model, rest if prefixed == forced else target)
        for pattern, route in self._routes:
            if pattern.match(model):
                return self._match(route, model, target)
        if not self._default:
            asked = f"the model {model!r}" if model else "a request whose model is not known"
            raise NoRouteError(f"no route matches {asked}, and no default provider is configured")
        return self._implied(DEFAULT_ROUTE, self._default, model, target)

    def _forced(self, provider: str, model: str, target: str) -> RouteMatch:
        for pattern, route in self._routes:
            if route.provider == provider and pattern.match(model):
                return self._match(route, model, target)
        return self._implied(provider, provider, model, target)

    def _match(self, route: Route, model: str, target: str) -> RouteMatch:
        return RouteMatch(
            route=route.name,
            provider=route.provider,
            reference=route.reference or self._reference,
            upstream_model=served_name(self._providers[route.provider].models, model),
            target=target,
        )

    def _implied(self, name: str, provider: str, model: str, target: str) -> RouteMatch:
        return RouteMatch(
            route=name,
            provider=provider,
            reference=self._reference,
            upstream_model=served_name(self._providers[provider].models, model),
            target=target,
        )

    def _prefix(self, target: str) -> tuple[str, str]:
        """The provider that the path names, and the target without its name; "" where the path is a provider's own.

        A name counts before `/v1`, and before the path of that provider's own `base_url`.
        """
        name, slash, rest = target[1:].partition("/")
        rest = f"/{rest}"
        base = self._bases.get(name, "")
        if not slash or "?" in name or not (_below("/v1", rest) or (base and _below(base, rest))):
            return "", target
        return ("", target) if name in self._own and name not in self._providers else (name, rest)

    def _unknown(self, name: str) -> NoRouteError:
        return NoRouteError(f"no provider is named {name[:80]!r}; configured: {', '.join(self._providers) or 'none'}")


def _below(path: str, target: str) -> bool:
    """Whether `target` is `path`, or goes on behind it."""
    return target.startswith(path) and target[len(path) : len(path) + 1] in {"", "/", "?"}
