"""The shape of a request: the segments in which a sticky fault shows, and the sizes that make up its prompt; no text of it.

Stored with each pair as JSON, so that segments can be counted and templates distinguished after the bodies are deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from shadow.findings.pair import Pair
from shadow.identity.prompt_sample import PromptSample
from shadow.measures.request_size import (
    earlier_reasoning,
    has_media,
    media_characters,
    message_characters,
    schema_characters,
    tool_characters,
)
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

BUCKETS = ((1_000, "under 1k"), (4_000, "1k to 4k"), (16_000, "4k to 16k"), (64_000, "16k to 64k"), (256_000, "64k to 256k"))
"""Tokens under each bound, estimated by `PER_TOKEN`, and the bucket's name; the rest is `BEYOND`."""
BEYOND = "256k and more"
SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "prompt": (*(name for _, name in BUCKETS), BEYOND),
    "tools": ("yes", "no"),
    "stream": ("yes", "no"),
    "greedy": ("yes", "no"),
    "turn": ("first", "later"),
}
"""Every division of the requests, with its values; `TAG` is one more, where tags are configured."""
NOTHING: Mapping[str, str] = MappingProxyType({})
TAG = "tag"
OTHER_TAG, NO_TAG = "other", "none"
"""The segments of requests with a further tag, and of those without one."""
SYSTEM = frozenset({"system", "developer"})
"""Roles of a message that stands where a server would put a prompt of its own."""
PER_TOKEN = 4
"""Characters of a token. Counts of the answers are not used: one that failed has none, so a bucket would select answers."""
LARGEST = 2**53


def tag_segment(tag: str, known: Sequence[str]) -> Mapping[str, str]:
    """The segment of a request by its `tag`, one of the `known` ones; nothing where none is known. The set is closed, because a
    client may write another tag into every request.
    """
    return {TAG: tag if tag in known else OTHER_TAG if tag else NO_TAG} if known else {}


def request_shape(pair: Pair, tagged: Mapping[str, str] = NOTHING) -> str:
    """The shape of a pair's request as JSON: `segments`, `tagged` among them, and the counts of a `PromptSample`; tokens null
    where unknown.
    """
    request = pair.request
    tools, text = tool_characters(request), message_characters(request)
    counts = {
        "messages": len(request.messages),
        "system": int(any(message.get("role") in SYSTEM for message in request.messages)),
        "tools": len(request.tools),
        "tool_characters": tools,
        "schema_characters": schema_characters(request),
        "text_characters": text,
        "reasoning_turns": len(earlier_reasoning(request)),
        "reasoning_characters": sum(earlier_reasoning(request)),
        "provider_tokens": prompt_tokens(pair.subject),
        "reference_tokens": prompt_tokens(pair.reference),
        "provider_completion": _completion_tokens(pair.subject),
        "reference_completion": _completion_tokens(pair.reference),
        "same_text": int(_content(pair.subject) is not None and _content(pair.subject) == _content(pair.reference)),
    }
    size = tools + text - media_characters(request)
    return json.dumps({"segments": {**segments(request, size), **tagged}, **counts, "media": int(has_media(request))})


def segments(request: ParsedRequest, characters: int) -> Mapping[str, str]:
    """The segment of a request of so many `characters` by each division, which the request alone decides."""
    size = characters // PER_TOKEN
    return {
        "prompt": next((name for bound, name in BUCKETS if size < bound), BEYOND),
        "tools": "yes" if request.tools else "no",
        "stream": "yes" if request.stream else "no",
        "greedy": "yes" if request.temperature == 0 else "no",
        "turn": "first" if _answers(request) == 0 else "later",
    }


def _answers(request: ParsedRequest) -> int:
    return sum(message.get("role") == "assistant" for message in request.messages)


def prompt_tokens(answer: ParsedResponse) -> int | None:
    """The prompt tokens that a side reports, where it answered."""
    usage = answer.completion.usage if isinstance(answer.completion, Completion) else None
    tokens = usage.prompt_tokens if usage else None
    return tokens if tokens is not None and 0 < tokens < LARGEST else None


def _completion_tokens(answer: ParsedResponse) -> int:
    """The completion tokens that a side reports; 0 where it reports none."""
    usage = answer.completion.usage if isinstance(answer.completion, Completion) else None
    tokens = usage.completion_tokens if usage else None
    return tokens if tokens is not None and 0 < tokens < LARGEST else 0


def _content(answer: ParsedResponse) -> tuple[object, ...] | None:
    """The content of a complete answer of one choice, as a tuple to compare; None for other answers, for an empty one, and for
    one with reasoning that was counted and not sent, because those words cannot be compared.
    """
    if not isinstance(answer.completion, Completion) or len(answer.completion.choices) != 1 or answer.error is not None:
        return None
    first, usage = answer.completion.first, answer.completion.usage
    if usage and usage.reasoning_tokens and not first.reasoning:
        return None
    called = tuple((call.name, call.arguments) for call in first.tool_calls)
    return (first.text or "", first.reasoning or "", called, first.finish_reason) if first.text or called else None


def counted_sample(shape: str) -> PromptSample | None:
    """As `prompt_sample`, and None for a request with media: its words are not all that was counted."""
    kept = _loaded(shape)
    return None if kept.get("media") else _sample(kept)


def prompt_sample(shape: str) -> PromptSample | None:
    """The sample that a kept shape holds; None for one without both counts, or of another version."""
    return _sample(_loaded(shape))


def _loaded(shape: str) -> Mapping[str, object]:
    """The members of a kept shape; none where it is no JSON object."""
    try:
        kept = json.loads(shape)
    except ValueError:
        return NOTHING
    return kept if isinstance(kept, dict) else NOTHING


def _sample(kept: Mapping[str, object]) -> PromptSample | None:
    counts = {name: count for name in PromptSample.__slots__ if type(count := kept.get(name)) is int and count >= 0}
    return PromptSample(**counts) if len(counts) == len(PromptSample.__slots__) else None
