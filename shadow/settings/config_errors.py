"""Errors of a configuration as sentences: the place, what the user wrote, which values are valid, and what was probably meant.

A misplaced secret is never repeated: values are quoted only after `shown` has checked them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import inf
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from shadow.findings.number_words import number_of
from shadow.settings.toml_lines import KeyPath, nearest_line


class ConfigError(Exception):
    """All errors of a configuration, one finished sentence each."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(self.errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigErrorItem:
    """One error at one key; `sentence` continues after the key's name."""

    path: KeyPath
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSource:
    """Where values came from: the file's name and the lines of its keys, and which keys a variable or a flag has set."""

    file: str = ""
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)


def sentences(errors: Iterable[ConfigErrorItem], origin: ConfigSource) -> list[str]:
    """The errors in the order of the file, each with the place where it was written; the rest after them."""
    placed = sorted({(_line(error, origin), _sentence(error, origin)) for error in errors})
    return [sentence for _, sentence in placed]


def _line(error: ConfigErrorItem, origin: ConfigSource) -> float:
    line = None if _override(error.path, origin) else nearest_line(origin.lines, error.path)
    return line or inf


def _override(path: KeyPath, origin: ConfigSource) -> str:
    for length in range(len(path), 0, -1):
        if path[:length] in origin.overrides:
            return origin.overrides[path[:length]]
    return ""


def _sentence(error: ConfigErrorItem, origin: ConfigSource) -> str:
    name = dotted(error.path)
    override = _override(error.path, origin)
    if override:
        return f"{override}: {name}: {error.sentence}"
    line = nearest_line(origin.lines, error.path)
    place = f"{origin.file}:{line}: " if origin.file and line else f"{origin.file}: " if origin.file else ""
    return f"{place}{name}: {error.sentence}" if name else f"{place}{error.sentence}"


def dotted(path: KeyPath) -> str:
    """`proxy.routes[0].provider` for ("proxy", "routes", 0, "provider")."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_key(part)}" if text else _key(part)
    return text


def _key(part: str) -> str:
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{shown(part)}"'


_SECRETS = re.compile(r"\b(?:sk|pk|gsk|xai|hf|key|rk|api|tok|token)[-_][A-Za-z0-9_-]{8,}|[A-Za-z0-9+/_-]{40,}")
_USERINFO = re.compile(r"(//)[^/@\s?#]*@")
_QUERY = re.compile(r"(://[^?#\s]*)[?#]\S*")


def shown(text: str) -> str:
    """The user's text fit for a screen, at most 80 characters: passwords, queries and likely keys are masked."""
    text = _QUERY.sub(r"\1?***", _USERINFO.sub(r"\1***@", text))
    text = _SECRETS.sub("***", text)
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 80 else text[:77] + "..."


def quoted(value: object) -> str:
    """A value as the user wrote it, in quotes when it is text; lists and tables by their kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value}"
    if isinstance(value, str):
        return f"'{shown(value)}'"
    return "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, Sequence) else "another kind of value"


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'provider'? (known: name, provider)`, as far as either is known."""
    names = list(known)
    lowered = {name.lower(): name for name in names}
    near = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    guess = f"; did you mean '{lowered[near[0]]}'?" if near else ""
    return f"{guess}  (known: {', '.join(names)})" if names else guess


_UNKNOWN_BUT_CLEAR = {
    "api_key": "keys are never written into the file; name the environment variable that holds it with 'api_key_env'",
    "key": "keys are never written into the file; name the environment variable that holds it with 'api_key_env'",
    "token": "keys are never written into the file; name the environment variable that holds it with 'api_key_env'",
}


def explain(errors: Iterable[ErrorDetails], model: type[BaseModel]) -> list[ConfigErrorItem]:
    """The errors that pydantic found, in our words; `model` has the known keys."""
    return [ConfigErrorItem(path=tuple(error["loc"]), sentence=_words(error, model)) for error in errors if not _follows(error)]


def _follows(error: ErrorDetails) -> bool:
    """Whether a list is called too short only because some of its entries are wrong, each of which is an error of its own."""
    value = error.get("input")
    return error["type"] == "too_short" and isinstance(value, (list, tuple)) and len(value) >= error["ctx"]["min_length"]


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, path = error["type"], error.get("input"), tuple(error["loc"])
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), known_keys(model, path[:-1]))
    if kind == "missing":
        return "is missing, and must be given"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind in {"literal_error", "enum"}:
        choices = [word or number for word, number in re.findall(r"'([^']*)'|(\d+)", str(error["ctx"]["expected"]))]
        word = value if isinstance(value, str) and value not in choices else ""  # '3' in quotes is no 3
        return f"no such choice: {quoted(value)}{meant(word, choices)}"
    if kind in _BOUNDS:
        words, limit = _BOUNDS[kind]
        return f"must be {words} {error['ctx'][limit]}, but is {quoted(value)}"
    if kind in _LENGTHS:
        words, limit = _LENGTHS[kind]
        bound = number_of(error["ctx"][limit], "entry", "entries", form="d")
        return f"must have {words} {bound}, but has {error['ctx']['actual_length']}"
    if kind in _CHARACTERS:
        words, limit = _CHARACTERS[kind]
        return f"must have {words} {number_of(error['ctx'][limit], 'character', form='d')}, but is {quoted(value)}"
    if kind == "string_pattern_mismatch":
        return f"must have the form {error['ctx']['pattern']}, but is {quoted(value)}"
    for start, wanted in _KINDS.items():
        if kind.startswith(start):
            return f"must be {wanted}, but is {quoted(value)}"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}, but is {quoted(value)}"


_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
_LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
_CHARACTERS = {"string_too_short": ("at least", "min_length"), "string_too_long": ("at most", "max_length")}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "bool": "true or false",
    "tuple": "a list",
    "dict": "a table",
    "model": "a table",
    "date": "a date such as 2026-11-29",
}


def _unknown_key(word: str, known: Sequence[str]) -> str:
    advice = _UNKNOWN_BUT_CLEAR.get(word)
    if advice and "api_key_env" in known:
        return f"no such key; {advice}"
    return f"no such key{meant(word, known)}"


def known_keys(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """The keys that may stand in the table at `path`; empty where any key may."""
    kind = kind_at(model, path)
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return ()
    return tuple(field.alias or name for name, field in kind.model_fields.items())


def kind_at(model: type[BaseModel], path: KeyPath) -> object:
    """The type of the value at `path` as its model declares it; None where there can be no such value."""
    kind: object = model
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            declared = next((field for name, field in kind.model_fields.items() if (field.alias or name) == part), None)
            kind = _plain(declared.annotation) if declared else None
        elif get_origin(kind) in {dict, tuple}:
            kind = _plain(get_args(kind)[1 if get_origin(kind) is dict else 0])
        else:
            return None
    return kind


def _plain(kind: object) -> object:
    """The type itself, without its bounds and without `or None`."""
    if hasattr(kind, "__metadata__"):
        return _plain(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return _plain(next(part for part in get_args(kind) if part is not type(None)))
    return kind
