"""One signal of one pair or of one answer: its state, the two values, and a reason that one can read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shadow.compare.pair import Kind


class Aspect(StrEnum):
    """The signals; each value is also the metric label `dimension`, so the set is closed."""

    # the whole of the action, in one label: which tools, or text, refusal, cut
    ACTION = "action"
    TRIGGER = "trigger"
    TOOL_NAMES = "tool_names"
    TOOL_COUNT = "tool_count"
    ARGUMENTS = "arguments"
    SCHEMA = "schema"
    FINISH = "finish_reason"
    REFUSAL = "refusal"
    TEXT = "text"
    LENGTH = "length"
    PROMPT_TOKENS = "prompt_tokens"
    COMPLETION_TOKENS = "completion_tokens"
    ERROR = "error"
    FIRST_CHUNK = "first_chunk"
    FIRST_TOKEN = "first_token"
    INTER_CHUNK = "inter_chunk"
    TOTAL = "total"
    RATE = "tokens_per_second"
    # reference-free checks
    CALL_SCHEMA = "call_schema"
    FINISH_CONTRADICTION = "finish_contradiction"
    LOST_SPACE = "lost_space"
    EMPTY_ANSWER = "empty_answer"
    BROKEN_STREAM = "broken_stream"


class State(StrEnum):
    """Four states, because silence is not innocence."""

    MATCH = "match"
    DIFFER = "differ"
    NOT_COMPARABLE = "not_comparable"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one signal says. `score` is a likeness in 0..1 (1 = equal) or None; `reason` one sentence, always given
    unless the state is `match`; `subject` and `reference` the two values in short (at most 200 characters).
    """

    aspect: Aspect
    state: State
    score: float | None = None
    reason: str = ""
    subject: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What all signals say of one pair; `comparable` is empty, or the reason why only `error` could be measured."""

    kind: Kind
    comparable: str
    findings: tuple[Finding, ...]
