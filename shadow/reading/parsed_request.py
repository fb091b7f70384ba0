"""The request in the normal form: its messages, the tools it offers, and the limits that its response must obey."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from proxy.exchange import Headers
from proxy.named_tuples import maker
from proxy.routing.body_peek import BOM
from shadow.reading.apis import READERS, api_of
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.lenient_json import NOT_UTF8, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One offered function; `schema` is its JSON schema as sent, None when absent."""

    name: str
    schema: Any


class ParsedRequest(NamedTuple):
    """A request in the form of chat completions, whichever `api` it was made to. `body` must not be changed.

    `sent` is the JSON object as it came; for chat completions it is `body`. `unread` is why the body could not be parsed; the
    fields other than `sent` are then empty.
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
    sent: Mapping[str, Any] = MappingProxyType({})


_new_request = maker(ParsedRequest)


def parse_request(target: str, headers: Headers, body: bytes, truncated: bool) -> ParsedRequest:
    """The request in the normal form; total. `truncated` is true when the record holds less than was sent."""
    api = api_of(target)
    if api not in READERS:
        return _unread(api, UnreadReason.NOT_AUDITED, f"{api or 'this path'} is not read, only {', '.join(READERS)} are")
    if truncated:
        return _unread(api, UnreadReason.TRUNCATED, f"only {len(body)} bytes of the request were kept")
    if not body:
        return _unread(api, UnreadReason.EMPTY, "the request has no body")
    decoded = decode(headers, body, ())
    if isinstance(decoded, Unread):
        return _unread(api, decoded.why, decoded.detail)
    loaded = load(decoded.body.removeprefix(BOM))
    if loaded.why or NOT_UTF8 in loaded.departures:
        return _unread(api, loaded.why or UnreadReason.NOT_JSON, loaded.detail or NOT_UTF8)
    if not isinstance(loaded.value, dict):
        return _unread(api, UnreadReason.WRONG_SHAPE, f"the request is a JSON {type(loaded.value).__name__}, not an object")
    return _request(api, READERS[api].as_chat(loaded.value), loaded.value)


def fingerprint(request: ParsedRequest, without: Container[str] = ()) -> str:
    """32 hex digits that are equal for requests of equal meaning, however their JSON is laid out; "" when unread.

    `without` are members that do not count: those of a person or an account, which a copy for the reference lacks.
    """
    if request.unread:
        return ""
    sent = request.body if request.api == "chat" else request.sent
    kept = {name: value for name, value in sent.items() if name not in without}
    return digest(kept if request.api == "chat" else [request.api, kept])


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value (sorted keys, no spaces), the first 32 hex digits."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        text = canonical.encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def _request(api: str, body: dict[str, Any] | Unread, sent: dict[str, Any]) -> ParsedRequest:
    if isinstance(body, Unread):
        return _unread(api, body.why, body.detail, sent)
    messages = body.get("messages")
    if not isinstance(messages, list) or not {dict}.issuperset(map(type, messages)):
        return _unread(api, UnreadReason.WRONG_SHAPE, "the request has no list of messages", sent)
    model = body.get("model")
    return _new_request(
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
        sent=sent,
    )


def _tools(body: dict[str, Any]) -> tuple[Tool, ...]:
    """The offered functions, of `tools` or of the older `functions`; tools of other types have no schema to hold a call to."""
    offered = body.get("tools")
    listed = [tool for tool in offered if isinstance(tool, dict)] if isinstance(offered, list) else []
    found = [tool.get("function") or tool.get("custom") for tool in listed]
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
    if type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _unread(api: str, why: UnreadReason, detail: str, sent: Mapping[str, Any] | None = None) -> ParsedRequest:
    return ParsedRequest(
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
        sent=sent or {},
    )
