"""Errors between several keys: names that are not defined, addresses that clash, missing keys. Reports all of them in one pass.

It reads the merged tables before they are validated, so that a wrong type in one place hides no error in another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from proxy.routing.provider_origin import ProviderOrigin, parse_base_url, split_address
from shadow.settings.candidate_checks import candidate_errors
from shadow.settings.config_errors import ConfigErrorItem, kind_at, meant, quoted
from shadow.settings.fitting_checks import VARIABLE, fitting_errors
from shadow.settings.price_checks import PRICE_KEYS, price_errors
from shadow.settings.toml_lines import KeyPath
from shadow.settings.top_level_config import Config
from shadow.settings.upstream_checks import reference_error, source_error
from storage.storage_config import is_server

RESERVED = ("v1", "healthz", "metrics", "ui")
SHORTEST_TOKEN = 16
"""Fewest characters of the token of the admin port."""
_SECRETS: Mapping[KeyPath, str] = {
    ("drift", "webhook_secret_env"): "secret",
    ("admin", "token_env"): "token",
    ("otel", "headers_env"): "header fields",
    ("broker", "credentials_env"): "credentials",
}
"""Settings beside `api_key_env` that name a variable, with what the variable holds."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawConfig:
    """The merged tables, of any shape, the environment's variables, and whether `serve` will use them."""

    tables: Mapping[str, object]
    environ: Mapping[str, str]
    serving: bool

    def at(self, *path: str | int) -> object:
        """What the user wrote at the path, else the default, else None."""
        value: object = self.tables
        for part in path:
            table = dict(enumerate(value)) if isinstance(value, list) else value
            if not isinstance(table, Mapping) or part not in table:
                return _default(path)
            value = table[part]
        return value

    def text(self, *path: str | int) -> str:
        """The text at the path; empty when there is none, or something else."""
        value = self.at(*path)
        return value if isinstance(value, str) else ""

    def names(self) -> tuple[str, ...]:
        """The providers' names."""
        providers = self.at("proxy", "providers")
        return tuple(str(name) for name in providers) if isinstance(providers, Mapping) else ()

    def shadowed(self) -> set[str]:
        """The names of the references and candidates, which shadow requests are sent to."""
        return self.compared() | {self.text(*route, "reference") for route in self.routes()}

    def compared(self) -> set[str]:
        """The names of the candidates, and of the references of routes that have candidates."""
        found: set[str] = set()
        for route in self.routes():
            names = self.at(*route, "candidates")
            if isinstance(names, (list, tuple)) and names:
                found |= {*map(str, names), self.text(*route, "reference") or self.text("proxy", "reference")}
        return found

    def routes(self) -> Iterator[KeyPath]:
        """Every place that names a provider with its reference: the defaults, then each route."""
        yield ("proxy",)
        routes = self.at("proxy", "routes")
        for position in range(len(routes)) if isinstance(routes, list) else ():
            yield ("proxy", "routes", position)


def _default(path: KeyPath) -> object:
    kind = kind_at(Config, path[:-1])
    if isinstance(kind, type) and issubclass(kind, BaseModel) and path[-1] in kind.model_fields:
        found = kind.model_fields[str(path[-1])]
        return None if found.is_required() else found.get_default(call_default_factory=True, validated_data={})
    return None


def cross_check(raw: RawConfig) -> list[ConfigErrorItem]:
    """Every error between keys."""
    return [error for rule in RULES for error in rule(raw)]


def _provider_names(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for name in raw.names():
        path = ("proxy", "providers", name)
        if name in RESERVED:
            yield ConfigErrorItem(
                path=path, sentence=f"'{name}' is taken  (taken: {', '.join(RESERVED)}); use another name for the provider"
            )
        elif not _NAME.fullmatch(name):
            yield ConfigErrorItem(
                path=path, sentence="a provider's name is made of a-z, 0-9, _ and -, and begins with a letter or a digit"
            )


def _base_urls(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for name in raw.names():
        path = ("proxy", "providers", name, "base_url")
        url = raw.text(*path)
        sentence = _url_error(url) if url or raw.at(*path) == "" else ""
        if sentence:
            yield ConfigErrorItem(path=path, sentence=sentence)


def _url_error(url: str) -> str:
    try:
        parse_base_url(url)
    except ValueError as error:
        return f"{quoted(url)} {error}"
    return ""


def _short_token(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    variable = raw.text("admin", "token_env")
    token = raw.environ.get(variable, "").strip() if variable else ""
    if raw.serving and token and len(token) < SHORTEST_TOKEN:
        words = f"the token in '{variable}' has {len(token)} characters; it must have {SHORTEST_TOKEN} at least, drawn at random"
        yield ConfigErrorItem(path=("admin", "token_env"), sentence=words)


def _key_variables(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    paths: list[KeyPath] = [("proxy", "providers", name, "api_key_env") for name in raw.names()]
    for path in (*paths, *_SECRETS):
        variable, what = raw.text(*path), _SECRETS.get(path, "key")
        if variable and not VARIABLE.fullmatch(variable):
            words = f"must be the name of an environment variable, never the {what} itself (the text is not shown)"
            yield ConfigErrorItem(path=path, sentence=words)
        elif variable and raw.serving and not raw.environ.get(variable):
            # because what was written here by mistake may be the key itself
            named = f"'{variable}'" if variable == variable.upper() and len(variable) < 60 else "of that name (not shown)"
            words = f"the environment variable {named} is not set; set it to the {what}, or leave {path[-1]} out"
            yield ConfigErrorItem(path=path, sentence=words)


def _fittings(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for name in raw.names():
        path = ("proxy", "providers", name)
        table = raw.at(*path)
        if isinstance(table, Mapping):
            yield from fitting_errors(path, table, raw.environ, serving=raw.serving)


def _prices(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for name in raw.names():
        path = ("proxy", "providers", name)
        table = raw.at(*path)
        if isinstance(table, Mapping):
            yield from price_errors(path, table)
    for place, names, remedy in (
        (("shadow",), raw.shadowed(), "or limit requests or tokens"),
        *((tenant, raw.shadowed(), "or limit requests or tokens") for tenant in _tenant_budgets(raw)),
        (("tournament",), raw.compared(), "or leave tournament.money out"),
    ):
        for name in sorted(names) if raw.at(*place, "money") else ():
            if name in raw.names() and not _has_price(raw, name):
                words = (
                    f"no price of {quoted(name)} is configured, so that what is shadowed to it counts no money; "
                    f"give it price_input and price_output, {remedy}"
                )
                yield ConfigErrorItem(path=(*place, "money"), sentence=words)


def _tenant_budgets(raw: RawConfig) -> Iterator[KeyPath]:
    tenants = raw.at("tenants")
    for position in range(len(tenants)) if isinstance(tenants, list) else ():
        yield ("tenants", position, "budget")


def _has_price(raw: RawConfig, name: str) -> bool:
    return any(raw.at("proxy", "providers", name, key) not in (None, [], ()) for key in PRICE_KEYS)


def _webhook(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    url, path = raw.text("drift", "webhook"), ("drift", "webhook")
    if not url:
        return
    try:
        split_address(url)
    except ValueError:
        # because its path is usually a secret
        shown = quoted(re.sub(r"(?<=[^:/])/.*|(?<=//)/.*", "/...", url, flags=re.DOTALL))
        words = f"{shown} is not an http:// or https:// address with a host; write it like https://hooks.example.com/alarms"
        yield ConfigErrorItem(path=path, sentence=words)


def _unknown_names(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for route in raw.routes():
        for key in ("provider", "reference"):
            name = raw.text(*route, key)
            if name and name not in raw.names():
                yield ConfigErrorItem(path=(*route, key), sentence=f"no such provider: {quoted(name)}{meant(name, raw.names())}")


def _candidates(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    places = raw.at("tournament", "places")
    for route in list(raw.routes())[1:]:
        yield from candidate_errors(
            (*route, "candidates"),
            _texts(raw, *route, "candidates"),
            providers=raw.names(),
            live=raw.text(*route, "provider"),
            reference=raw.text(*route, "reference") or raw.text("proxy", "reference"),
            places=places if isinstance(places, int) else None,
        )


def _twice(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    names: dict[str, KeyPath] = {}
    targets: dict[tuple[str, str], KeyPath] = {}
    for route in list(raw.routes())[1:]:
        name, target = raw.text(*route, "name"), (raw.text(*route, "model"), raw.text(*route, "provider"))
        if name and names.setdefault(name, route) != route:
            yield ConfigErrorItem(
                path=(*route, "name"), sentence=f"two routes are called {quoted(name)}; give this one another name"
            )
        if target[1] and targets.setdefault(target, route) != route:
            first = quoted(raw.text(*targets[target], "name"))
            words = f"the route {first} sends model {quoted(target[0])} to {quoted(target[1])} already; this one is never reached"
            yield ConfigErrorItem(path=(*route, "model"), sentence=words)


def _no_provider(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    if raw.serving and not raw.names():
        words = "no provider at all; write a [proxy.providers.NAME] table with its base_url, or start with --upstream URL"
        yield ConfigErrorItem(path=("proxy", "providers"), sentence=words)


def _addresses(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    ports: dict[int, str] = {}
    for path in (("proxy", "listen"), ("admin", "listen")):
        if not isinstance(raw.at(*path), str):
            continue
        port = listen_port(raw.text(*path))
        if port is None:
            words = f"must be host:port such as {_default(path)}, but is {quoted(raw.at(*path))}"
            yield ConfigErrorItem(path=path, sentence=words)
        elif port and ports.setdefault(port, path[0]) != path[0]:
            yield ConfigErrorItem(
                path=path, sentence=f"port {port} is the data port already (proxy.listen); give the admin port another"
            )


def listen_port(text: str) -> int | None:
    """The port of `host:port` or `[v6]:port`; None when it is not that."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%a-z]+\]|[^\s:/@\[\]]+):([0-9]{1,5})", text)
    return int(found.group(2)) if found and int(found.group(2)) <= 65_535 else None


def _routers(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for name in raw.names():
        path = ("proxy", "providers", name, "upstream_from")
        if error := source_error(path, raw.text(*path)):
            yield error
    for route in raw.routes():
        reference = raw.text(*route, "reference")
        if reference and (
            error := reference_error((*route, "reference"), reference, raw.text("proxy", "providers", reference, "upstream_from"))
        ):
            yield error


def _web_pages(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    for position, origin in enumerate(_texts(raw, "proxy", "origins")):
        if not _ORIGIN.fullmatch(origin):
            words = f"{quoted(origin)} is not an origin; write it as browsers send it, without a path: https://chat.example.com"
            if origin in {"*", "null"}:
                words = f"{quoted(origin)} would let any web page use the keys; name each origin, like https://chat.example.com"
            yield ConfigErrorItem(path=("proxy", "origins", position), sentence=words)
    for position, host in enumerate(_texts(raw, "proxy", "hosts")):
        if not _HOST.fullmatch(host):
            words = f"{quoted(host)} is not a host name; write it without scheme, port or path, like llm.example.com"
            yield ConfigErrorItem(path=("proxy", "hosts", position), sentence=words)


def _texts(raw: RawConfig, *path: str | int) -> list[str]:
    value = raw.at(*path)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _store(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    url = raw.text("storage", "url")
    if is_server(url) or raw.text("storage", "url_env"):
        return
    file = url.removeprefix("sqlite:///") if url.startswith("sqlite:") else url
    if isinstance(raw.at("storage", "url"), str) and (not file or "://" in file or file.startswith("sqlite:")):
        known = "sqlite:///file.db for a file of this folder, sqlite:////var/lib/file.db for one elsewhere, postgresql://USER@HOST/DATABASE"
        yield ConfigErrorItem(path=("storage", "url"), sentence=f"no such store: {quoted(url)}  (known: {known})")


def _audit_workers(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    workers, places = raw.at("shadow", "audit_workers"), raw.at("shadow", "concurrency")
    if isinstance(workers, int) and isinstance(places, int) and workers > places >= 1:
        words = (
            f"{workers} workers share {places} shadow requests at once, so some could send none; lower it, or raise concurrency"
        )
        yield ConfigErrorItem(path=("shadow", "audit_workers"), sentence=words)


def _same_server(raw: RawConfig) -> Iterator[ConfigErrorItem]:
    if raw.at("shadow", "control_fraction") != 0:
        return
    for route in raw.routes():
        provider = raw.text(*route, "provider")
        reference = raw.text(*route, "reference") or raw.text("proxy", "reference")
        if provider and reference and same_server(raw, provider, reference):
            words = (
                f"{quoted(reference)} and the provider {quoted(provider)} are one server; only a control shows its noise: "
                "set shadow.control_fraction above 0, or name another reference"
            )
            yield ConfigErrorItem(path=(*route, "reference"), sentence=words)


def same_server(raw: RawConfig, one: str, other: str) -> bool:
    """Whether two names stand for one address and the same models."""
    first, second = (("proxy", "providers", name) for name in (one, other))
    origin = _origin(raw.text(*first, "base_url"))
    alike = origin is not None and origin == _origin(raw.text(*second, "base_url"))
    compared = ("models", "extra_body", "extra_headers", "extra_headers_env", "extra_query")
    return one == other or (alike and all(raw.at(*first, key) == raw.at(*second, key) for key in compared))


def _origin(url: str) -> ProviderOrigin | None:
    try:
        return parse_base_url(url)
    except ValueError:
        return None


RULES: tuple[Callable[[RawConfig], Iterator[ConfigErrorItem]], ...] = (
    _no_provider,
    _provider_names,
    _base_urls,
    _key_variables,
    _short_token,
    _fittings,
    _prices,
    _webhook,
    _unknown_names,
    _routers,
    _candidates,
    _twice,
    _addresses,
    _web_pages,
    _store,
    _audit_workers,
    _same_server,
)
