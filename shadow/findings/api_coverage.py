"""Which signals an API can show at all; the others are `not_measured` with their reason."""

from __future__ import annotations

from collections.abc import Mapping

from shadow.findings.finding import Signal

VECTOR_SIGNALS = frozenset({Signal.VECTOR_COSINE, Signal.VECTOR_NORM, Signal.VECTOR_DIMENSION, Signal.VECTOR_EXACTNESS})
ONLY_SIGNALS: Mapping[str, tuple[frozenset[Signal], str]] = {
    "embeddings": (
        VECTOR_SIGNALS
        | {Signal.ERROR, Signal.ERROR_CLASS, Signal.PARAMETERS, Signal.PROMPT_TOKENS, Signal.FIRST_CHUNK, Signal.TOTAL}
        | {Signal.USAGE, Signal.ECHOED_MODEL, Signal.CONTEXT_LIMIT, Signal.BROKEN_STREAM},
        "embeddings are vectors: there is no text, no call and no end to judge",
    ),
}
"""APIs that show these signals alone, and why."""
_RAW = "a text completion is the model's own, with no template about it: whatever stands in it may stand there by right"
EXCLUDED_SIGNALS: Mapping[str, Mapping[Signal, str]] = {
    "completions": {
        Signal.TEMPLATE_LEAK: _RAW,
        Signal.REASONING_FORM: _RAW,
        Signal.EMPTY_ANSWER: "a text completion is empty where the prompt is complete, or a stop sequence comes first",
    },
    "messages": {
        Signal.LUMPY_CALLS: "this API sends arguments a whole value at a time, unless asked for less",
    },
}
"""What else an API cannot show, and why."""


def not_applicable_reason(signal: Signal, api: str) -> str:
    """Empty when answers of `api` can show `signal`, else why they cannot."""
    if api in ONLY_SIGNALS:
        allowed, reason = ONLY_SIGNALS[api]
        return "" if signal in allowed else reason
    if signal in VECTOR_SIGNALS:
        return "the answers hold no vectors"
    return EXCLUDED_SIGNALS.get(api, {}).get(signal, "")
