"""The messages of an agent loop: an answer of the model echoed as it came, its calls made ready, and their results. Pure.

Each departure from the answer as sent is a note: a missing id, an id that is given twice, arguments that are empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

from shadow.reading.completion import Choice, ToolCall


class EchoReasoning(StrEnum):
    """Whether the reasoning of an answer is sent back in the field that it came in: some APIs need that, some refuse it."""

    AS_SENT = "as-sent"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyCall:
    """One call of the model: `arguments` for its tool, or `fault`, the provider's, for which no tool is called.

    `written` are the arguments as they are echoed.
    """

    id: str
    name: str
    written: str
    arguments: Mapping[str, object]
    fault: str = ""
    notes: tuple[str, ...] = ()


def ready_calls(choice: Choice, offered: Collection[str], used: Collection[str]) -> tuple[ReadyCall, ...]:
    """The calls of an answer, in their order; `offered` are the names of the tools, `used` the ids of the calls before."""
    taken = {*used, *(call.id for call in choice.tool_calls)}
    seen = set(used)
    made = []
    for call in choice.tool_calls:
        ready = _ready(call, seen, taken, offered)
        seen.add(ready.id)
        taken.add(ready.id)
        made.append(ready)
    return tuple(made)


def _own_id(taken: Collection[str]) -> str:
    return next(name for number in count(len(taken)) if (name := f"call_{number}") not in taken)


def _ready(call: ToolCall, seen: Collection[str], taken: Collection[str], offered: Collection[str]) -> ReadyCall:
    notes: list[str] = []
    call_id = call.id
    if not call_id or call_id in seen:
        notes.append("a call has the id of another" if call_id else "a call has no id")
        call_id = _own_id(taken)
    empty = not call.arguments.strip()
    if empty:
        notes.append("empty arguments stand for {}")
    arguments = {} if empty else call.parsed
    fault = ""
    if call.name not in offered:
        fault = f"there is no tool named {call.name[:64]!r}"
    elif not empty and call.invalid:
        fault = f"the arguments are not JSON: {call.invalid}"
    elif not isinstance(arguments, dict):
        fault = "the arguments are not a JSON object"
    return ReadyCall(
        id=call_id,
        name=call.name,
        written="{}" if empty else call.arguments,
        arguments=arguments if isinstance(arguments, dict) else {},
        fault=fault,
        notes=tuple(notes),
    )


def assistant_message(choice: Choice, calls: Collection[ReadyCall], echo: EchoReasoning) -> dict[str, object]:
    """The answer as a message of the next request: its text as sent (null stays null), its calls, and its reasoning."""
    message: dict[str, object] = {"role": "assistant", "content": choice.text}
    if choice.reasoning and choice.reasoning_field and echo is EchoReasoning.AS_SENT:
        message[choice.reasoning_field] = choice.reasoning
    message["tool_calls"] = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.written}} for call in calls
    ]
    return message


def tool_message(call: ReadyCall, text: str) -> dict[str, object]:
    """The result of a call as a message of the next request."""
    return {"role": "tool", "tool_call_id": call.id, "content": text}
