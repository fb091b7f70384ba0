"""Ways in which a server may differ from its reference, each with its share, and what they do to an answer.

This is test equipment: every fault here was seen on a real provider or engine, none is a claim about one.
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
    """Shares are in 0..1 of the requests they can touch; the default of each is no fault at all."""

    drop_tool_calls: float = 0.0
    """Answers with calls that come as text, or as a question back, instead."""
    garble_arguments: float = 0.0
    """Answers with calls whose first call is cut JSON, of wrong types, or of a name nobody offered."""
    lose_spaces: float = 0.0
    """Chunk boundaries of streamed text whose leading space is lost."""
    slow: float = 1.0
    """Factor on the time to the first token and on every gap."""
    ignore_max_tokens: bool = False
    extra_prompt_tokens: int = 0
    """Tokens counted beyond what the reference counts: another template."""
    error_rate: float = 0.0
    """Requests answered by 500 or 429."""
    cut_stream: float = 0.0
    """Streams whose connection dies in the middle."""
    error_in_stream: float = 0.0
    """Streams that end in an error event instead of an answer."""
    silent: float = 0.0
    """Requests that never get an answer."""
    wrong_model: str = ""
    """The model name echoed instead of the one asked for."""


FAITHFUL = PlantedFaults()


def spoiled(reply: PretendedReply, faults: PlantedFaults, dice: RandomDraws) -> PretendedReply:
    """The answer as a server with these faults would send it."""
    if reply.calls and dice.happens(faults.drop_tool_calls):
        return _dropped(reply, dice)
    if reply.calls and dice.happens(faults.garble_arguments):
        return dataclasses.replace(reply, calls=(_garbled(reply.calls[0], dice), *reply.calls[1:]))
    return reply


def _dropped(reply: PretendedReply, dice: RandomDraws) -> PretendedReply:
    call = reply.calls[0]
    words = (
        f"I would use {call.name.replace('_', ' ')} for this. Shall I go on?",
        f"Could you give me more details before I {call.name.replace('_', ' ')}?",
        json.dumps({"name": call.name, "arguments": call.arguments}),
    )
    return PretendedReply(text=words[dice.source.randrange(len(words))], reasoning=reply.reasoning)


def _garbled(call: PretendedCall, dice: RandomDraws) -> PretendedCall:
    match dice.source.randrange(3):
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


def despaced(pieces: tuple[str, ...], faults: PlantedFaults, dice: RandomDraws) -> tuple[str, ...]:
    """The pieces of a streamed text, some without their leading space."""
    if not faults.lose_spaces:
        return pieces
    return tuple(
        piece.removeprefix(" ") if position and dice.happens(faults.lose_spaces) else piece
        for position, piece in enumerate(pieces)
    )
