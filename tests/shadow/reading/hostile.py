"""JSON of the kind that breaks readers: the known keys in unknown places, with values of every wrong type."""

from __future__ import annotations

from hypothesis import strategies as st

CHOICE_KEYS = [
    "choices",
    "delta",
    "message",
    "index",
    "finish_reason",
    "logprobs",
    "token",
    "logprob",
    "tokens",
    "token_logprobs",
]
TEXT_KEYS = ["role", "content", "reasoning_content", "reasoning", "reasoning_details", "refusal", "type", "text", "thinking"]
CALL_KEYS = ["tool_calls", "function_call", "function", "custom", "id", "name", "arguments", "input"]
HEAD_KEYS = ["model", "messages", "object", "usage", "x_groq", "prompt_tokens", "completion_tokens", "prompt_tokens_details"]
ERROR_KEYS = ["error", "detail", "code", "status", "msg"]
KEYS = st.sampled_from(CHOICE_KEYS + TEXT_KEYS + CALL_KEYS + HEAD_KEYS + ERROR_KEYS)
WORDS = st.sampled_from(["", "stop", "a", "{}", '{"a":', "1}", "\ud83d", "\ude00", "thinking", "text", "error", "system", "user"])
LEAVES = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | WORDS | st.just(2**80)
HOSTILE = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)

DELTA_CALL = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 2) | LEAVES,
        "id": st.sampled_from(["a", "b", ""]) | LEAVES,
        "function": st.fixed_dictionaries({}, optional={"name": WORDS | LEAVES, "arguments": WORDS | HOSTILE}) | LEAVES,
    },
)
DELTA = st.fixed_dictionaries(
    {}, optional={"content": WORDS | HOSTILE, "tool_calls": st.lists(DELTA_CALL, max_size=3) | LEAVES, "reasoning": HOSTILE}
)
CHOICE = st.fixed_dictionaries(
    {},
    optional={"index": st.integers(0, 1) | LEAVES, "delta": DELTA | HOSTILE, "message": DELTA | HOSTILE, "finish_reason": LEAVES},
)
CHUNK = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(CHOICE | HOSTILE, max_size=3),
        "usage": HOSTILE,
        "error": HOSTILE,
        "model": LEAVES,
        "id": LEAVES,
    },
)
"""Nearly the chunk of a stream, or a whole answer."""
