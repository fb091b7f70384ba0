"""Settings that take precedence over the file: SAMEWEIGHTS_* variables, and flags over those; each value records which of them
set it.

`SAMEWEIGHTS_SHADOW__SAMPLE_RATE=0.2` is `sample_rate` of `[shadow]`: two underscores go one table down. A list, and a table with
names of the user's own (`models`), is given whole, as JSON. A variable that matches no key is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from shadow.settings.config_errors import kind_at, known_keys
from shadow.settings.toml_lines import KeyPath

PREFIX = "SAMEWEIGHTS_"
FILE_VARIABLE, DB_VARIABLE = "SAMEWEIGHTS_CONFIG", "SAMEWEIGHTS_DB"
"""Variables without a key of their own: the file that is read, and the database, as `storage.url`."""
_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridingValue:
    """One value that takes precedence over the file; `origin` is the variable's or the flag's name."""

    path: KeyPath
    value: object
    origin: str


def from_environment(
    model: type[BaseModel], environ: Mapping[str, str], *, named: Collection[str], providers: Collection[str]
) -> tuple[list[OverridingValue], list[str]]:
    """The settings in the environment, and one sentence for each unknown SAMEWEIGHTS_ variable.

    `named` are variables that `api_key_env` names: they may be called as they like. `providers` are the file's own, so that
    PROVIDERS__MY_HOST finds `my-host`.
    """
    settings: list[OverridingValue] = []
    errors: list[str] = []
    for name in sorted(environ):
        if name.upper().startswith(PREFIX) and name not in {*named, FILE_VARIABLE}:
            path = ("storage", "url") if name == DB_VARIABLE else _path(model, name, providers)
            if path:
                settings.append(OverridingValue(path=path, value=_value(kind_at(model, path), environ[name]), origin=name))
                settings += _alone(name) if name == DB_VARIABLE else []
            else:
                errors.append(f"{name}: no such variable{_meant(model, name)}")
    return settings, errors


def _path(model: type[BaseModel], name: str, providers: Collection[str]) -> KeyPath:
    if not name.startswith(PREFIX):
        return ()
    path: KeyPath = ()
    for part in name.removeprefix(PREFIX).split("__"):
        key, kind = part.lower(), kind_at(model, path)
        if get_origin(kind) is dict and _is_section(get_args(kind)[1]) and key:
            key = next((own for own in providers if own.replace("-", "_").lower() == key), key)
        elif part != part.upper() or key not in known_keys(model, path):
            return ()
        path = (*path, key)
    return path if _settable(kind_at(model, path)) else ()


def _settable(kind: object) -> bool:
    """A value, or a table with free names; never a section, whose keys have variables of their own."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return False
    return get_origin(kind) is not dict or not _is_section(get_args(kind)[1])


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _value(kind: object, text: str) -> object:
    """The text converted to the type of the key; text that does not fit stays text, and is then refused with its key."""
    if kind is bool:
        return _WORDS.get(text.strip().lower(), text)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    if kind in {int, float} or get_origin(kind) in {dict, tuple} or int in set(map(type, choices)):
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text


def variables(model: type[BaseModel], path: KeyPath = ()) -> Iterator[str]:
    """Every variable there is, `<NAME>` standing for a provider's own."""
    for key in known_keys(model, path):
        below = (*path, key)
        kind = kind_at(model, below)
        if _settable(kind):
            yield PREFIX + "__".join(str(part) if part == "<NAME>" else str(part).upper() for part in below)
        elif get_origin(kind) is dict:
            yield from variables(model, (*below, "<NAME>"))
        else:
            yield from variables(model, below)


def _meant(model: type[BaseModel], name: str) -> str:
    # compared without the prefix, which would make everything look alike
    known = [variable.removeprefix(PREFIX) for variable in variables(model)]
    near = get_close_matches(name.upper().removeprefix(PREFIX), known, n=1, cutoff=0.7)
    guess = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{guess}  (known: {PREFIX}SECTION__KEY for each key of sameweights.toml, see `sameweights config schema`)"


_FLAGS: Mapping[str, KeyPath] = {
    "upstream": ("proxy", "providers", "upstream", "base_url"),
    "upstream_key_env": ("proxy", "providers", "upstream", "api_key_env"),
    "reference": ("proxy", "providers", "reference", "base_url"),
    "reference_model": ("proxy", "providers", "reference", "models", "*"),
    "reference_key_env": ("proxy", "providers", "reference", "api_key_env"),
    "sample_rate": ("shadow", "sample_rate"),
    "listen": ("proxy", "listen"),
    "admin": ("admin", "listen"),
    "db": ("storage", "url"),
    "workers": ("proxy", "workers"),
    "log_level": ("log", "level"),
    "log_format": ("log", "format"),
}
_NEEDS = {"upstream_key_env": "upstream", "reference_model": "reference", "reference_key_env": "reference"}


def from_flags(flags: Mapping[str, object]) -> tuple[list[OverridingValue], list[str]]:
    """The settings that flags make, and a sentence for each flag that has no effect without another; None is not given."""
    given = {name: value for name, value in flags.items() if value is not None}
    alone = {name: needed for name, needed in _NEEDS.items() if name in given and needed not in given}
    errors = [f"{_flag(name)}: means nothing without {_flag(needed)} URL" for name, needed in alone.items()]
    settings = [
        OverridingValue(path=_FLAGS[name], value=_store_url(value) if name == "db" else value, origin=_flag(name))
        for name, value in given.items()
        if name not in alone
    ]
    settings += _alone(_flag("db")) if "db" in given else []
    for role, key in (("upstream", "provider"), ("reference", "reference")):
        if role in given:
            settings.append(OverridingValue(path=("proxy", key), value=role, origin=_flag(role)))
    return settings, errors


def _alone(origin: str) -> list[OverridingValue]:
    """What names another database in the file counts no more, where a flag or a variable names one."""
    return [OverridingValue(path=("storage", key), value="", origin=origin) for key in ("url_env", "read_url_env")]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _store_url(value: object) -> object:
    return value if not isinstance(value, str) or "://" in value else f"sqlite:///{value}"
