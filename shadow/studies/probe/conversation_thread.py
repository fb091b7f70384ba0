"""The thread of a conversation: which stored requests continue which, and what a run needs to go on from one of them. Pure.

The key of a conversation is its opening, so that several runs of one prompt share it; a request continues another one whose
messages it repeats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.findings.number_words import number_of, verb_of
from shadow.studies.chat_request import is_json
from shadow.studies.worlds.recording import RecordedCall, Recording

_OWN = frozenset({"model", "messages", "tools", "stream", "stream_options", "temperature"})
"""Members of a body that a task has a place for; the others are its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRequest:
    """One stored request of a conversation, its body read."""

    id: str
    body: Mapping[str, object]

    @property
    def messages(self) -> tuple[dict[str, object], ...]:
        """Its messages."""
        found = self.body.get("messages")
        return tuple(message for message in found if isinstance(message, dict)) if isinstance(found, list) else ()


def read_request(exchange_id: str, body: bytes | None) -> ThreadRequest | None:
    """A stored request; None where its body is not whole JSON."""
    try:
        value = json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
    return ThreadRequest(id=exchange_id, body=value) if isinstance(value, dict) and value.get("messages") else None


def threads(requests: Sequence[ThreadRequest]) -> list[list[ThreadRequest]]:
    """The requests, in the order in which they began, as chains: each continues the latest request whose messages it repeats."""
    chains: list[list[ThreadRequest]] = []
    for request in requests:
        own = next((chain for chain in reversed(chains) if _continues(request, chain[-1])), None)
        if own is None:
            chains.append([request])
        else:
            own.append(request)
    return chains


def _continues(request: ThreadRequest, before: ThreadRequest) -> bool:
    earlier, later = before.messages, request.messages
    return len(later) > len(earlier) and later[: len(earlier)] == earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkPoint:
    """A request from which runs go on: its messages, its members, and the world that the requests after it hold."""

    messages: tuple[dict[str, object], ...]
    model: str
    stream: bool
    temperature: float | None
    parameters: Mapping[str, object]
    recording: Recording
    next_called: tuple[str, ...] = ()
    """The tools that the conversation called in its next answer, each once."""

    @property
    def called(self) -> tuple[str, ...]:
        """The tools that the conversation called from here on, each once."""
        return tuple(dict.fromkeys(call.name for call in self.recording.calls))


def fork_point(chain: Sequence[ThreadRequest], step: int) -> ForkPoint:
    """The request number `step` of a chain, from 1; ValueError where there is none, or one that cannot be sent again."""
    if not 1 <= step <= len(chain):
        raise ValueError(f"the conversation has {number_of(len(chain), 'request')}, and no request {step}")
    body, last = chain[step - 1].body, chain[-1]
    if not is_json(body):
        raise ValueError(f"request {step} holds a number that is more than a double can hold, and cannot be sent again")
    messages = chain[step - 1].messages
    after = last.messages[len(messages) :]
    tools, temperature = body.get("tools"), body.get("temperature")
    functions = tuple(tool for tool in tools if isinstance(tool, dict)) if isinstance(tools, list) else ()
    return ForkPoint(
        messages=messages,
        model=str(body.get("model") or ""),
        stream=body.get("stream") is True,
        temperature=temperature if isinstance(temperature, int | float) else None,
        parameters={name: value for name, value in body.items() if name not in _OWN},
        recording=Recording(functions=functions, calls=tuple(_calls(after))),
        next_called=_names_called(after[0]) if after else (),
    )


_REASONING = ("reasoning", "reasoning_content", "reasoning_details")
_REDACTED = "*" * 8


def stored_notes(messages: Sequence[Mapping[str, object]], *, renamed: bool) -> tuple[str, ...]:
    """What of stored messages is not as a provider of its own would have it: ids, reasoning, texts that were redacted."""
    calls = sum(len(found) for message in messages if isinstance(found := message.get("tool_calls"), list))
    thinking = sum(any(message.get(name) for name in _REASONING) for message in messages)
    redacted = sum(_REDACTED in json.dumps(message, default=str) for message in messages)
    hold = verb_of(redacted, "holds", "hold")
    form = "functions.NAME:INDEX" if renamed else "the conversation's provider made them"
    notes = {
        f"the ids of {number_of(calls, 'earlier call')} are sent as {form}": calls,
        f"the reasoning of {number_of(thinking, 'earlier answer')} is sent as it was": thinking,
        f"{number_of(redacted, 'message')} {hold} asterisks, as a text that was redacted does": redacted,
    }
    return tuple(note for note, count in notes.items() if count)


def _names_called(message: Mapping[str, object]) -> tuple[str, ...]:
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return tuple(dict.fromkeys(str(function.get("name")) for function in functions if isinstance(function, dict)))


def _calls(messages: Sequence[Mapping[str, object]]) -> list[RecordedCall]:
    """The calls of these messages that have a result, in the order of their results."""
    made: dict[str, tuple[str, str]] = {}
    found = []
    for message in messages:
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                made[str(call.get("id"))] = (str(function.get("name")), str(function.get("arguments")))
        key = str(message.get("tool_call_id"))
        if message.get("role") == "tool" and key in made:
            name, arguments = made[key]
            text = message.get("content")
            found.append(RecordedCall(name=name, arguments=arguments, text=text if isinstance(text, str) else json.dumps(text)))
    return found
