"""One signal of one pair or of one answer: its state, the two values, and a readable reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shadow.findings.pair import PairKind


class Signal(StrEnum):
    """The signals; each value is also the metric label `signal`, so the set is closed."""

    # as of the string that it equals, and quick: an enumeration's own hash is a call of Python, dozens for each answer
    __hash__ = str.__hash__

    # the whole of the action, in one label: which tools, or text, refusal, cut
    ANSWER_KIND = "answer_kind"
    CALLS_TOOL = "calls_tool"
    TOOLS = "tools"
    TOOL_COUNT = "tool_count"
    ARGUMENTS = "arguments"
    # of a pair, and as a check of one answer
    VALID_CALLS = "valid_calls"
    FINISH = "finish_reason"
    REFUSAL = "refusal"
    TEXT = "text"
    LENGTH = "length"
    PROMPT_TOKENS = "prompt_tokens"
    COMPLETION_TOKENS = "completion_tokens"
    ERROR = "error"
    ERROR_CLASS = "error_class"
    PARAMETERS = "parameters"
    CALL_KEPT = "call_kept"
    # the vendor verifiers' definition: finish_reason is tool_calls
    FINISH_TRIGGER = "finish_trigger"
    ASK_BACK = "ask_back"
    REFUSAL_WORDS = "refusal_words"
    TRUNCATION = "truncation"
    REASONING_FIELD = "reasoning_shown"
    REASONING_LENGTH = "reasoning_length"
    FIRST_DIVERGENCE = "first_divergence"
    TOKENS_PER_CHARACTER = "tokens_per_character"
    LOGPROB = "logprob"
    TEMPLATE_INPUT = "template_input"
    SEED = "seed"
    FIRST_CHUNK = "first_chunk"
    FIRST_TOKEN = "first_token"
    FIRST_CONTENT = "first_content"
    INTER_CHUNK = "inter_chunk"
    INTER_CHUNK_P99 = "inter_chunk_p99"
    STALLS = "stalls"
    CACHED_TOKENS = "cached_tokens"
    TOTAL = "total"
    RATE = "tokens_per_second"
    VECTOR_COSINE = "vector_cosine"
    VECTOR_NORM = "vector_norm"
    VECTOR_DIMENSION = "vector_dimension"
    VECTOR_EXACTNESS = "vector_exactness"
    # reference-free checks
    FINISH_CONTRADICTION = "finish_contradiction"
    LOST_SPACE = "lost_space"
    EMPTY_ANSWER = "empty_answer"
    BROKEN_STREAM = "broken_stream"
    MAX_TOKENS = "max_tokens"
    STOP = "stop"
    CHOICE_COUNT = "choice_count"
    LOGPROBS = "logprobs"
    TOP_LOGPROBS = "top_logprobs"
    RESPONSE_FORMAT = "response_format"
    TOOL_CHOICE = "tool_choice"
    PARALLEL_CALLS = "parallel_calls"
    STREAM_IGNORED = "stream_ignored"
    FINISH_VOCABULARY = "finish_vocabulary"
    CALL_ID = "call_id"
    TEMPLATE_LEAK = "template_leak"
    CALL_IN_TEXT = "call_in_text"
    REASONING_FORM = "reasoning_form"
    REASONING_ONLY = "reasoning_only"
    USAGE = "usage"
    STREAM_STRUCTURE = "stream_structure"
    ECHOED_MODEL = "echoed_model"
    SERVING_CHANGE = "serving_change"
    CONTEXT_LIMIT = "context_limit"
    FOREIGN_SCRIPT = "foreign_script"
    BROKEN_CHARACTERS = "broken_characters"
    REPETITION = "repetition"
    LUMPY_CALLS = "lumpy_calls"
    APPLIED_PARAMETERS = "applied_parameters"


class FindingState(StrEnum):
    """The outcomes of a finding; a signal that measured nothing is never a match."""

    __hash__ = str.__hash__

    MATCH = "match"
    DIFFER = "differ"
    NOT_COMPARABLE = "not_comparable"
    NOT_MEASURED = "not_measured"


MATCH, DIFFER, NOT_COMPARABLE, NOT_MEASURED = FindingState
"""The same by name, for code that looks at each of the thirty findings of an answer: before Python 3.12 a member that is looked
up on its class costs as much as a call. For the same reason each check looks its signal up once, when it is imported.
"""


TIMES = frozenset(
    {
        *(Signal.FIRST_CHUNK, Signal.FIRST_TOKEN, Signal.FIRST_CONTENT, Signal.INTER_CHUNK, Signal.INTER_CHUNK_P99),
        *(Signal.STALLS, Signal.CACHED_TOKENS, Signal.TOTAL, Signal.RATE),
    }
)
"""Signals of speed: they show how a server is loaded, never what it serves."""
FAILURES = frozenset({Signal.ERROR, Signal.ERROR_CLASS, Signal.PARAMETERS})
"""Signals of failure, which have a result for failed responses too: a pair with no other result was not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one signal. `score` is a likeness in 0..1 (1 = equal) or None; `reason` one sentence, always given
    unless the state is `match`; `subject` and `reference` the two values in short (at most 200 characters).
    """

    signal: Signal
    state: FindingState
    score: float | None = None
    reason: str = ""
    subject: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcomes of all signals for one pair; `comparable` is empty, or the reason why only `error` could be measured."""

    kind: PairKind
    comparable: str
    findings: tuple[Finding, ...]
