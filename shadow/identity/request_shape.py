"""What a request is like: the segments in which a sticky fault shows, and the sizes that its prompt is made of; no word of it.

Kept with each pair as JSON, so that segments can be counted and templates told apart long after the bodies are gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from shadow.compare.token_density import characters, earlier_reasoning, message_characters, schema_characters, tool_characters
from shadow.findings.pair import Pair
from shadow.identity.prompt_sample import Sample
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import Ask
from shadow.reading.parsed_response import Answer

BUCKETS = ((1_000, "under 1k"), (4_000, "1k to 4k"), (16_000, "4k to 16k"), (64_000, "16k to 64k"), (256_000, "64k to 256k"))
"""Prompt tokens under each bound, and the bucket's name; the rest is `BEYOND`."""
BEYOND = "256k and more"
SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "prompt": (*(name for _, name in BUCKETS), BEYOND),
    "tools": ("yes", "no"),
    "stream": ("yes", "no"),
    "greedy": ("yes", "no"),
    "turn": ("first", "later"),
}
"""Every division of the requests, with its values."""
SYSTEM = frozenset({"system", "developer"})
"""Roles of a message that stands where a server would put a prompt of its own."""
PER_TOKEN = 4
"""Characters of a token, where nobody counted them."""
LARGEST = 2**53


def shape_of(pair: Pair) -> str:
    """The shape of a pair's request as a JSON object: `segments`, and the counts of a `Sample`; tokens null where not told."""
    ask = pair.ask
    counts = {
        "messages": len(ask.messages),
        "system": int(any(message.get("role") in SYSTEM for message in ask.messages)),
        "tools": len(ask.tools),
        "tool_characters": tool_characters(ask),
        "schema_characters": schema_characters(ask),
        "text_characters": message_characters(ask),
        "reasoning_turns": len(earlier_reasoning(ask)),
        "reasoning_characters": sum(earlier_reasoning(ask)),
        "provider_tokens": prompt_tokens(pair.subject),
        "reference_tokens": prompt_tokens(pair.reference),
        "provider_completion": _completion_tokens(pair.subject),
        "reference_completion": _completion_tokens(pair.reference),
        "same_text": int(_says(pair.subject) is not None and _says(pair.subject) == _says(pair.reference)),
    }
    return json.dumps({"segments": segments(ask, prompt_tokens(pair.reference) or prompt_tokens(pair.subject)), **counts})


def segments(ask: Ask, tokens: int | None) -> Mapping[str, str]:
    """The segment of a request by each division; `tokens` of its prompt, else estimated by its characters."""
    size = characters(ask) // PER_TOKEN if tokens is None else tokens
    return {
        "prompt": next((name for bound, name in BUCKETS if size < bound), BEYOND),
        "tools": "yes" if ask.tools else "no",
        "stream": "yes" if ask.stream else "no",
        "greedy": "yes" if ask.temperature == 0 else "no",
        "turn": "first" if _answers(ask) == 0 else "later",
    }


def _answers(ask: Ask) -> int:
    return sum(message.get("role") == "assistant" for message in ask.messages)


def prompt_tokens(answer: Answer) -> int | None:
    """The prompt tokens that a leg reports, where it answered."""
    usage = answer.said.usage if isinstance(answer.said, Completion) else None
    tokens = usage.prompt_tokens if usage else None
    return tokens if tokens is not None and 0 < tokens < LARGEST else None


def _completion_tokens(answer: Answer) -> int:
    """The completion tokens that a leg reports; 0 where it reports none."""
    usage = answer.said.usage if isinstance(answer.said, Completion) else None
    tokens = usage.completion_tokens if usage else None
    return tokens if tokens is not None and 0 < tokens < LARGEST else 0


def _says(answer: Answer) -> tuple[object, ...] | None:
    """All that a whole answer of one choice is made of; None for others, and for one that says nothing."""
    if not isinstance(answer.said, Completion) or len(answer.said.choices) != 1 or answer.error is not None:
        return None
    first = answer.said.first
    called = tuple((call.name, call.arguments) for call in first.tool_calls)
    return (first.text or "", first.reasoning or "", called, first.finish_reason) if first.text or called else None


def sample_of(shape: str) -> Sample | None:
    """The sample that a kept shape holds; None for one without both counts, or of another version."""
    try:
        kept = json.loads(shape)
        counts = {name: kept[name] for name in Sample.__slots__}
    except (ValueError, KeyError, TypeError):
        return None
    if not all(type(count) is int and count >= 0 for count in counts.values()):
        return None
    return Sample(**counts)
