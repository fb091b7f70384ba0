"""Errors in a provider's settings for fitting a request: credentials in clear text, invalid names of fields or members.

Values are never quoted, because what was written in the wrong place may be a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from proxy.routing.header_rules import is_forwarded
from proxy.routing.request_fitting import NEVER_FITTED
from proxy.secret_names import is_secret
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.toml_lines import KeyPath

_FIELD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""The name of an environment variable."""
_KEY = "a key is never written into the file"


def fitting_errors(
    path: KeyPath, provider: Mapping[str, object], environ: Mapping[str, str], *, serving: bool
) -> Iterator[ConfigErrorItem]:
    """Every error in the settings of one provider, whose table is at `path`; of any shape."""
    yield from _members(path, provider)
    yield from _fields(path, provider)
    yield from _variables(path, provider, environ, serving=serving)
    yield from _credentials(path, provider)


def _members(path: KeyPath, provider: Mapping[str, object]) -> Iterator[ConfigErrorItem]:
    for key, at, name in _named(provider):
        if isinstance(name, str) and name in NEVER_FITTED:
            words = "the model is renamed by 'models'" if name == "model" else "it is the request itself, and stays as sent"
            yield ConfigErrorItem(path=(*path, key, at), sentence=f"{quoted(name)} cannot be fitted: {words}")


def _credentials(path: KeyPath, provider: Mapping[str, object]) -> Iterator[ConfigErrorItem]:
    """Members of a body or a query that bear a credential by their name."""
    for key in ("extra_body", "extra_query"):
        for name in filter(is_secret, _table(provider, key)):
            words = f"{quoted(name)} is a credential's name, and {_KEY}; name its environment variable with 'api_key_env'"
            yield ConfigErrorItem(path=(*path, key, name), sentence=words)


def _named(provider: Mapping[str, object]) -> Iterator[tuple[str, str | int, object]]:
    """Every member that the settings name: the setting, the place in it, the name."""
    drop = provider.get("drop")
    for position, name in enumerate(drop if isinstance(drop, (list, tuple)) else ()):
        yield "drop", position, name
    for old, new in _table(provider, "rename").items():
        yield "rename", old, old
        yield "rename", old, new
    for name in _table(provider, "extra_body"):
        yield "extra_body", name, name


def _fields(path: KeyPath, provider: Mapping[str, object]) -> Iterator[ConfigErrorItem]:
    for key in ("extra_headers", "extra_headers_env"):
        for name, value in _table(provider, key).items():
            if not _FIELD.fullmatch(name) or not is_forwarded(name):
                why = "it frames the message, names its server, or is not a valid name"
                words = f"{quoted(name)} is not a header field that can be added: {why}"
                yield ConfigErrorItem(path=(*path, key, name), sentence=words)
            elif key == "extra_headers" and is_secret(name):
                words = f"{quoted(name)} names a credential, and {_KEY}; name its environment variable in 'extra_headers_env'"
                yield ConfigErrorItem(path=(*path, key, name), sentence=words)
            elif key == "extra_headers" and isinstance(value, str) and not _VALUE.fullmatch(value):
                yield ConfigErrorItem(
                    path=(*path, key, name), sentence="the value has a character that a header cannot have (it is not shown)"
                )


def _variables(
    path: KeyPath, provider: Mapping[str, object], environ: Mapping[str, str], *, serving: bool
) -> Iterator[ConfigErrorItem]:
    for name, variable in _table(provider, "extra_headers_env").items():
        at = (*path, "extra_headers_env", name)
        if not isinstance(variable, str) or not VARIABLE.fullmatch(variable):
            words = "must be the name of an environment variable, never the value itself (the text is not shown)"
            yield ConfigErrorItem(path=at, sentence=words)
        elif serving and not environ.get(variable):
            words = "the environment variable of that name (not shown) is not set; set it, or leave this field out"
            yield ConfigErrorItem(path=at, sentence=words)


def _table(provider: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = provider.get(key)
    return value if isinstance(value, Mapping) else {}
