"""The pretended providers' answers in the OpenAI format: one JSON body, or the same answer as the chunks of a stream."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from shadow.demo.loose_json import Json, Object, content, number, objects, string, strings
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_model import PretendedCall, PretendedReply

_PIECE = re.compile(r"\s*\S+|\s+\Z")
_ARGUMENT_PIECE = re.compile(r"\s*[\w.-]+|\s*[^\w\s.-]+|\s+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireChoice:
    """One choice within its limits. `pieces` are the tokens of its text, `called` the pieces of each call's arguments."""

    index: int
    reasoning: tuple[str, ...]
    pieces: tuple[str, ...]
    calls: tuple[PretendedCall, ...]
    called: tuple[tuple[str, ...], ...]
    ids: tuple[str, ...]
    finish: str

    @property
    def tokens(self) -> int:
        """Completion tokens: one a piece, and one for the name of each call."""
        return len(self.reasoning) + len(self.pieces) + sum(1 + len(pieces) for pieces in self.called)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireResponse:
    """A whole answer: its choices and the members around them."""

    id: str
    created: int
    model: str
    fingerprint: str
    choices: tuple[WireChoice, ...]
    prompt_tokens: int
    cached_tokens: int = 0

    def with_pieces(self, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> WireResponse:
        """The same answer with `change` applied to the text pieces of each choice."""
        choices = tuple(dataclasses.replace(choice, pieces=change(choice.pieces)) for choice in self.choices)
        return dataclasses.replace(self, choices=choices)


def limited_choice(reply: PretendedReply, body: Object, faults: PlantedFaults, *, index: int, ids: tuple[str, ...]) -> WireChoice:
    """A reply cut at the request's `stop` and `max_tokens`; `ignore_max_tokens` among the faults ignores the latter."""
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    left = sys.maxsize if faults.ignore_max_tokens else int(number(limit, sys.maxsize))
    reasoning = tuple(_PIECE.findall(reply.reasoning))[:left]
    text = tuple(_PIECE.findall(_stopped(reply.text, strings(body.get("stop")))))
    pieces = text[: left - len(reasoning)]
    called = []
    room = left - len(reasoning) - len(pieces)
    cut = len(pieces) < len(text)
    for call in reply.calls:
        argument = tuple(_ARGUMENT_PIECE.findall(call.arguments))
        if room < 1:
            cut = True
            break
        called.append(argument[: room - 1])
        cut = cut or len(called[-1]) < len(argument)
        room -= 1 + len(called[-1])
    finish = "length" if cut else "tool_calls" if called else "stop"
    calls = reply.calls[: len(called)]
    return WireChoice(index=index, reasoning=reasoning, pieces=pieces, calls=calls, called=tuple(called), ids=ids, finish=finish)


def _stopped(text: str, stops: list[str]) -> str:
    found = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(found)] if found else text


def prompt_tokens(body: Object) -> int:
    """Tokens of the prompt by this server's count: the words of messages and tools, and four for each message."""
    messages = objects(body.get("messages"))
    words = sum(len(_PIECE.findall(content(message))) + 4 + 6 * len(objects(message.get("tool_calls"))) for message in messages)
    return words + len(re.findall(r"\w+", str(body.get("tools") or "")))


def usage(answer: WireResponse) -> Object:
    """The token counts, with the details that clients read."""
    completion = sum(choice.tokens for choice in answer.choices)
    reasoning = sum(len(choice.reasoning) for choice in answer.choices)
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": answer.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def completion_body(answer: WireResponse) -> Object:
    """The answer as one chat.completion object."""
    choices: list[Json] = [_choice(choice) for choice in answer.choices]
    return {**_envelope(answer, "chat.completion"), "choices": choices, "usage": usage(answer)}


def _choice(choice: WireChoice) -> Object:
    message: Object = {"role": "assistant", "content": "".join(choice.pieces) if choice.pieces or not choice.calls else None}
    message["refusal"] = None
    if choice.reasoning:
        message["reasoning_content"] = "".join(choice.reasoning)
    if choice.calls:
        message["tool_calls"] = [_call(choice, position) for position in range(len(choice.calls))]
    return {"index": choice.index, "message": message, "logprobs": None, "finish_reason": choice.finish}


def _call(choice: WireChoice, position: int) -> Object:
    function: Object = {"name": choice.calls[position].name, "arguments": "".join(choice.called[position])}
    return {"id": choice.ids[position], "type": "function", "function": function}


def completion_chunks(answer: WireResponse, *, with_usage: bool) -> Iterator[Object]:
    """The answer as chat.completion.chunk objects, the choices interleaved; `with_usage` adds a last chunk with the usage."""
    around = _envelope(answer, "chat.completion.chunk")
    if with_usage:
        around["usage"] = None
    for deltas in zip_longest(*(_deltas(choice) for choice in answer.choices)):
        for delta in deltas:
            if delta is not None:
                choices: list[Json] = [delta]
                yield {**around, "choices": choices}
    if with_usage:
        yield {**around, "choices": [], "usage": usage(answer)}


def _deltas(choice: WireChoice) -> Iterator[Object]:
    def delta(value: Object, finish: str | None = None) -> Object:
        return {"index": choice.index, "delta": value, "logprobs": None, "finish_reason": finish}

    yield delta({"role": "assistant", "content": None if choice.calls else "", "refusal": None})
    for piece in choice.reasoning:
        yield delta({"reasoning_content": piece})
    for piece in choice.pieces:
        yield delta({"content": piece})
    for position, pieces in enumerate(choice.called):
        called: Object = {"name": choice.calls[position].name, "arguments": ""}
        opening: Json = {"index": position, "id": choice.ids[position], "type": "function", "function": called}
        yield delta({"tool_calls": [opening]})
        for piece in pieces:
            yield delta({"tool_calls": [{"index": position, "function": {"arguments": piece}}]})
    yield delta({}, choice.finish)


def _envelope(answer: WireResponse, kind: str) -> Object:
    return {
        "id": answer.id,
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": answer.fingerprint,
    }


def error_body(message: str, *, kind: str, code: str | None = None, param: str | None = None) -> Object:
    """An error body in OpenAI's format."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def request_error(body: Json) -> tuple[str, str]:
    """The reason to refuse a request with status 400, as (sentence, parameter); ("", "") for a valid request."""
    if not isinstance(body, dict):
        return "We could not parse the JSON body of your request: a JSON object is expected.", ""
    if not string(body.get("model")):
        return "you must provide a model parameter", "model"
    if not objects(body.get("messages")):
        return "Invalid 'messages': a non-empty array of messages is expected.", "messages"
    for name, low, high in (("temperature", 0, 2), ("n", 1, 8), ("max_tokens", 1, 1e6), ("max_completion_tokens", 1, 1e6)):
        value = body.get(name)
        if value is not None and not low <= number(value, -1) <= high:
            return f"Invalid '{name}': {value!r} is not within {low}..{high:g}.", name
    if any(not string(tool.get("type")) or not isinstance(tool.get("function"), dict) for tool in objects(body.get("tools"))):
        return "Invalid 'tools': each needs a type and a function.", "tools"
    return "", ""
