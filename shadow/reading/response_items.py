"""The items of a response in the words of a chat completion's message: what one says, thinks or calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadow.reading.calls import CLOSING, OPENING, escaped

CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that the client acts upon, and where each holds what the model wrote."""
CALLED = tuple(CALLS)
"""The same as a tuple: what is looked for in it may not be hashable."""
READ = frozenset({"message", "reasoning", *CALLS})
"""Items that the normal form has a place for; the others are done by the server, or by a client that knows them."""
COMMENTARY = "the response holds commentary beside its answer"
SEAM = "\n\n"
"""What stands between the texts of two messages, which clients show apart."""


def message_of(item: Mapping[str, Any], call: int) -> dict[str, Any]:
    """One whole item as a message, a call with the number `call`; empty for an item that is not of READ."""
    kind = item.get("type")
    if kind == "message":
        return _spoken(item.get("content"))
    if kind == "reasoning":
        return _thought(item)
    if kind in CALLED:
        return {"tool_calls": [{**entry(item, call), **_function(item)}]}
    return {}


def is_commentary(item: Mapping[str, Any]) -> bool:
    """Whether a message is said on the way to the answer."""
    return item.get("phase") == "commentary"


def entry(item: Mapping[str, Any], call: int) -> dict[str, Any]:
    """The call that an item is, without what it calls: by `call_id` its result finds it, never by `id`."""
    return {"index": call, "id": item.get("call_id")}


def _function(item: Mapping[str, Any]) -> dict[str, Any]:
    written = item.get(CALLS[item["type"]])
    return {"function": {"name": item.get("name"), "arguments": arguments(item["type"], written)}}


def arguments(kind: str, written: Any) -> Any:
    """What a call of this kind holds, as arguments: the free text of a custom tool is the one argument of a function."""
    if kind == "custom_tool_call":
        return OPENING + escaped(written if isinstance(written, str) else "") + CLOSING
    return written


def logprobs_of(item: Mapping[str, Any]) -> list[Any]:
    """The log probabilities that stand in the texts of a message."""
    return [found for part in _parts(item.get("content")) for found in _list(part.get("logprobs"))]


def _spoken(content: Any) -> dict[str, Any]:
    if isinstance(content, str):
        return {"content": content}
    texts = [part.get("text") for part in _parts(content) if part.get("type") in ("output_text", "text")]
    refusals = [part.get("refusal") for part in _parts(content) if part.get("type") == "refusal"]
    found = {"content": _joined(texts), "refusal": _joined(refusals)}
    return {key: text for key, text in found.items() if text is not None}


def _thought(item: Mapping[str, Any]) -> dict[str, Any]:
    """The reasoning itself where it is shown, else its summary: two names, because they are not the same thing."""
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
