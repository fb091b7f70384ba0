"""with_ids(): a conversation with its calls' ids as sent, or in the form that the templates of some models need. Pure.

Kimi K2's template reads the name and the number of a call from its id, `functions.NAME:INDEX`, where INDEX counts the calls
of the conversation from 0 (tool_call_guidance.md of moonshotai/Kimi-K2-Instruct).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import count

Message = dict[str, object]


class CallIds(StrEnum):
    """The ids of the calls of earlier answers."""

    AS_SENT = "as-sent"
    FUNCTIONS = "functions.name:idx"


def with_ids(messages: Sequence[Message], ids: CallIds) -> tuple[Message, ...]:
    """The messages, their calls and results renamed together where `ids` asks for it; equal ids are taken in their order."""
    if ids is CallIds.AS_SENT:
        return tuple(messages)
    numbers = count()
    open_calls: dict[str, list[str]] = defaultdict(list)
    return tuple(_with_new(message, numbers, open_calls) for message in messages)


def _with_new(message: Message, numbers: count[int], open_calls: dict[str, list[str]]) -> Message:
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        return {**message, "tool_calls": [_renamed(call, numbers, open_calls) for call in calls]}
    waiting = open_calls.get(str(message.get("tool_call_id")))
    return {**message, "tool_call_id": waiting.pop(0)} if waiting else message


def _renamed(call: object, numbers: count[int], open_calls: dict[str, list[str]]) -> object:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, Mapping):
        return call
    name = f"functions.{function.get('name')}:{next(numbers)}"
    open_calls[str(call.get("id"))].append(name)
    return {**call, "id": name}
