"""Translates a request of /v1/responses to chat completions; what chat cannot express is left out, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shadow.reading.completion import Unread, UnreadReason

SAME = frozenset({"model", "stream", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "truncation"})
"""Parameters that need no translation; `truncation` is of this API alone, and allows the server to cut a prompt."""
LOGPROBS = "message.output_text.logprobs"
ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Members with which the input may be on the server and not in the request."""


def as_chat(body: Mapping[str, Any]) -> dict[str, Any] | Unread:
    """The request as a chat completion's: messages, nested tools, and the limits and the form under their names there."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if items is None and any(body.get(key) for key in ELSEWHERE):
        items = []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return Unread(why=UnreadReason.WRONG_SHAPE, detail="the request has no input that is a text or a list of items")
    instructions = body.get("instructions")
    system = [{"role": "system", "content": instructions}] if isinstance(instructions, str) and instructions else []
    made = {key: value for key, value in body.items() if key in SAME}
    return made | dict(_others(body)) | {"messages": [*system, *_messages(items)]}


def _others(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if body.get("max_output_tokens") is not None:
        yield "max_completion_tokens", body["max_output_tokens"]
    if offered := [*_offered(body.get("tools")), *_brought(body.get("input"))]:
        yield "tools", [tool for given in offered if (tool := _tool(given))]
    if (choice := _choice(body.get("tool_choice"))) is not None:
        yield "tool_choice", choice
    if form := _form(_inner(body, "text").get("format")):
        yield "response_format", form
    if effort := _inner(body, "reasoning").get("effort"):
        yield "reasoning_effort", effort
    included = body.get("include")
    if isinstance(included, list) and LOGPROBS in included:
        yield "logprobs", True
    if body.get("stream") is True:
        yield "stream_options", {"include_usage": True}  # no stream of this API is without it


def _offered(tools: Any) -> Iterator[Any]:
    """The tools of a list, with those that a namespace holds."""
    for tool in tools if isinstance(tools, list) else ():
        yield from _offered(tool.get("tools")) if isinstance(tool, dict) and tool.get("type") == "namespace" else (tool,)


def _brought(items: Any) -> Iterator[Any]:
    """The tools that items of the input offer: what a tool search found, or what a developer adds later."""
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield from _offered(item.get("tools"))


def _tool(given: Any) -> dict[str, Any] | None:
    """A tool of the client's, its parts in an object of their own; tools that run on the server have no form in chat."""
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in ("function", "custom"):
        return None
    return {"type": kind, kind: {key: value for key, value in given.items() if key != "type"}}


def _choice(given: Any) -> Any:
    if isinstance(given, str):
        return given
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "allowed_tools":
        tools = given["tools"] if isinstance(given.get("tools"), list) else []
        chosen = [made for tool in tools if (made := _tool(tool))]
        # because a server's tool among them may answer without a call
        return {"type": kind, kind: {"mode": given.get("mode"), "tools": chosen}} if len(chosen) == len(tools) else None
    return _tool(given)


def _form(given: Any) -> dict[str, Any] | None:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "json_schema":
        return {"type": kind, kind: {key: value for key, value in given.items() if key != "type"}}
    return {"type": kind} if kind == "json_object" else None


def _messages(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One assistant message for the text, reasoning and calls of the items of one turn, as chat completions have it."""
    made: list[dict[str, Any]] = []
    turn: dict[str, Any] | None = None
    for item in items:
        kind = item.get("type", "message")
        take = _OF_TURN.get(kind) if isinstance(kind, str) else None
        if take is None and not (kind == "message" and item.get("role") == "assistant"):
            if message := _message(kind, item):
                made.append(message)
                turn = None
            continue
        if turn is None or (take is None and turn.get("content") is not None):
            turn = {"role": "assistant"}
            made.append(turn)
        if take is None:
            turn["content"] = _content(item.get("content"))
        else:
            take(turn, item)
    return made


def _message(kind: Any, item: Mapping[str, Any]) -> dict[str, Any] | None:
    if kind == "message":
        return {"role": item.get("role"), "content": _content(item.get("content"))}
    if kind in ("function_call_output", "custom_tool_call_output"):
        return {"role": "tool", "tool_call_id": item.get("call_id"), "content": _content(item.get("output"))}
    return None


def _content(given: Any) -> Any:
    """A content: a text as it is, parts by the names that chat has for them."""
    return [_part(part) for part in given if isinstance(part, dict)] if isinstance(given, list) else given


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in ("input_text", "output_text"):
        return {"type": "text", "text": part.get("text")}
    return {"type": "image_url", "image_url": {"url": part.get("image_url")}} if kind == "input_image" else part


def _call(turn: dict[str, Any], item: Mapping[str, Any]) -> None:
    function = {"name": item.get("name"), "arguments": item.get("arguments")}
    turn.setdefault("tool_calls", []).append({"type": "function", "id": item.get("call_id"), "function": function})


def _custom(turn: dict[str, Any], item: Mapping[str, Any]) -> None:
    custom = {"name": item.get("name"), "input": item.get("input")}
    turn.setdefault("tool_calls", []).append({"type": "custom", "id": item.get("call_id"), "custom": custom})


def _thought(turn: dict[str, Any], item: Mapping[str, Any]) -> None:
    parts = item.get("content")
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    if thought := "".join(text for text in texts if isinstance(text, str)):
        turn["reasoning_content"] = turn.get("reasoning_content", "") + thought


_OF_TURN: Mapping[str, Callable[[dict[str, Any], Mapping[str, Any]], None]] = {
    "function_call": _call,
    "custom_tool_call": _custom,
    "reasoning": _thought,
}


def _inner(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = body.get(key)
    return inner if isinstance(inner, dict) else {}
