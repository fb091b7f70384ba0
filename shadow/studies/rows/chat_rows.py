"""Chat bodies as rows: the body itself, the samples and results of the K2 Vendor Verifier, and OpenAI batch lines.

A body that needs no change is sent with the bytes of its line. What verifiers write for their own pipeline is undone: the role
`_input` is `system`, an empty list of tools is none, and messages and tools may stand as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shadow.reading.parsed_request import digest
from shadow.studies.chat_request import CHAT, ChatRequest
from shadow.studies.rows.row import Row, RowError

LABELS = ("should_call_tool", "should_call")
"""Members of a published data set that are no part of a request: whether the vendor's own model called a tool."""
BESIDE = frozenset({*LABELS, "data_index", "id", "custom_id", "extra_body", "hash", "subset", "checks"})
"""Members beside the request in a row; a provider would refuse them."""
_JSON_TEXTS = ("messages", "tools")


def is_chat(value: Mapping[str, Any]) -> bool:
    """Whether the line is a chat body."""
    return "messages" in value


def is_result(value: Mapping[str, Any]) -> bool:
    """Whether the line is a result row of the K2 Vendor Verifier, or any other that holds its request as a member."""
    return isinstance(value.get("request"), dict)


def is_batch(value: Mapping[str, Any]) -> bool:
    """Whether the line is one of an OpenAI batch file."""
    return "custom_id" in value and "body" in value


def chat_row(value: Mapping[str, Any], line: bytes, place: str) -> Row:
    """A chat body; RowError where it has no list of messages."""
    return _row(value, line, place, "chat", _name(value))


def result_row(value: Mapping[str, Any], place: str) -> Row:
    """The request of a result row, with the `extra_body` that it was sent with."""
    extra = value.get("extra_body") or {}
    if not isinstance(extra, dict):
        raise RowError(f"extra_body is a {_kind(extra)}, not an object")
    return _row({**value["request"], **extra}, b"", place, "k2vv", _name(value))


def batch_row(value: Mapping[str, Any], place: str) -> Row:
    """The body of a batch line; RowError for another URL or method than those of chat completions."""
    url, method, body = value.get("url"), value.get("method", "POST"), value["body"]
    if url != CHAT or method != "POST":
        raise RowError(f"{method} {url} is not replayed, only POST {CHAT} is")
    if not isinstance(body, dict):
        raise RowError(f"body is a {_kind(body)}, not an object")
    return _row(body, b"", place, "batch", str(value["custom_id"]))


def cluster_of(messages: object) -> str:
    """What a request is repeated with: a digest of its messages up to the first of the user, which open its conversation."""
    if not isinstance(messages, list):
        return ""
    users = [place for place, message in enumerate(messages) if isinstance(message, dict) and message.get("role") == "user"]
    return digest(messages[: users[0] + 1] if users else messages)[:16]


def dumped(value: object) -> bytes:
    """The value as JSON that every server reads: ASCII, so that also a lone surrogate passes."""
    return json.dumps(value, separators=(",", ":")).encode()


def _row(value: Mapping[str, Any], line: bytes, place: str, shape: str, name: str) -> Row:
    body, alterations = _body(value)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RowError("messages is no list, or an empty one" if "messages" in body else "there is no member messages")
    if not all(isinstance(message, dict) for message in messages):
        raise RowError("a message is no object")
    whole = not alterations and body.keys() == value.keys() and line
    request = ChatRequest(body=line if whole else dumped(body), cluster=cluster_of(messages))
    return Row(id=place, shape=shape, request=request, name=name, should_call=_label(value), alterations=tuple(alterations))


def _body(value: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The request of a line, and what was changed in it."""
    body = {key: member for key, member in value.items() if key not in BESIDE}
    changes = []
    for key in _JSON_TEXTS:
        if isinstance(body.get(key), str):
            body[key] = _parsed(body[key], key)
            changes.append(f"{key} read from JSON text")
    if body.get("tools") in ([], None) and "tools" in body:
        del body["tools"]
        changes.append("an empty list of tools left out")
    if _has_input_role(body.get("messages")):
        body["messages"] = [_plain_role(message) for message in body["messages"]]
        changes.append("role _input sent as system")
    extra = value.get("extra_body")
    if isinstance(extra, dict) and extra:
        body |= extra
        changes.append(f"members of extra_body added: {', '.join(sorted(extra))}")
    return body, changes


def _parsed(text: str, key: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        raise RowError(f"{key} is text that is no JSON") from None


def _has_input_role(messages: object) -> bool:
    return isinstance(messages, list) and any(isinstance(each, dict) and each.get("role") == "_input" for each in messages)


def _plain_role(message: Any) -> Any:
    return {**message, "role": "system"} if isinstance(message, dict) and message.get("role") == "_input" else message


def _label(value: Mapping[str, Any]) -> bool | None:
    found = next((value[key] for key in LABELS if key in value), None)
    return found if isinstance(found, bool) else None


def _name(value: Mapping[str, Any]) -> str:
    found = next((value[key] for key in ("data_index", "custom_id", "id") if key in value), "")
    return str(found)[:200]


def _kind(value: object) -> str:
    return "list" if isinstance(value, list) else "JSON " + type(value).__name__
