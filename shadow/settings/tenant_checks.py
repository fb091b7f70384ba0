"""Checks of `[[tenants]]` before the start: names, keys and routes, a sentence each; no sentence holds a key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from shadow.findings.number_words import number_of
from shadow.settings.config_errors import ConfigErrorItem, meant, quoted
from shadow.settings.fitting_checks import VARIABLE
from shadow.settings.top_level_config import AdminToken, Config, TenantConfig

SHORTEST_KEY = 16
"""Fewest characters of a tenant's key and of a token."""
DEFAULT_ROUTE = "default"
"""The route of requests that no route takes."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def tenant_errors(config: Config, environ: Mapping[str, str]) -> Iterator[ConfigErrorItem]:
    """Every setting of a tenant that cannot be used."""
    routes = [*(route.name for route in config.proxy.routes), *config.proxy.providers, DEFAULT_ROUTE]
    names = Counter(tenant.name for tenant in config.tenants)
    keys = Counter(_given(tenant.key_env, environ) for tenant in config.tenants)
    for place, tenant in enumerate(config.tenants):
        sentences = [
            ("name", _name_error(tenant.name, names)),
            ("key_env", _key_error(tenant, environ, keys)),
            *(("routes", _route_error(route, routes)) for route in tenant.routes),
        ]
        yield from (ConfigErrorItem(path=("tenants", place, key), sentence=sentence) for key, sentence in sentences if sentence)


def token_errors(config: Config, environ: Mapping[str, str]) -> Iterator[ConfigErrorItem]:
    """Every setting of `admin.tokens` that cannot be used."""
    tenants = [tenant.name for tenant in config.tenants]
    names = Counter(each.name for each in config.admin.tokens)
    given = Counter(_given(variable, environ) for variable in (config.admin.token_env, *_variables(config)) if variable)
    for place, each in enumerate(config.admin.tokens):
        sentences = [
            ("name", f"{quoted(each.name)} is the name of two tokens; give each its own" if names[each.name] > 1 else ""),
            ("token_env", _token_error(each.token_env, environ, given)),
            *(
                ("tenants", f"no tenant is named {quoted(name)}{meant(name, tenants)}")
                for name in each.tenants
                if name not in tenants
            ),
            ("tenants", _useless(each)),
        ]
        yield from (
            ConfigErrorItem(path=("admin", "tokens", place, key), sentence=sentence) for key, sentence in sentences if sentence
        )


def _variables(config: Config) -> Iterator[str]:
    yield from (each.token_env for each in config.admin.tokens)


def _token_error(variable: str, environ: Mapping[str, str], given: Counter[str]) -> str:
    if not VARIABLE.fullmatch(variable):
        return "must be the name of an environment variable, never the token itself (the text is not shown)"
    token = _given(variable, environ)
    if not token:
        return f"the environment variable {quoted(variable)} is not set; set it to the token"
    if weak := _weak("token", variable, token):
        return weak
    return "two tokens are the same, so that it is not known what they may read; draw another one" if given[token] > 1 else ""


def _given(variable: str, environ: Mapping[str, str]) -> str:
    """The key or token that a variable holds, without the newline of the file that it was read from."""
    return environ.get(variable, "").strip()


def _weak(what: str, variable: str, secret: str) -> str:
    """Why a key or a token is none: a header field carries printable ASCII (RFC 9110, 5.5), and a short one can be found."""
    if secret.isascii() and secret.isprintable() and len(secret) >= SHORTEST_KEY:
        return ""
    return f"the {what} in {quoted(variable)} must have {SHORTEST_KEY} printable ASCII characters at least, drawn at random"


def _useless(token: AdminToken) -> str:
    return (
        'a token that may read "figures" sees those of all; tenants belong to may = "words"'
        if token.tenants and token.may == "figures"
        else ""
    )


def tenant_advice(config: Config) -> Iterator[str]:
    """A sentence for each setting of a tenant that is valid and has no effect."""
    for tenant in config.tenants:
        if tenant.keep_days and tenant.keep_days > config.storage.keep_days:
            kept = number_of(tenant.keep_days, "day", form="g")
            yield (
                f"tenants: {quoted(tenant.name)} keeps records for {kept}, but storage.keep_days deletes all "
                f"after {config.storage.keep_days:g}: raise storage.keep_days, and give the others a shorter keep_days"
            )


def _name_error(name: str, names: Counter[str]) -> str:
    if not _NAME.fullmatch(name):
        return f"{quoted(name)} is not a valid tenant name: a-z, 0-9, _ and -, 64 characters at most, first a letter or a digit"
    return f"{quoted(name)} is the name of two tenants; give each its own" if names[name] > 1 else ""


def _key_error(tenant: TenantConfig, environ: Mapping[str, str], keys: Counter[str]) -> str:
    if not VARIABLE.fullmatch(tenant.key_env):
        return "must be the name of an environment variable, never the key itself (the text is not shown)"
    key = _given(tenant.key_env, environ)
    if not key:
        unset = f"the environment variable {quoted(tenant.key_env)} is not set"
        return f"{unset}; set it to the key that the tenant's clients send, and start serve with it"
    if weak := _weak("key", tenant.key_env, key):
        return weak
    return "two tenants have the same key; draw another one" if keys[key] > 1 else ""


def _route_error(route: str, routes: list[str]) -> str:
    return "" if route in routes else f"no route is named {quoted(route)}{meant(route, routes)}"
