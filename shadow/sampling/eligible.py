"""why_not(): which requests must never be sent a second time, because that would change something, or could not be judged."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

AUDITED = ("/chat/completions",)
LATER = ("/completions", "/responses", "/embeddings", "/messages")


class Skip(StrEnum):
    """Reasons of a no; a closed set, because it is a metric label too."""

    NOT_POST = "not_post"
    UNKNOWN_PATH = "unknown_path"
    NOT_AUDITED_YET = "not_audited_yet"
    NOT_JSON = "not_json"
    STATEFUL = "stateful"
    BACKGROUND = "background"
    SIDE_EFFECTING = "side_effecting"


def why_not(method: str, target: str, body: Mapping[str, Any] | None) -> str:
    """Empty when the request may be shadowed, else a `Skip`; `body` is the parsed JSON object, None when it is none."""
    path = target.partition("?")[0].rstrip("/")
    if not path.endswith(AUDITED):
        return Skip.NOT_AUDITED_YET if path.endswith(LATER) else Skip.UNKNOWN_PATH
    if method != "POST":
        return Skip.NOT_POST
    return Skip.NOT_JSON if body is None else _why_not_body(body)


def _why_not_body(body: Mapping[str, Any]) -> str:
    if body.get("background"):
        return Skip.BACKGROUND
    if any(body.get(key) for key in ("store", "previous_response_id", "conversation")):
        return Skip.STATEFUL
    if body.get("web_search_options") is not None or body.get("plugins") or _acts(body.get("tools")):
        return Skip.SIDE_EFFECTING
    if body.get("audio") or _speaks(body.get("modalities")):
        return Skip.NOT_AUDITED_YET
    return ""


def _acts(tools: Any) -> bool:
    """True when a tool may run on the server: anything but a function, which the client itself would run."""
    return isinstance(tools, list) and any(
        isinstance(tool, dict) and tool.get("type", "function") != "function" for tool in tools
    )


def _speaks(modalities: Any) -> bool:
    return isinstance(modalities, list) and any(kind != "text" for kind in modalities)
