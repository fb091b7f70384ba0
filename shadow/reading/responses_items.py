"""Translates the items of a response to a chat completion's message: text, reasoning and calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shadow.reading.tool_call_assembler import CUSTOM_CLOSING, CUSTOM_OPENING, arguments_text, json_escaped

CALL_INPUTS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that the client acts upon, and where each holds what the model wrote."""
CALL_KINDS = tuple(CALL_INPUTS)
"""The same as a tuple, because values looked up in it may not be hashable."""
CLIENT_ACTIONS = (
    "computer_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
    "mcp_approval_request",
    "tool_search_call",
)
"""Items that a client which supports them acts upon: calls by their kind, unless the server has run them."""
_ABOUT = frozenset(
    {"id", "type", "status", "call_id", "execution", "environment", "created_by", "caller", "pending_safety_checks"}
)
"""Members of such an item that the model did not write."""
MESSAGE_SEPARATOR = "\n\n"
"""Separator of the texts of two messages, which clients show apart."""


def message_of(item: Mapping[str, Any], call: int) -> dict[str, Any]:
    """One whole item as a message, a call with the number `call`; empty for an item that is not of READ."""
    kind = item.get("type")
    if kind == "message":
        return _spoken(item.get("content"))
    if kind == "reasoning":
        return _thought(item)
    if kind in CALL_KINDS:
        return {"tool_calls": [{**call_entry(item, call), **_function(item)}]}
    if is_client_action(item):
        acted = {key: value for key, value in item.items() if key not in _ABOUT}
        return {"tool_calls": [{**call_entry(item, call), "function": {"name": kind, "arguments": arguments_text(acted)}}]}
    return {}


def is_call(item: Mapping[str, Any]) -> bool:
    """Whether the client is to act upon an item."""
    return item.get("type") in CALL_KINDS or is_client_action(item)


def is_client_action(item: Mapping[str, Any]) -> bool:
    """Whether the client runs an item of `CLIENT_ACTIONS`; a container shell and most tool searches run on the server."""
    kind = item.get("type")
    if kind not in CLIENT_ACTIONS:
        return False
    by, environment = item.get("execution"), item.get("environment")
    if by == "server" or (kind == "tool_search_call" and by != "client"):
        return False
    place = environment.get("type") if isinstance(environment, dict) else None
    return not (isinstance(place, str) and place.startswith("container"))


def unread_kinds(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The kinds of those items that the normal form has no place for, each once."""
    rest = [item.get("type") for item in items if item.get("type") not in ("message", "reasoning") and not is_call(item)]
    return list(dict.fromkeys(kind for kind in rest if isinstance(kind, str)))


def is_encrypted_reasoning(item: Mapping[str, Any]) -> bool:
    """Whether an item is reasoning of which only its ciphertext is shown."""
    if item.get("type") != "reasoning" or not item.get("encrypted_content"):
        return False
    return not (_parts(item.get("content")) or _parts(item.get("summary")))


def is_commentary(item: Mapping[str, Any]) -> bool:
    """Whether a message is a preamble: sent before the final answer."""
    return item.get("phase") == "commentary"


def call_entry(item: Mapping[str, Any], call: int) -> dict[str, Any]:
    """The call that an item is, without what it calls; `call_id`, not `id`, is what its result refers to."""
    return {"index": call, "id": item.get("call_id") or (item.get("id") if item.get("type") in CLIENT_ACTIONS else None)}


def _function(item: Mapping[str, Any]) -> dict[str, Any]:
    given = item.get(CALL_INPUTS[item["type"]])
    return {"function": {"name": item.get("name"), "arguments": arguments(item["type"], given)}}


def arguments(kind: str, given: Any) -> Any:
    """The content of a call of this kind, as arguments: the free text of a custom tool becomes the one argument of a function."""
    if kind == "custom_tool_call":
        return CUSTOM_OPENING + json_escaped(given if isinstance(given, str) else "") + CUSTOM_CLOSING
    return given


def logprobs_of(item: Mapping[str, Any]) -> list[Any]:
    """The log probabilities that stand in the texts of a message."""
    return [found for part in _parts(item.get("content")) for found in _list(part.get("logprobs"))]


def citations_of(item: Mapping[str, Any]) -> int:
    """How many annotations the texts of a message have."""
    content, count = item.get("content"), 0
    for part in content if type(content) is list else ():
        if type(part) is dict and (found := part.get("annotations")) and type(found) is list:
            count += len(found)
    return count


def _spoken(content: Any) -> dict[str, Any]:
    if isinstance(content, str):
        return {"content": content}
    parts = _parts(content)
    texts = [part.get("text") for part in parts if part.get("type") in ("output_text", "text")]
    refusals = [part.get("refusal") for part in parts if part.get("type") == "refusal"]
    found = {"content": _joined(texts), "refusal": _joined(refusals)}
    return {key: text for key, text in found.items() if text is not None}


def _thought(item: Mapping[str, Any]) -> dict[str, Any]:
    """The reasoning itself where it is shown, else its summary, under two names because they differ."""
    whole = _joined([part.get("text") for part in _parts(item.get("content"))])
    if whole is not None:
        return {"reasoning_text": whole}
    return {"reasoning_summary": _joined([part.get("text") for part in _parts(item.get("summary"))]) or ""}


def _joined(texts: list[Any]) -> str | None:
    found = [text for text in texts if isinstance(text, str)]
    return "".join(found) if found else None


def _parts(content: Any) -> list[dict[str, Any]]:
    return [part for part in _list(content) if isinstance(part, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
