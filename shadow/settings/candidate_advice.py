"""candidate_advice(): candidates that are valid and probably not meant: without a key, or one server under two names."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.provider_config import Route
from shadow.settings.config_errors import quoted
from shadow.settings.cross_checks import RawConfig, same_server
from shadow.settings.top_level_config import Config


def candidate_advice(config: Config) -> Iterator[str]:
    """A warning for each candidate without a key, and for each that is another provider of its route under a second name."""
    routes = [route for route in config.proxy.routes if route.candidates]
    for name in sorted({name for route in routes for name in route.candidates}):
        if not config.proxy.providers[name].api_key_env:
            yield f"proxy.providers.{name}: no api_key_env, so this candidate gets no key; the client's own is never sent to one"
    draft = RawConfig(tables=config.model_dump(mode="json"), environ={}, serving=False)
    for route in routes:
        yield from _of_one_server(route, route.reference or config.proxy.reference, draft)


def _of_one_server(route: Route, reference: str, draft: RawConfig) -> Iterator[str]:
    known = {reference: "nothing is measured of it", route.provider: "the same answers are paid for twice"}
    for name in route.candidates:
        for other, why in known.items():
            if other and same_server(draft, name, other):
                yield f"route {route.name}: the candidate {quoted(name)} and {quoted(other)} are one server: {why}; leave it out"
                break
        known[name] = "one of them shows all that there is to see"
