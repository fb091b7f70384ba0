"""cost_ceiling(): the most that one request can cost, by a provider's prices. Pure.

A token of a byte-level vocabulary is a byte at least, so that a body's bytes bound the tokens of its prompt, and the template
that a server puts around them is given room of its own.
"""

from __future__ import annotations

from math import ceil, isfinite

from shadow.pricing.money import MILLION, ZERO
from shadow.pricing.price_list import PROMPT_CLASSES, PriceList
from shadow.studies.chat_request import ChatRequest
from shadow.studies.study_budget import Cost

TEMPLATE_TOKENS = 1_000
"""Tokens of a prompt that a server may add of its own."""
LIMITS = ("max_completion_tokens", "max_tokens")
"""Members that limit an answer; servers differ in which of two they follow."""


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


def cost_ceiling(sent: ChatRequest, model: str, provider: str, prices: PriceList) -> Cost:
    """The most that one try can cost: by the body as its provider gets it, and by the highest prices of the requested `model`."""
    prompt, completion = prompt_ceiling(sent.body), answer_ceiling(sent)
    dearest = [price or ZERO for price in prices.dearest(provider, model) or ()]
    most = prompt * max(dearest[:PROMPT_CLASSES]) + completion * max(dearest[PROMPT_CLASSES:]) if dearest else ZERO
    return Cost(requests=1, tokens=prompt + completion, money=float(most / MILLION))
