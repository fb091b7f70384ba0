"""A whole answer of /v1/responses in the normal form: items for messages, a status for a finish reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shadow.reading import message_parts, response_notes, server_times, stated_parameters
from shadow.reading.chat_response import ResponseReading
from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.completion import Choice, Completion, ProviderError, Unread, UnreadReason, Usage
from shadow.reading.lenient_json import load, repaired
from shadow.reading.provider_error import carries_error, error_of_json
from shadow.reading.responses_items import (
    MESSAGE_SEPARATOR,
    citations_of,
    is_call,
    is_commentary,
    is_encrypted_reasoning,
    logprobs_of,
    message_of,
    unread_kinds,
)

_REASONS = {"max_output_tokens": "length", "max_tokens": "length", "content_filter": "content_filter"}
LATER = frozenset({"queued", "in_progress", "cancelled"})
"""Statuses of a response that is answered later, or never."""


def read_whole(body: bytes, status: int) -> ResponseReading:
    """One JSON body with status 2xx."""
    loaded = load(body)
    value, notes = loaded.value, dict.fromkeys(loaded.departures)
    if loaded.why:
        return _unread(loaded.why, loaded.detail)
    if not isinstance(value, dict):
        return _unread(UnreadReason.WRONG_SHAPE, f"the body is a JSON {type(value).__name__}, not an object")
    if value.get("status") == "failed" or (not value.get("output") and carries_error(value)):
        error = error_of_json(status, value, in_stream=False)
        return _unread(UnreadReason.ERROR, f"an error with status {status}", error)
    output = value.get("output")
    if not isinstance(output, list) or not all(isinstance(item, dict) for item in output):
        return _unread(UnreadReason.WRONG_SHAPE, "the body has no list of output items")
    if isinstance(value.get("status"), str) and value["status"] in LATER:
        return _unread(UnreadReason.NOT_AUDITED, f"the response is {value['status']}: it is not the answer yet")
    choice = choice_of(value, output, notes)
    return ResponseReading(
        unread_items(choice, output, notes) or build_completion(value, choice, notes, stream=False), None, [], done=False
    )


def choice_of(response: Mapping[str, Any], output: Sequence[Mapping[str, Any]], notes: dict[str, None]) -> Choice:
    """The message that the output of a whole response forms."""
    builder, calls, spoken = ChoiceBuilder(notes), 0, False
    for item in output:
        message = message_of(item, calls)
        if text := message.get("content"):
            message["content"] = MESSAGE_SEPARATOR + text if spoken else text
            spoken = True
        if is_commentary(item):
            notes[response_notes.COMMENTARY] = None
        logprobs = logprobs_of(item)
        builder.add({"logprobs": {"content": logprobs}} if logprobs else {}, message, streamed=False)
        builder.add_citations(citations_of(item))
        calls += is_call(item)
    add_other_kinds(builder, output)
    builder.add({"finish_reason": finish_reason_of(response, notes, calls=calls)}, None, streamed=False)
    return builder.build(0, streamed=False)


def finish_reason_of(response: Mapping[str, Any], notes: dict[str, None], *, calls: int) -> str | None:
    """The status in the words of chat completions: a completed answer with calls in it waits for their results."""
    status, details = response.get("status"), response.get("incomplete_details")
    if status == "completed":
        return "tool_calls" if calls else "stop"
    if not isinstance(status, str):
        return None
    reason = details.get("reason") if isinstance(details, dict) else None
    described = f"{status}: {reason}" if isinstance(reason, str) else status
    notes[repaired(f"the response is {described}")[:120]] = None
    return _REASONS.get(reason, described) if isinstance(reason, str) else described


def add_other_kinds(builder: ChoiceBuilder, items: Sequence[Mapping[str, Any]]) -> None:
    """Adds to a builder the kinds of those items that the normal form has no other place for."""
    for kind in unread_kinds(items):
        builder.add_other_kind(kind, noted=False)
    if any(map(is_encrypted_reasoning, items)):
        builder.add_other_kind("sealed_reasoning", noted=False)


def unread_items(choice: Choice, output: Sequence[Mapping[str, Any]], notes: dict[str, None]) -> Unread | None:
    """Items other than messages, reasoning and calls are noted; an answer of only such items is not judged."""
    # they are held by the choice, too
    other = response_notes.word(", ".join(sorted(unread_kinds(output)))) if choice.other else ""
    if not other:
        return None
    notes[f"the response holds items that are not read: {other}"] = None
    if choice.text is None and choice.refusal is None and not choice.tool_calls:
        return Unread(why=UnreadReason.NOT_AUDITED, detail=f"the answer is of items that are not read: {other}")
    return None


def build_completion(response: Mapping[str, Any], choice: Choice, notes: dict[str, None], *, stream: bool) -> Completion:
    """The answer, its head and its usage out of the response."""
    return Completion(
        id=_word(response.get("id")),
        model=_word(response.get("model")),
        fingerprint=_word(response.get("system_fingerprint")),
        provider=_word(response.get("provider")),
        stream=stream,
        choices=(choice,),
        usage=_usage(response.get("usage")),
        notes=response_notes.kept_notes(notes),
        applied=stated_parameters.stated_parameters(response),
        times=server_times.times_in_body(response.get("usage"), response),
    )


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    chat = {"prompt_tokens": value.get("input_tokens"), "completion_tokens": value.get("output_tokens")}
    details = {"prompt_tokens_details": "input_tokens_details", "completion_tokens_details": "output_tokens_details"}
    chat |= {name: value.get(own) for name, own in details.items()}
    same = {name: value[name] for name in ("total_tokens", *message_parts.COST_FIELDS) if name in value}
    return message_parts.parse_usage(chat | same, reasoning_inside=True)


def _word(value: Any) -> str:
    return repaired(value) if isinstance(value, str) else ""


def _unread(why: UnreadReason, detail: str, error: ProviderError | None = None) -> ResponseReading:
    return ResponseReading(response_notes.unread(why, detail), error, [], done=False)
