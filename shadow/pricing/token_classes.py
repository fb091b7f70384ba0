"""classed(): the usage of one answer as six disjoint classes of tokens, by the sum of its counts and not by their names.

APIs disagree on whether `completion_tokens` includes the reasoning, and some count it in `total_tokens` alone; the total decides.
Where it does not, both readings are kept: the classes are those of the cheaper one, `uncertain` is the difference.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from shadow.reading.completion import Completion, Unread, UnreadReason, Usage

CREDIBLE = 100_000_000
"""Most tokens of one answer that count; more is a fault or an attack, and would spoil a sum for good."""


class UsageState(StrEnum):
    """How well the classes of an answer are known; a closed set, because it is a metric label and a column."""

    __hash__ = str.__hash__  # an enumeration's own is a call of Python

    CERTAIN = "certain"
    HIDDEN = "hidden"
    """The total counts more than prompt and completion; the difference is counted as output."""
    RANGE = "range"
    """Reasoning may be a part of the completion tokens or come on top of them."""
    MISSING = "no_usage"
    INVALID = "invalid_usage"
    """A count that is none, or counts that contradict each other, as more tokens from a cache than in the prompt."""


KNOWN = frozenset({UsageState.CERTAIN, UsageState.HIDDEN, UsageState.RANGE})
"""States of an answer whose tokens have classes."""


class TokenClasses(NamedTuple):
    """Tokens by class. `output` excludes `reasoning`; `uncertain` are output tokens beyond these that may have been billed."""

    fresh: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    uncertain: int = 0

    @property
    def prompt(self) -> int:
        """Tokens of the prompt, from wherever they were read."""
        return self.fresh + self.cache_read + self.cache_write_5m + self.cache_write_1h


class ClassedUsage(NamedTuple):
    """The classes of one answer, all 0 unless its state is in `KNOWN`."""

    state: UsageState
    tokens: TokenClasses


MISSING = ClassedUsage(UsageState.MISSING, TokenClasses())
INVALID = ClassedUsage(UsageState.INVALID, TokenClasses())


def classed_answer(completion: Completion | Unread, status: int | None) -> ClassedUsage | None:
    """The classes of an answer; None where nothing is billed: an error, no answer, or an API without tokens."""
    if isinstance(completion, Completion):
        return classed(completion.usage, vectors=bool(completion.vectors))
    answered = status is not None and 200 <= status < 300
    return MISSING if answered and completion.why is not UnreadReason.NOT_AUDITED else None


@lru_cache(maxsize=16)  # an answer is classed for the counters, then for its row
def classed(usage: Usage | None, *, vectors: bool = False) -> ClassedUsage:
    """The classes of a usage; `vectors`: of embeddings, which have no output and may be counted by the total alone."""
    if usage is None:
        return MISSING
    if usage.invalid:
        return INVALID
    prompt, completion, total = _sums(usage, vectors=vectors)
    if prompt is None or completion is None:
        return MISSING
    if max(prompt, completion, total or 0, usage.reasoning_tokens or 0) > CREDIBLE:
        return INVALID
    return _classed(usage, prompt, completion, total)


def _sums(usage: Usage, *, vectors: bool) -> tuple[int | None, int | None, int | None]:
    """Prompt, completion and total; a count of 0 that was left out is filled in."""
    prompt, completion, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    if vectors:
        prompt = total if prompt is None else prompt
    if completion is None and prompt is not None and (vectors or total == prompt):
        completion = 0
    return prompt, completion, total


def _classed(usage: Usage, prompt: int, completion: int, total: int | None) -> ClassedUsage:
    read, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
    hour = usage.cache_write_1h_tokens or 0
    if total is not None and usage.reasoning_tokens is None and 0 < total - prompt - completion == read + written:
        prompt += read + written  # a gateway that reports the counts of /messages: the prompt is the fresh part alone
    fresh = prompt - read - written
    if fresh < 0 or hour > written:
        return INVALID
    state, low, high = _output(usage, prompt, completion, total)
    reasoning = min(usage.reasoning_tokens or 0, low)
    return ClassedUsage(state, TokenClasses(fresh, read, written - hour, hour, low - reasoning, reasoning, high - low))


def _output(usage: Usage, prompt: int, completion: int, total: int | None) -> tuple[UsageState, int, int]:
    """The tokens of the output with its reasoning, at least and at most: the rule by the sum."""
    thought = usage.reasoning_tokens
    inside = not thought or usage.reasoning_inside
    extra = total - prompt - completion if total is not None else 0 if inside else None
    if extra == 0 and (thought or 0) <= completion:
        return UsageState.CERTAIN, completion, completion
    if extra and extra > 0 and extra == thought:
        return UsageState.CERTAIN, completion + extra, completion + extra
    if extra and extra > 0 and thought is None:
        return UsageState.HIDDEN, completion + extra, completion + extra
    least = max(completion + min(extra or 0, 0), 0)
    return UsageState.RANGE, least, completion + max(thought or 0, extra or 0)
