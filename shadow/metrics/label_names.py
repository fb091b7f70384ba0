"""Names that may be a metric label: those of the configuration, and where it names no model a bounded few that were answered.
Pure: the same configuration and the same answers give the same labels, in every process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from shadow.settings.top_level_config import Config

OTHER = "other"
DEFAULT_ROUTE = "default"
GLOB = re.compile(r"[*?\[]")
MOST = 10_000
MODEL = re.compile(r"[!-~]{1,128}")
"""What a model that the configuration does not name must look like to become a label: printable ASCII without spaces."""
PAIR_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What may stand in an exemplar, which holds 128 characters in all."""


class LabelNames:
    """The closed sets of names of one configuration."""

    def __init__(self, config: Config) -> None:
        self._providers: dict[str, str] = {}
        self._routes: dict[str, str] = {}
        self._tenants: dict[str, str] = {}
        self._models: dict[str, str] = {}
        self._learned: set[str] = set()
        self.learn(config)

    def __repr__(self) -> str:
        return f"<LabelNames providers={len(self._providers)} models={len(self._models)} learned={len(self._learned)}>"

    def learn(self, config: Config) -> None:
        """Add the names of `config`; at most `MOST` of a kind, however often it is changed."""
        proxy = config.proxy
        self._config = config
        for known, names in (
            (self._providers, [*proxy.providers]),
            (self._routes, [DEFAULT_ROUTE, *(route.name for route in proxy.routes), *proxy.providers]),
            (self._tenants, [tenant.name for tenant in config.tenants]),
            (self._models, [*self._route_models(), *self._provider_models(), *config.admin.models]),
        ):
            for name, label in _labels(names).items():
                if name in known or len(known) < MOST:
                    known[name] = label

    def provider(self, name: str) -> str:
        """The label of a provider."""
        return self._providers.get(name, OTHER)

    def tenant(self, name: str) -> str:
        """The label of a tenant."""
        return self._tenants.get(name, OTHER)

    def route(self, name: str) -> str:
        """The label of a route; routes implied by a provider are named after it."""
        return self._routes.get(name, OTHER)

    def model(self, name: str) -> str:
        """The label of a model: one that a route, a provider or `admin.models` names in full, or that was answered."""
        return name if name in self._learned else self._models.get(name, OTHER)

    def answered(self, model: str) -> bool:
        """Make a label of a model that a provider answered, if there is room; True when it is a new one.

        Only where the configuration names no model: a one-line start would have every model under `other`.
        """
        if self._models or model in self._learned or len(self._learned) >= self._config.admin.learn_models:
            return False
        if not MODEL.fullmatch(model) or model == OTHER:
            return False
        self._learned.add(model)
        return True

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many labels there are for routes, providers and models, `other` among them."""
        models = len({*self._models.values(), OTHER}) + (0 if self._models else self._config.admin.learn_models)
        return len({*self._routes.values(), OTHER}), len({*self._providers.values(), OTHER}), models

    @property
    def upstreams(self) -> int:
        """The most servers of one router that are labels, with "" for a provider as a whole, `other` and `unnamed`."""
        routers = (each.max_upstreams for each in self._config.proxy.providers.values() if each.upstream_from)
        return 1 + max((most + 2 for most in routers), default=0)

    @property
    def named_models(self) -> int:
        """How many models the configuration names in full."""
        return len({*self._models.values()} - {OTHER})

    def exemplar(self, pair_id: str) -> dict[str, str] | None:
        """The exemplar that leads from a series to a stored pair, None when there is no such id."""
        return {"pair_id": pair_id} if PAIR_ID.fullmatch(pair_id) else None

    def expected(self) -> Iterator[tuple[str, str]]:
        """The (provider, model) labels that live traffic can be expected to have: the models that the configuration ties to a
        provider. Those of others begin with their first answer, because a series at 0 of a model that is never used is drawn too.
        """
        for name, provider in self._config.proxy.providers.items():
            routed = (route.model for route in self._config.proxy.routes if route.provider == name)
            models = {*map(self.model, provider.models), *map(self.model, routed)} - {OTHER}
            yield from ((self.provider(name), model) for model in sorted(models))

    def _route_models(self) -> Iterator[str]:
        return (route.model for route in self._config.proxy.routes if not GLOB.search(route.model))

    def _provider_models(self) -> Iterator[str]:
        providers = self._config.proxy.providers.values()
        return (requested for provider in providers for requested in provider.models if requested != "*")


def _labels(names: Iterable[str]) -> dict[str, str]:
    # because an environment variable may hold bytes that are not UTF-8, and one of them would end every scrape
    return {name: name.encode("utf-8", "replace").decode() for name in names}
