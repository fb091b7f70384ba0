"""Which requests must never be sent a second time, because that would have side effects or could not be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from shadow.reading.apis import API_PATHS, PATHS, STATEFUL_PATHS
from shadow.reading.messages_request import CLIENT_RUN

_CLIENT_RUN = (*CLIENT_RUN, "tool_search_")
"""Prefixes of the types of tools that the client of /v1/messages runs itself; web_search_, code_execution_ and others act.
A search among the tools that the request itself offers has no side effects, wherever it runs.
"""
_OF_RESPONSES = ("function", "custom", "tool_search", "local_shell", "apply_patch")
"""The types of tools of /v1/responses that the client runs, or that only look among those."""
_SEALED = ("redacted_thinking",)
"""Types of parts that hold only sealed thinking."""


class SkipReason(StrEnum):
    """Reasons for a skip; a closed set, because it is a metric label too."""

    NOT_POST = "not_post"
    UNKNOWN_PATH = "unknown_path"
    NOT_AUDITED_YET = "not_audited_yet"
    NOT_JSON = "not_json"
    STATEFUL = "stateful"
    BACKGROUND = "background"
    SIDE_EFFECTING = "side_effecting"


def skip_reason(method: str, target: str, body: Mapping[str, Any] | None, *, thinking: bool = False) -> str:
    """Empty when the request may be shadowed, else a `SkipReason`; `body` is the JSON object as sent, None when it is not one.

    `thinking`: the reference can check earlier thinking, or gets none of it, so that sealed thinking is no obstacle.
    """
    rule = _rule(target)
    if rule is None:
        return SkipReason.UNKNOWN_PATH
    if method != "POST":
        return SkipReason.NOT_POST
    if body is None:
        return SkipReason.NOT_JSON
    return rule(body) or ("" if thinking or not has_sealed_thinking(body) else SkipReason.STATEFUL)


def has_sealed_thinking(body: Mapping[str, Any]) -> bool:
    """True when an earlier turn holds signed or encrypted thinking: only its author can check it."""
    turns = [each for key in ("messages", "input") if isinstance(body.get(key), list) for each in body[key]]
    parts = [each for turn in turns if isinstance(turn, dict) for each in (turn, *_parts(turn))]
    return any(isinstance(part, dict) and (part.get("type") in _SEALED or _is_signed(part)) for part in parts)


def _is_signed(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("thinking", "reasoning") and bool(part.get("signature") or part.get("encrypted_content"))


def _parts(turn: Mapping[str, Any]) -> list[Any]:
    lists = [turn.get(key) for key in ("content", "thinking_blocks")]
    return [part for found in lists if isinstance(found, list) for part in found]


def _why_not_body(body: Mapping[str, Any]) -> str:
    if body.get("store"):
        return SkipReason.STATEFUL
    return SkipReason.SIDE_EFFECTING if _acts(body.get("tools"), ("function", "custom")) else _why_not_any(body)


def _why_not_response(body: Mapping[str, Any]) -> str:
    """Whether a response depends on stored ones: it is stored by default, so the copy sets `store` to false, and its input must
    be in the request.
    """
    items = body.get("input")
    if body.get("prompt") or (isinstance(items, list) and any(_is_kept(item) for item in items)):
        return SkipReason.STATEFUL
    return SkipReason.SIDE_EFFECTING if _acts(body.get("tools"), _OF_RESPONSES) else _why_not_any(body)


def _why_not_message(body: Mapping[str, Any]) -> str:
    """True for files, which the live provider alone has."""
    messages = body.get("messages")
    contents = [message.get("content") for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    if any(_is_sealed(block) for content in contents if isinstance(content, list) for block in content):
        return SkipReason.STATEFUL
    return SkipReason.SIDE_EFFECTING if _acts(body.get("tools"), _CLIENT_RUN) else _why_not_any(body)


def _is_sealed(block: Any) -> bool:
    source = block.get("source") if isinstance(block, dict) else None
    by_number = isinstance(source, dict) and source.get("type") == "file"
    return by_number or (isinstance(block, dict) and block.get("type") == "container_upload")


_RULES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    PATHS["responses"]: _why_not_response,
    PATHS["messages"]: _why_not_message,
}
"""The APIs with a rule of their own."""


@lru_cache(maxsize=64)
def _rule(target: str) -> Callable[[Mapping[str, Any]], str] | None:
    """The rule for the requests of a target's API; None where it names none of them."""
    path = target.partition("?")[0].rstrip("/")
    if not path.endswith(API_PATHS) or any(part in path for part in STATEFUL_PATHS):
        return None
    return next((rule for end, rule in _RULES.items() if path.endswith(end)), _why_not_body)


_MORE = frozenset(
    {
        *("background", "previous_response_id", "conversation", "container", "web_search_options", "plugins", "mcp_servers"),
        *("audio", "modalities"),
    }
)
"""What `_why_not_any` looks at; nearly all requests lack all of it."""


def _why_not_any(body: Mapping[str, Any]) -> str:
    if _MORE.isdisjoint(body):
        return ""
    if body.get("background"):
        return SkipReason.BACKGROUND
    if any(body.get(key) for key in ("previous_response_id", "conversation", "container")):
        return SkipReason.STATEFUL
    if body.get("web_search_options") is not None or any(body.get(key) for key in ("plugins", "mcp_servers")):
        return SkipReason.SIDE_EFFECTING
    if body.get("audio") or _has_audio(body.get("modalities")):
        return SkipReason.NOT_AUDITED_YET
    return ""


def _is_kept(item: Any) -> bool:
    """True for what only the provider can look up: an item by its number, a file, reasoning that it stored."""
    if not isinstance(item, dict):
        return False
    kind = item.get("type")
    if kind == "item_reference" or (kind == "reasoning" and not (item.get("content") or item.get("encrypted_content"))):
        return True
    lists = [parts for parts in (item.get("content"), item.get("output")) if isinstance(parts, list)]
    return any(isinstance(part, dict) and bool(part.get("file_id")) for parts in lists for part in parts)


def _acts(tools: Any, harmless: tuple[str, ...]) -> bool:
    """True when a tool may run on the server: anything of another type than those that the client itself would run."""
    if not isinstance(tools, list):
        return False
    listed = [tool for tool in tools if isinstance(tool, dict)]
    inner = [each for tool in listed if isinstance(tool.get("tools"), list) for each in tool["tools"] if isinstance(each, dict)]
    types = [tool.get("type") or harmless[0] for tool in (*listed, *inner) if tool.get("type") != "namespace"]
    return any(kind not in harmless and not (isinstance(kind, str) and kind.startswith(_families(harmless))) for kind in types)


def _families(names: tuple[str, ...]) -> tuple[str, ...]:
    """Prefixes of the types of dated tools."""
    return tuple(name for name in names if name.endswith("_"))


def _has_audio(modalities: Any) -> bool:
    return isinstance(modalities, list) and any(kind != "text" for kind in modalities)
