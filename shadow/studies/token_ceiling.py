"""cost_ceiling(), cost_of(): the most that one request can cost, and what it has cost, by a provider's prices. Pure.

A token of a byte-level vocabulary is a byte at least, so that a body's bytes bound the tokens of its prompt, and the template
that a server puts around them is given room of its own.
"""

from __future__ import annotations

from proxy.provider_config import Provider
from shadow.reading.parsed_request import ParsedRequest
from shadow.studies.study_budget import Cost

TEMPLATE_TOKENS = 1_000
"""Tokens of a prompt that a server may add of its own."""
MILLION = 1_000_000


def answer_ceiling(parsed: ParsedRequest) -> int:
    """Completion tokens that the request allows, for all its choices; 0 where it sets no limit, which is no bound."""
    return (parsed.max_tokens or 0) * max(parsed.n, 1)


def prompt_ceiling(body: bytes) -> int:
    """Prompt tokens that a body can have at most."""
    return len(body) + TEMPLATE_TOKENS


def cost_ceiling(body: bytes, parsed: ParsedRequest, provider: Provider) -> Cost:
    """The most that one try can cost."""
    return cost_of(prompt_ceiling(body), answer_ceiling(parsed), provider)


def cost_of(prompt: int, completion: int, provider: Provider) -> Cost:
    """One request of so many prompt and completion tokens."""
    money = (prompt * provider.price_input + completion * provider.price_output) / MILLION
    return Cost(requests=1, tokens=prompt + completion, money=money)
