"""The request in the normal form: what was asked for, which tools were offered, and what the answer must obey."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from proxy.exchange import Headers
from shadow.reading.body import decode
from shadow.reading.completion import Unread, Why
from shadow.reading.loading import NOT_UTF8, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One offered function; `schema` is its JSON schema as sent, None when absent."""

    name: str
    schema: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A chat completion request. `body` is the parsed JSON object, to be read and never changed.

    `unread` says why the body could not be understood; the other fields are then empty.
    """

    api: str
    model: str
    stream: bool
    tools: tuple[Tool, ...]
    tool_choice: Any
    temperature: float | None
    seed: int | None
    n: int
    max_tokens: int | None
    messages: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any]
    unread: Unread | None


_APIS = {
    "chat/completions": "chat",
    "completions": "completions",
    "responses": "responses",
    "embeddings": "embeddings",
    "messages": "messages",
}


def api_of(target: str) -> str:
    """The API that a request target names by the end of its path: chat, responses, completions, embeddings, messages or ""."""
    path = target.partition("?")[0].partition("#")[0].rstrip("/")
    if "/threads/" in path or "/conversations/" in path:
        return ""
    return next((api for ending, api in _APIS.items() if path.endswith("/" + ending)), "")


def read_ask(target: str, headers: Headers, body: bytes, truncated: bool) -> Ask:
    """The request in the normal form; total. `truncated` tells that the record holds less than was sent."""
    api = api_of(target)
    if api != "chat":
        return _unread(api, Why.NOT_AUDITED, f"{api or 'this path'} is not read, only chat completions are")
    if truncated:
        return _unread(api, Why.TRUNCATED, f"only {len(body)} bytes of the request were kept")
    if not body:
        return _unread(api, Why.EMPTY, "the request has no body")
    decoded = decode(headers, body, ())
    if isinstance(decoded, Unread):
        return _unread(api, decoded.why, decoded.detail)
    loaded = load(decoded.body)
    if loaded.why or NOT_UTF8 in loaded.oddities:
        return _unread(api, loaded.why or Why.NOT_JSON, loaded.detail or "the body holds bytes that are not UTF-8")
    if not isinstance(loaded.value, dict):
        return _unread(api, Why.WRONG_SHAPE, f"the request is a JSON {type(loaded.value).__name__}, not an object")
    return _ask(api, loaded.value)


def fingerprint(ask: Ask) -> str:
    """32 hex digits that are equal for requests of equal meaning, however their JSON is laid out; "" when unread."""
    return "" if ask.unread else digest(ask.body)


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value (sorted keys, no spaces), the first 32 hex digits."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(text).hexdigest()[:32]


def _ask(api: str, body: dict[str, Any]) -> Ask:
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return _unread(api, Why.WRONG_SHAPE, "the request has no list of messages")
    model = body.get("model")
    return Ask(
        api=api,
        model=model if isinstance(model, str) else "",
        stream=body.get("stream") is True,
        tools=_tools(body),
        tool_choice=body.get("tool_choice", body.get("function_call")),
        temperature=_number(body.get("temperature")),
        seed=_integer(body.get("seed")),
        n=_integer(body.get("n")) or 1,
        max_tokens=_integer(body.get("max_completion_tokens")) or _integer(body.get("max_tokens")),
        messages=tuple(messages),
        body=body,
        unread=None,
    )


def _tools(body: dict[str, Any]) -> tuple[Tool, ...]:
    """The offered functions, of `tools` or of the older `functions`; tools of other types have no schema to hold a call to."""
    offered = body.get("tools")
    found = [tool.get("function") for tool in offered if isinstance(tool, dict)] if isinstance(offered, list) else []
    older = body.get("functions")
    found += older if isinstance(older, list) else []
    return tuple(
        Tool(name=function["name"], schema=function.get("parameters"))
        for function in found
        if isinstance(function, dict) and isinstance(function.get("name"), str)
    )


def _number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e300 and math.isfinite(value) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int else None


def _unread(api: str, why: Why, detail: str) -> Ask:
    return Ask(
        api=api,
        model="",
        stream=False,
        tools=(),
        tool_choice=None,
        temperature=None,
        seed=None,
        n=1,
        max_tokens=None,
        messages=(),
        body={},
        unread=Unread(why=why, detail=detail),
    )
