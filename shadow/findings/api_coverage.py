"""Which signals and checks an API can show at all: what it cannot is said to be so, never measured on a guess."""

from __future__ import annotations

from collections.abc import Mapping

from shadow.findings.finding import Aspect

OF_VECTORS = frozenset({Aspect.VECTOR_COSINE, Aspect.VECTOR_NORM, Aspect.VECTOR_DIMENSION, Aspect.VECTOR_EXACTNESS})
ONLY: Mapping[str, tuple[frozenset[Aspect], str]] = {
    "embeddings": (
        OF_VECTORS
        | {Aspect.ERROR, Aspect.ERROR_CLASS, Aspect.PARAMETERS, Aspect.PROMPT_TOKENS, Aspect.FIRST_CHUNK, Aspect.TOTAL}
        | {Aspect.USAGE, Aspect.ECHOED_MODEL, Aspect.CONTEXT_LIMIT, Aspect.BROKEN_STREAM},
        "embeddings are vectors: there is no text, no call and no end to judge",
    ),
}
"""APIs of which nothing but these can be said, and why."""
_RAW = "a text completion is the model's own, with no template about it: whatever stands in it may stand there by right"
NEVER: Mapping[str, Mapping[Aspect, str]] = {
    "completions": {
        Aspect.TEMPLATE_LEAK: _RAW,
        Aspect.REASONING_FORM: _RAW,
        Aspect.EMPTY_ANSWER: "a text completion is empty where the prompt is complete, or a stop sequence comes first",
    },
    "messages": {
        Aspect.LUMPY_CALLS: "this API sends arguments a whole value at a time, unless asked for less",
    },
}
"""What else an API cannot show, and why."""


def why_unfit(aspect: Aspect, api: str) -> str:
    """Empty when answers of `api` can show `aspect`, else why they cannot."""
    if api in ONLY:
        allowed, reason = ONLY[api]
        return "" if aspect in allowed else reason
    if aspect in OF_VECTORS:
        return "the answers hold no vectors"
    return NEVER.get(api, {}).get(aspect, "")
