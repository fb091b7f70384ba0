"""Faults that a pretended provider is given, each with its share of requests, and their effect on an answer.

This is test equipment. Each kind of fault was seen on a real provider or engine; none is a claim about one.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from shadow.demo.draws import RandomDraws
from shadow.demo.loose_json import Json
from shadow.demo.pretended_model import PretendedCall, PretendedReply


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFaults:
    """Shares are in 0..1 of the requests they apply to; the defaults plant no fault."""

    drop_tool_calls: float = 0.0
    """Answers whose tool calls are replaced by text or by a question."""
    garble_arguments: float = 0.0
    """Answers whose first call has cut JSON, wrong types or the name of a tool that was not offered."""
    lose_spaces: float = 0.0
    """Chunks of streamed text that lose their leading space."""
    slow: float = 1.0
    """Factor on the time to the first token and on every gap."""
    ignore_max_tokens: bool = False
    extra_prompt_tokens: int = 0
    """Tokens counted beyond the reference's count, as with another chat template."""
    error_rate: float = 0.0
    """Requests answered with status 500 or 429."""
    cut_stream: float = 0.0
    """Streams whose connection is reset in the middle."""
    error_in_stream: float = 0.0
    """Streams that break off with an error event."""
    silent: float = 0.0
    """Requests that never get an answer."""
    wrong_model: str = ""
    """The model name echoed in place of the requested one."""


FAITHFUL = PlantedFaults()


def with_faults(reply: PretendedReply, faults: PlantedFaults, draws: RandomDraws) -> PretendedReply:
    """The answer with these faults' effect on its tool calls."""
    if reply.calls and draws.with_probability(faults.drop_tool_calls):
        return _dropped(reply, draws)
    if reply.calls and draws.with_probability(faults.garble_arguments):
        return dataclasses.replace(reply, calls=(_garbled(reply.calls[0], draws), *reply.calls[1:]))
    return reply


def _dropped(reply: PretendedReply, draws: RandomDraws) -> PretendedReply:
    call = reply.calls[0]
    words = (
        f"I would use {call.name.replace('_', ' ')} for this. Shall I go on?",
        f"Could you give me more details before I {call.name.replace('_', ' ')}?",
        json.dumps({"name": call.name, "arguments": call.arguments}),
    )
    return PretendedReply(text=words[draws.source.randrange(len(words))], reasoning=reply.reasoning)


def _garbled(call: PretendedCall, draws: RandomDraws) -> PretendedCall:
    match draws.source.randrange(3):
        case 0:
            return PretendedCall(name=call.name, arguments=call.arguments[: max(1, len(call.arguments) * 2 // 3)])
        case 1:
            return PretendedCall(name=call.name, arguments=json.dumps(_mistyped(json.loads(call.arguments))))
        case _:
            return PretendedCall(name=f"functions.{call.name}", arguments=call.arguments)


def _mistyped(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _mistyped(member) for key, member in value.items()}
    if isinstance(value, list):
        return json.dumps(value)
    return [value] if isinstance(value, str) else str(value)


def lose_spaces(pieces: tuple[str, ...], faults: PlantedFaults, draws: RandomDraws) -> tuple[str, ...]:
    """The pieces of a streamed text, a share of them without their leading space."""
    if not faults.lose_spaces:
        return pieces
    return tuple(
        piece.removeprefix(" ") if position and draws.with_probability(faults.lose_spaces) else piece
        for position, piece in enumerate(pieces)
    )
