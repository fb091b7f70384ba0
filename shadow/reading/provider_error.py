"""Extracts the error that a provider sent, from the many shapes in which they send one."""

from __future__ import annotations

import re
from typing import Any

from shadow.reading.completion import ProviderError
from shadow.reading.lenient_json import is_too_deep, load, repaired, repaired_value

_LONGEST = 1_000
_PAGE = 10_000
_TITLE = re.compile(r"<(title|h1)[^>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,500}>")


def error_of_body(status: int, body: bytes) -> ProviderError:
    """The error in the body of an answer that is not 2xx: JSON of any shape, HTML, or plain text."""
    loaded = load(body[:1_000_000])
    if loaded.why is None and isinstance(loaded.value, (dict, list)):
        return error_of_json(status, loaded.value, in_stream=False)
    text = loaded.value if isinstance(loaded.value, str) else body[:_PAGE].decode("utf-8", "replace")
    return _made(status, {"message": _plain(text[:_PAGE])}, in_stream=False)


def error_of_json(status: int, value: Any, *, in_stream: bool) -> ProviderError:
    """The error in a JSON value; the first of several."""
    if is_too_deep(value):
        return _made(status, {"message": "the error is nested too deep to be read"}, in_stream=in_stream)
    fields: dict[str, str] = {}
    _gather(repaired_value(value), fields)
    return _made(status, fields, in_stream=in_stream)


def carries_error(value: dict[str, Any]) -> bool:
    """Whether a 2xx body or an event of a stream is an error: it has one in `error`, is marked as one, or holds nothing else."""
    return bool(value.get("error")) or value.get("object") == "error" or value.get("type") == "error" or _fails(value)


_ANSWERS = ("choices", "output", "content", "data", "embeddings", "response", "delta", "message_id")
"""Members that only an answer of some API has."""
_FINE = (None, 0, "0", 200, "200", "ok", "OK", "success", "Success")
"""Codes that mean success."""


def _fails(value: dict[str, Any]) -> bool:
    """Whether a body without `error` reports a failure: `base_resp`, a code with a message, `detail`, `success: false`."""
    if isinstance(value.get("type"), str):
        return False
    base = value.get("base_resp")
    if isinstance(base, dict):
        return base.get("status_code") not in _FINE
    if any(value.get(key) for key in _ANSWERS):
        return False
    coded = value.get("code") not in _FINE and any(isinstance(value.get(key), str) for key in ("msg", "message"))
    return coded or value.get("success") is False or bool(value.get("detail") or value.get("errors"))


def _gather(value: Any, fields: dict[str, str]) -> None:
    """Takes message, type and code from the innermost error first, so that a wrapper only fills what is missing."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if not isinstance(value, dict):
        fields.setdefault("message", _short(value))
        return
    for key in ("error", "errors", "fault", "base_resp"):
        if value.get(key):
            _gather(value[key], fields)
            break
    if inner := _fielded(value.get("message")):
        _gather(inner, fields)
    if param := _param(value) or _param(_fielded(value.get("detail"))):
        fields.setdefault("param", param)
    for name, keys in _KEYS.items():
        if found := _pick(value, keys, numbers=name == "code"):
            fields.setdefault(name, found)


def _fielded(value: Any) -> dict[str, Any]:
    """The error in a `message` or `detail` that is no text; {} where it is one."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, dict) else {}


def _param(value: dict[str, Any]) -> str:
    """The member that an error names: in `param` or `parameter`, or in `loc`, a path through the request (FastAPI's)."""
    where = value.get("loc")
    path = [part for part in where if isinstance(part, str) and part not in {"body", "query"}] if isinstance(where, list) else []
    named = value.get("param") or value.get("parameter")
    return named[:_LONGEST] if isinstance(named, str) and named not in {"None", "null"} else path[0][:_LONGEST] if path else ""


_KEYS = {
    "message": ("message", "detail", "msg", "faultstring", "error_message", "error_msg", "status_msg", "title"),
    "type": ("type", "status", "error_type"),
    "code": ("code", "error_code", "status_code"),
}


def _pick(value: dict[str, Any], keys: tuple[str, ...], *, numbers: bool) -> str:
    for key in keys:
        found = value.get(key)
        if isinstance(found, list) and found and isinstance(found[0], dict):
            found = found[0].get("msg") or found[0].get("message")
        if (isinstance(found, str) and found) or (numbers and type(found) is int):
            return _short(found)
    return ""


def _short(value: Any) -> str:
    return (value if isinstance(value, str) else repr(value))[:_LONGEST]


def _plain(text: str) -> str:
    """The title of a page, or its text, or the text as it is."""
    if title := _TITLE.search(text):
        return title.group(2).strip()
    return " ".join(_TAG.sub(" ", text).split())


def _made(status: int, fields: dict[str, str], *, in_stream: bool) -> ProviderError:
    kept = {name: repaired(fields.get(name, ""))[:_LONGEST] for name in _KEYS}
    return ProviderError(status=status, in_stream=in_stream, param=repaired(fields.get("param", "")), **kept)
