"""The parts of a message or a delta in whichever form a server chose: content, reasoning, usage, log probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, NamedTuple

from shadow.reading.completion import Logprob, Usage, new_usage
from shadow.reading.lenient_json import repaired
from shadow.reading.response_notes import word

REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_text", "reasoning_summary")
"""Fields that carry reasoning as text, the first present one wins: some servers send the same text under two names."""


TICKS = 10**10
"""xAI's ticks in a dollar."""
_DEAREST = 1e6
_MOST = 2**53
COST_FIELDS = frozenset({"cost", "estimated_cost", "cost_in_usd_ticks"})
_COUNTS = (
    *("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens"),
    *("prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    *("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"),
)
_APART = "prompt_cache_hit_tokens and prompt_cache_miss_tokens are not the prompt_tokens"
_COUNTED = frozenset(_COUNTS)
_PLAIN = frozenset(_COUNTS[:3])
_THOUGHTS = ("thinking", "reasoning")  # a tuple: what is looked up may not be hashable


class MessageContent(NamedTuple):
    """The text of a content field by kind; None for a kind that it does not hold. `other` names parts that are not text."""

    text: str | None
    reasoning: str | None
    other: tuple[str, ...]


def parse_content(value: Any) -> MessageContent:
    """A content field: a string, or a list of typed parts (text, thinking, refusal ...)."""
    if isinstance(value, str):
        return MessageContent(value, None, ())
    parts = value if isinstance(value, list) else [value]
    texts, thoughts, others = [], [], []
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _THOUGHTS:
            thoughts.append(_thought(part))
        elif (text := _text(part)) is not None:
            texts.append(text)
        else:
            others.append(kind if isinstance(kind, str) else "JSON object" if isinstance(part, dict) else type(part).__name__)
    return MessageContent("".join(texts) if texts else None, "".join(thoughts) if thoughts else None, tuple(others))


def _text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) else None
    if isinstance(text, dict):
        text = text.get("value")
    return text if isinstance(text, str) else None


def _thought(part: dict[str, Any]) -> str:
    for key in ("thinking", "reasoning", "text", "content", "summary"):
        value = part.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            return "".join(text for item in value if (text := _text(item)) is not None)
    return ""


def reasoning_text(value: Any) -> str | None:
    """A reasoning field: a string, an object with a text in it, or a list of either; None when it holds no text."""
    if isinstance(value, str):
        return value
    items = value if isinstance(value, list) else [value]
    found = [item if isinstance(item, str) else _thought(item) for item in items if isinstance(item, (str, dict))]
    return "".join(found) if found else None


def routed_provider(message: Any) -> str:
    """The upstream in `provider_metadata.gateway.routing` of a message or a delta; "" where it names none."""
    if not isinstance(message, dict) or "provider_metadata" not in message:
        return ""  # of nearly all servers
    found: Any = message
    for key in ("provider_metadata", "gateway", "routing"):
        found = found.get(key) if isinstance(found, dict) else None
    names = (found.get(key) for key in ("finalProvider", "resolvedProvider")) if isinstance(found, dict) else ()
    return next((name for name in names if isinstance(name, str)), "")


def is_encrypted(value: Any) -> bool:
    """Whether one of the details of a reasoning is encrypted."""
    details = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) and item.get("type") == "reasoning.encrypted" for item in details)


def parse_usage(value: Any, *, reasoning_inside: bool = False) -> Usage | None:
    """Token counts in the words of OpenAI, or of DeepSeek for the cache; None when there is no usage object.

    `reasoning_inside`: the API defines the reasoning as a part of the completion tokens.
    """
    if not isinstance(value, dict):
        return None
    if _PLAIN.issuperset(value) and (plain := _plain_counts(value)):
        return new_usage(*plain, reasoning_inside=reasoning_inside)
    details, output = _inner(value, "prompt_tokens_details"), _inner(value, "completion_tokens_details")
    written = _inner(value, "cache_creation")
    hit, missed = value.get("prompt_cache_hit_tokens"), value.get("prompt_cache_miss_tokens")
    parts = _sum(hit, missed)
    prompt = _first(value.get("prompt_tokens"), parts)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=_count(value.get("completion_tokens")),
        total_tokens=_count(value.get("total_tokens")),
        reasoning_tokens=_first(output.get("reasoning_tokens"), value.get("reasoning_tokens")),
        cached_tokens=_first(details.get("cached_tokens"), hit, value.get("cached_tokens"), value.get("cache_read_input_tokens")),
        # OpenRouter's detail, or the count of `/messages` that gateways pass on
        cache_write_tokens=_first(details.get("cache_write_tokens"), value.get("cache_creation_input_tokens")),
        cost=stated_cost(value),
        cache_write_1h_tokens=_count(written.get("ephemeral_1h_input_tokens")),
        reasoning_inside=reasoning_inside,
        invalid=_no_count((value, details, output, written)) or (_APART if parts not in (None, prompt) else ""),
    )


def _plain_counts(usage: dict[str, Any]) -> tuple[int, int, int, None, None] | None:
    """The first counts of a `Usage` of which these are all, as of many servers; None where one is missing or is no count."""
    counts: tuple[Any, Any, Any] = usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens")
    are_counts = {int}.issuperset(map(type, counts)) and min(counts) >= 0 and max(counts) <= _MOST
    return (*counts, None, None) if are_counts else None


def _no_count(held: Iterable[dict[str, Any]]) -> str:
    """Which member of these is no token count, in the order of `_COUNTS`; "" without one."""
    for counts in filter(None, held):
        # over the members that are there, since most have three of these or none
        wrong = {name for name in _COUNTED & counts.keys() if counts[name] is not None and _count(counts[name]) is None}
        if wrong:
            return f"{min(wrong, key=_COUNTS.index)} is no token count"
    return ""


def _sum(one: Any, other: Any) -> int | None:
    """The sum of two token counts; None where one of them is missing."""
    first, second = _count(one), _count(other)
    return None if first is None or second is None else first + second


def stated_cost(usage: dict[str, Any]) -> float | None:
    """US dollars: `cost` as a number (OpenRouter), with a total in it (Perplexity), estimated (DeepInfra) or in ticks (xAI)."""
    if COST_FIELDS.isdisjoint(usage):
        return None
    stated = usage.get("cost")
    ticks = usage.get("cost_in_usd_ticks")
    found: tuple[Any, ...] = (
        stated.get("total_cost") if isinstance(stated, dict) else stated,
        usage.get("estimated_cost"),
        ticks / TICKS if type(ticks) is int and ticks < 2**63 else None,
    )
    return next((float(each) for each in found if type(each) in (int, float) and 0 <= each < _DEAREST), None)


def filtered_kinds(results: Any) -> list[str]:
    """The kinds that a filter withheld, of `content_filter_results` (Azure), each with its severity where it states one."""
    found = results.items() if isinstance(results, dict) else ()
    return [
        word(f"{kind} ({result['severity']})" if isinstance(result.get("severity"), str) else kind)
        for kind, result in found
        if isinstance(result, dict) and result.get("filtered") is True
    ]


def prompt_filtered_kinds(value: Any) -> list[str]:
    """The kinds for which a filter withheld the prompt, of `prompt_filter_results`."""
    results = value if isinstance(value, list) else []
    return [kind for each in results if isinstance(each, dict) for kind in filtered_kinds(each.get("content_filter_results"))]


def _inner(value: dict[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _first(*values: Any) -> int | None:
    """The first of these that is a token count."""
    for value in values:
        if value is not None and (count := _count(value)) is not None:
            return count
    return None


def _count(value: Any) -> int | None:
    """A token count: a whole number from 0 to 2^53, whichever way JSON wrote it."""
    if type(value) is int:
        return value if 0 <= value <= _MOST else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
        return value if 0 <= value <= _MOST else None
    return None


def parse_logprobs(value: Any) -> list[Logprob] | None:
    """The chosen tokens' log probabilities: `content` items, or the two lists of the older form; None when absent."""
    if not isinstance(value, dict):
        return None
    items = value.get("content")
    if isinstance(items, list):
        found = [(item.get("token"), item.get("logprob"), item.get("top_logprobs")) for item in items if isinstance(item, dict)]
    elif isinstance(value.get("tokens"), list) and isinstance(value.get("token_logprobs"), list):
        tops = value.get("top_logprobs")
        found = list(zip_longest(value["tokens"], value["token_logprobs"], tops if isinstance(tops, list) else ()))
    else:
        return None
    return [
        Logprob(token=repaired(token), logprob=float(value), top=len(top) if isinstance(top, (list, dict)) else 0)
        for token, value, top in found
        if isinstance(token, str) and isinstance(value, (int, float)) and not isinstance(value, bool) and -1e9 < value < 1e9
    ]
