"""RoutingConfig: where requests may go, made once of a configuration and the environment that holds its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proxy.client.browser_policy import BrowserPolicy
from proxy.routing.outbound_proxy import origin_of
from proxy.routing.provider_origin import ProviderOrigin
from proxy.routing.request_fitting import RequestFitting, fitting_of
from proxy.routing.routing_table import RouteMatch, RoutingTable
from proxy.routing.tenant_keys import TenantKeys

if TYPE_CHECKING:
    from proxy.provider_config import ProxyConfig, TenantKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingConfig:
    """The routes, and by provider the address, the key that replaces the clients', and its field."""

    table: RoutingTable
    origins: Mapping[str, ProviderOrigin]
    keys: Mapping[str, str]
    key_fields: Mapping[str, str]
    secrets: tuple[bytes, ...]
    """The keys as they go out."""
    browser: BrowserPolicy
    """Which web pages may use the keys."""
    fittings: Mapping[str, RequestFitting] = field(default_factory=dict)
    """How the requests of the providers with `fit_live` are fitted; those of all others leave as they came."""
    keyed_routes: frozenset[str] = frozenset()
    """The routes whose candidates get a copy with a key of the operator."""
    tenants: TenantKeys | None = None
    """Whose requests are taken; None: every client's."""

    @classmethod
    def of(cls, config: ProxyConfig, environ: Mapping[str, str], tenants: Sequence[TenantKey] = ()) -> RoutingConfig:
        """The routing of `config`; wrong addresses and missing keys are a ValueError."""
        origins = {name: origin_of(config, name, environ) for name in config.providers}
        keys = read_keys(config, environ)
        fittings = {name: fitting_of(found, environ) for name, found in config.providers.items() if found.fit_live}
        secrets = (*keys.values(), *_secret_fields(config, environ))
        return cls(
            table=RoutingTable(config),
            origins=origins,
            keys=keys,
            key_fields={name: provider.api_key_header for name, provider in config.providers.items()},
            secrets=tuple(value.encode("latin-1") for value in secrets),
            browser=BrowserPolicy.of(config),
            fittings={name: fitting for name, fitting in fittings.items() if fitting.changes_anything},
            keyed_routes=frozenset(route.name for route in config.routes if keys.keys() & set(route.candidates)),
            tenants=TenantKeys.of(tenants, environ),
        )

    def adds_key(self, provider: str) -> bool:
        """True when a request to `provider` leaves with a key of the operator."""
        fitting = self.fittings.get(provider)
        return provider in self.keys or (fitting is not None and bool(fitting.headers))

    def uses_key(self, route: RouteMatch) -> bool:
        """True when a request by `route`, or its copy to the reference or a candidate, leaves with a key of the operator."""
        return self.adds_key(route.provider) or route.reference in self.keys or route.route in self.keyed_routes


def read_keys(config: ProxyConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The credentials by provider; a ValueError names the variable that is not set."""
    keys: dict[str, str] = {}
    for name, provider in config.providers.items():
        if provider.api_key_env:
            keys[name] = _read(environ, name, provider.api_key_env, "api_key_env")
        for header, variable in provider.extra_headers_env.items():
            _read(environ, name, variable, f"extra_headers_env, {header}")
    return keys


def _read(environ: Mapping[str, str], provider: str, variable: str, setting: str) -> str:
    value = environ.get(variable, "").strip()
    if value and value.isascii() and value.isprintable():
        return value
    reason = "holds what cannot stand in a header" if value else "is not set"
    raise ValueError(f"provider {provider!r}: the variable {variable} ({setting}) {reason}")


def _secret_fields(config: ProxyConfig, environ: Mapping[str, str]) -> Iterator[str]:
    """The values of header fields that come from the environment."""
    for variable in {each for provider in config.providers.values() for each in provider.extra_headers_env.values()}:
        if value := environ.get(variable, "").strip():
            yield value
