"""Messages and answers in the JSON of the OpenTelemetry GenAI conventions 0.1.0 (gen-ai-input-messages.json and its like). Pure.

Only what the store kept is here, so it is redacted as the store is; pictures, sounds and files are named by their kind alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import orjson

from shadow.reading.completion import Choice, Completion, ToolCall
from shadow.reading.parsed_request import ParsedRequest

MOST_CHARACTERS = 262_144
"""Characters of the JSON of one attribute at most; of longer messages the newest are kept."""
SEPARATE = frozenset({"messages", "responses"})
"""APIs whose instructions stand beside the messages, not among them."""
Part = dict[str, object]


def input_messages(request: ParsedRequest) -> tuple[str, str, bool]:
    """(system instructions, messages, whether messages were left out); "" where there are none."""
    messages = request.messages
    apart = messages[:1] if request.api in SEPARATE and messages and _role(messages[0]) == "system" else ()
    instructions, long = _newest([part for message in apart for part in _parts(message)])
    kept, cut = _newest([{"role": _role(message), "parts": [*_parts(message)]} for message in messages[len(apart) :]])
    return _json(instructions), _json(kept), cut or long


def output_messages(completion: Completion) -> tuple[str, bool]:
    """(One message for each choice, whether any was left out)."""
    kept, cut = _newest([_message(choice) for choice in completion.choices])
    return _json(kept), cut


def tool_definitions(request: ParsedRequest) -> tuple[str, bool]:
    """(The functions that a request offers, whether they are left out because they are too long); "" where there are none."""
    tools: list[Part] = [{"type": "function", "name": tool.name, "parameters": tool.schema} for tool in request.tools]
    kept, cut = _newest(tools)
    return "" if cut else _json(kept), cut


def _role(message: Mapping[str, object]) -> str:
    role = message.get("role")
    if role == "developer":
        return "system"
    return role if isinstance(role, str) else "user"


def _parts(message: Mapping[str, object]) -> Iterator[Part]:
    if message.get("role") == "tool":
        yield {"type": "tool_call_response", "id": message.get("tool_call_id"), "response": message.get("content")}
        return
    content = message.get("content")
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    for piece in content if isinstance(content, list) else ():
        yield _piece(piece)
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        yield _sent_call(call)


def _piece(piece: object) -> Part:
    kind = piece.get("type") if isinstance(piece, dict) else None
    text = piece.get("text") if isinstance(piece, dict) else piece
    return {"type": "text", "content": text} if isinstance(text, str) else {"type": str(kind), "left_out": True}


def _sent_call(call: object) -> Part:
    made = call if isinstance(call, dict) else {}
    function = made.get("function")
    named = function if isinstance(function, dict) else {}
    return {"type": "tool_call", "id": made.get("id"), "name": str(named.get("name", "")), "arguments": named.get("arguments")}


def _message(choice: Choice) -> Part:
    """One choice; `finish_reason` is deprecated since 0.1.0, and readers of earlier conventions require it."""
    ended = choice.ended or "error"
    return {
        "role": "assistant",
        "parts": [*_answered(choice)],
        "finish_reason": "tool_call" if ended == "tool_calls" else ended,
    }


def _answered(choice: Choice) -> Iterator[Part]:
    if choice.reasoning:
        yield {"type": "reasoning", "content": choice.reasoning}
    for text in (choice.text, choice.refusal):
        if text:
            yield {"type": "text", "content": text}
    for call in choice.tool_calls:
        yield _made_call(call)
    for kind in choice.other:
        yield {"type": kind, "left_out": True}


def _made_call(call: ToolCall) -> Part:
    arguments = call.arguments if call.invalid else call.parsed
    return {"type": "tool_call", "id": call.id or None, "name": call.name, "arguments": arguments}


def _newest(values: Sequence[Part]) -> tuple[list[Part], bool]:
    """The last of `values` that fit into the limit together, and whether any was left out."""
    kept: list[Part] = []
    left = MOST_CHARACTERS
    for value in reversed(values):
        left -= len(_json([value]))
        if left < 0:
            return kept[::-1], True
        kept.append(value)
    return kept[::-1], False


def _json(values: Sequence[Part]) -> str:
    if not values:
        return ""
    try:
        return orjson.dumps(values).decode()
    except (TypeError, ValueError):  # integers beyond 64 bits and lone surrogates are valid JSON, and not orjson's
        return json.dumps(values)
