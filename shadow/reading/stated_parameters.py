"""The parameters that a request sets, and those that an answer states it was made with, by the same dotted names.

Only what can be compared is taken: numbers, booleans, short words, the name of a forced tool. A null is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

from shadow.reading.lenient_json import repaired

Value = bool | int | float | str
PLAIN = (
    *("temperature", "top_p", "max_output_tokens", "max_tool_calls", "top_logprobs", "presence_penalty", "frequency_penalty"),
    *("parallel_tool_calls", "store", "truncation", "service_tier", "tool_choice"),
)
"""Members of a response that repeat those of its request."""
NESTED = {"reasoning": ("effort", "summary"), "text": ("verbosity",)}
USAGE_MEMBERS = ("service_tier", "inference_geo", "speed")
"""What the usage of `/v1/messages` states: the tier, the region and the speed that served the request."""
_DATED = re.compile(r"_\d{4}_\d{2}_\d{2}\Z")
_TEXT: Mapping[str, Value] = {"text.format": "text"}
_EITHER = (*PLAIN, *USAGE_MEMBERS)
LONGEST = 80
"""Characters of a word that are kept."""


def stated_parameters(given: Mapping[str, Any]) -> dict[str, Value]:
    """The parameters of a request of any API, or of an answer of `/v1/responses`."""
    found: dict[str, Value] = {}
    for name in _EITHER:
        if (stated := given.get(name)) is not None and (value := _value(stated)) is not None:
            found[name] = value
    for holder, names in NESTED.items():
        inner = given.get(holder)
        if inner and type(inner) is dict:
            for name in names:
                if (value := _value(inner.get(name))) is not None:
                    found[f"{holder}.{name}"] = value
    text = given.get("text")
    form = text.get("format") if type(text) is dict else None
    if type(form) is dict:
        found |= _form(form)
    return found


def _form(form: dict[str, Any]) -> Mapping[str, Value]:
    """The form of a text: its type, and the name and the schema where it has them; not every server repeats the name."""
    if len(form) == 1 and form.get("type") == "text":
        return _TEXT  # nearly every one
    kind, name, schema = _value(form.get("type")), _word(form.get("name")), form.get("schema")
    stated = {"text.format": kind, "text.format.name": name or None, "text.format.schema": _digest(schema) if schema else None}
    return {key: value for key, value in stated.items() if value is not None}


def _digest(schema: Any) -> str | None:
    """A value that is equal for two schemas that differ only in the order of members."""
    try:
        return "SHA-256 " + hashlib.sha256(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    except TypeError:  # a number of more than 64 bits, or half a character
        return None


def stated_members(given: Mapping[str, Any], names: tuple[str, ...] = ("service_tier",)) -> dict[str, Value]:
    """What an answer of another API reports: its tier, or the members of the usage of `/v1/messages`."""
    return {name: value for name in names if name in given and (value := _value(given[name])) is not None}


def _value(value: Any) -> Value | None:
    """A number, a boolean or a word as it is; an object (a tool_choice) as its type and the names in it; else None."""
    kind = type(value)
    if kind is str:
        return value if value and len(value) <= LONGEST and value.isascii() else _word(value) or None
    if kind is bool or ((kind is int or kind is float) and abs(value) < 1e300):
        return value  # type: ignore[no-any-return]  # of one of the three types
    return _choice(value) if kind is dict else None


def _choice(given: Mapping[str, Any]) -> str | None:
    """A tool_choice in words: its type, its mode, and the tools it names, in their order of letters."""
    kind = _word(given.get("type"))
    holder = given.get(kind) if isinstance(given.get(kind), dict) else given
    assert isinstance(holder, Mapping)
    tools = holder.get("tools")
    named = [_word(tool.get("name")) for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    words = [_DATED.sub("", kind), _word(holder.get("mode")), _word(holder.get("name")), *sorted(named)]
    return " ".join(filter(None, words)) or None


def _word(value: Any) -> str:
    if type(value) is not str:
        return ""
    return value if value.isascii() and len(value) <= LONGEST else repaired(value)[:LONGEST]
