"""Which signals and checks are evidence, and when a pair counts for a check; the same for every engine."""

from __future__ import annotations

NEVER = (
    *("first_chunk", "first_token", "first_content", "inter_chunk", "inter_chunk_p99", "stalls", "cached_tokens", "total"),
    *("tokens_per_second", "first_divergence"),
)
"""Signals in which healthy servers differ: times, and where two sampled texts part."""
BOTH_JUDGED = ("context_limit", "lost_space", "lumpy_calls")
"""Checks that depend on what a side reports, or on how it cuts a stream: a pair counts where both sides were judged."""
BOTH_COUNT = ("finish_contradiction", "max_tokens")
"""Checks that read the completion tokens: a pair counts where both sides report them or neither does."""
SAME_FAULT = {"template_leak": "call_in_text"}
"""Checks that an answer may fail by the fault that another check names; that one alone is counted then."""
