"""Translates a request of /v1/messages to chat completions; what chat cannot express is left out, never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from shadow.reading.completion import Unread, UnreadReason

SAME = frozenset({"model", "stream", "temperature", "top_p", "top_k", "max_tokens", "thinking"})
"""Parameters that need no translation; `thinking` belongs to this API, and many servers of the other accept it."""
CLIENT_RUN = ("custom", "bash_", "text_editor_", "computer_", "memory_")
"""Prefixes of the types of those tools that the client itself runs; the others run on the server."""
# tuples: what is looked up may not be hashable
_ELSEWHERE = ("tool_result", "tool_use", "thinking", "redacted_thinking")
_PICTURES = ("image", "document")
_ADDRESSED = ("base64", "url")
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def as_chat(body: Mapping[str, Any]) -> dict[str, Any] | Unread:
    """The request as a chat completion's."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return Unread(why=UnreadReason.WRONG_SHAPE, detail="the request has no list of messages")
    system = [{"role": "system", "content": _content(body["system"])}] if body.get("system") else []
    found: dict[str, Any] = {key: value for key, value in body.items() if key in SAME}
    found["messages"] = [*system, *(turn for message in messages for turn in _turns(message))]
    if isinstance(tools := body.get("tools"), list):
        found["tools"] = [made for tool in tools if (made := _tool(tool))]
    found |= _choice(body.get("tool_choice"))
    if isinstance(stops := body.get("stop_sequences"), list):
        found["stop"] = stops
    if body.get("stream") is True:
        found["stream_options"] = {"include_usage": True}  # streams of this API always bring it
    return found | _output(body)


def _turns(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One message as the messages that chat makes of it: each result of a tool is a message of its own, before the rest."""
    content, role = message.get("content"), message.get("role")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    for block in blocks:
        if block.get("type") == "tool_result":
            yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": _content(block.get("content"))}
    rest = [block for block in blocks if block.get("type") not in _ELSEWHERE]
    turn: dict[str, Any] = {"role": role, "content": content if isinstance(content, str) else _content(rest)}
    if calls := [_call(block) for block in blocks if block.get("type") == "tool_use"]:
        turn["tool_calls"] = calls
    thoughts = [block["thinking"] for block in blocks if isinstance(block.get("thinking"), str)]
    if thoughts:
        turn["thinking"] = "".join(thoughts)
    if rest or calls or thoughts or not blocks:
        yield turn


def _content(content: Any) -> Any:
    return [_part(block) for block in content] if isinstance(content, list) else content


def _part(block: Any) -> Any:
    """A block of text, or of a picture or document, which chat writes as an address."""
    if not isinstance(block, dict) or block.get("type") not in _PICTURES:
        return (
            {"type": "text", "text": block["text"]} if isinstance(block, dict) and isinstance(block.get("text"), str) else block
        )
    source = block.get("source")
    if not isinstance(source, dict):
        return block
    if source.get("type") == "text":
        return {"type": "text", "text": source.get("data")}
    if source.get("type") not in _ADDRESSED:
        return block
    url = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    return {"type": "image_url", "image_url": {"url": url}}


def _call(block: dict[str, Any]) -> dict[str, Any]:
    arguments = json.dumps(block.get("input"), ensure_ascii=False)
    return {"id": block.get("id"), "type": "function", "function": {"name": block.get("name"), "arguments": arguments}}


def _tool(tool: Any) -> dict[str, Any] | None:
    """A tool of the client's as a function; one that the API itself defines declares no schema."""
    kind = tool.get("type") or "custom" if isinstance(tool, dict) else None
    if not isinstance(kind, str) or not kind.startswith(CLIENT_RUN) or not isinstance(tool.get("name"), str):
        return None
    function = {"name": tool["name"], "description": tool.get("description"), "parameters": tool.get("input_schema")}
    return {"type": "function", "function": {key: value for key, value in function.items() if value is not None}}


def _choice(choice: Any) -> dict[str, Any]:
    if not isinstance(choice, dict):
        return {}
    found: dict[str, Any] = {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") is True else {}
    kind = choice.get("type")
    if isinstance(kind, str) and kind in _CHOICES:
        found["tool_choice"] = _CHOICES[kind]
    elif kind == "tool":
        found["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    return found


def _output(body: Mapping[str, Any]) -> dict[str, Any]:
    """The requested form and effort of the answer."""
    config = body.get("output_config")
    config = config if isinstance(config, dict) else {}
    form = config.get("format") or body.get("output_format")
    found: dict[str, Any] = {}
    if isinstance(form, dict) and form.get("type") == "json_schema":
        found["response_format"] = {"type": "json_schema", "json_schema": {"schema": form.get("schema")}}
    if isinstance(config.get("effort"), str):
        found["reasoning_effort"] = config["effort"]
    return found
