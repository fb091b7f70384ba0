"""cost_ceiling(), cost_of(): the most that one request can cost, and what it has cost, by a provider's prices. Pure.

A token of a byte-level vocabulary is a byte at least, so that a body's bytes bound the tokens of its prompt, and the template
that a server puts around them is given room of its own.
"""

from __future__ import annotations

from math import ceil, isfinite

from proxy.provider_config import Provider
from shadow.studies.chat_request import ChatRequest
from shadow.studies.study_budget import Cost

TEMPLATE_TOKENS = 1_000
"""Tokens of a prompt that a server may add of its own."""
LIMITS = ("max_completion_tokens", "max_tokens")
"""Members that limit an answer; servers differ in which of two they follow."""
MILLION = 1_000_000


def answer_ceiling(sent: ChatRequest) -> int:
    """Completion tokens that a request allows for all its choices, by the larger of two limits; 0 where nothing bounds them.

    `sent` has the body as its provider gets it. A limit or an `n` that is no positive number bounds nothing: a lenient server may
    read it as a large one.
    """
    body = sent.parsed.body
    limits = [_whole(body[name]) for name in LIMITS if body.get(name) is not None]
    choices = 1 if body.get("n") is None else _whole(body["n"])
    return max(limits, default=0) * choices if all(limits) else 0


def _whole(value: object) -> int:
    """A positive number, rounded up; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return ceil(value) if isfinite(value) and value > 0 else 0


def prompt_ceiling(body: bytes) -> int:
    """Prompt tokens that a body can have at most."""
    return len(body) + TEMPLATE_TOKENS


def cost_ceiling(sent: ChatRequest, provider: Provider) -> Cost:
    """The most that one try can cost, by the body as its provider gets it."""
    return cost_of(prompt_ceiling(sent.body), answer_ceiling(sent), provider)


def cost_of(prompt: int, completion: int, provider: Provider) -> Cost:
    """One request of so many prompt and completion tokens."""
    money = (prompt * provider.price_input + completion * provider.price_output) / MILLION
    return Cost(requests=1, tokens=prompt + completion, money=money)
