"""`TokenAllowance`: the tokens that a provider may count beyond its reference for the same words; the detector and the words
of a report take the same.
"""

from __future__ import annotations

from dataclasses import dataclass

TOLERATED = 0.005
"""Share by which the counts may differ: replicas and versions of one tokenizer do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAllowance:
    """`offset`: tokens that may come on top of each request. Pairs with under `least` tokens of the reference do not count."""

    offset: int
    least: int

    def counts(self, reference: int) -> bool:
        """Whether a pair with so many tokens of the reference counts."""
        return reference >= self.least

    def excess(self, provider: int, reference: int) -> float:
        """Tokens of the provider beyond what is tolerated."""
        return provider - self.offset - (1 + TOLERATED) * reference


PROMPT_ALLOWANCE = TokenAllowance(offset=3, least=300)
COMPLETION_ALLOWANCE = TokenAllowance(offset=1, least=100)
