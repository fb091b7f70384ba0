"""StudyBudget: what a study may cost in all; a request is sent only if its ceiling still fits, so that no limit is passed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Requests, tokens (prompt and completion) and money, by the prices of the configuration."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(requests=self.requests + other.requests, tokens=self.tokens + other.tokens, money=self.money + other.money)

    def times(self, count: int) -> Cost:
        """This cost so many times."""
        return Cost(requests=self.requests * count, tokens=self.tokens * count, money=self.money * count)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLimits:
    """The limits of one study; 0 is no limit. `minutes` count from the start of this run."""

    requests: int = 0
    tokens: int = 0
    money: float = 0.0
    minutes: float = 0.0

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self.requests or self.tokens or self.money or self.minutes)


class StudyBudget:
    """What was spent and what is held back for requests in flight, against the limits. Not for several threads at once."""

    def __init__(self, limits: BudgetLimits) -> None:
        self._limits = limits
        self._held = Cost()
        self._begun = 0.0
        self.spent = Cost()

    def __repr__(self) -> str:
        return f"<StudyBudget {self.spent} spent, {self._held} held back, {self._limits}>"

    def begin(self, now: float, spent: Cost) -> None:
        """Count the minutes from `now` on; `spent` is what earlier runs of the study have cost."""
        self._begun = now
        self.spent += spent

    def hold(self, ceiling: Cost, now: float) -> str:
        """Hold back the most that a request can cost: "" and it may be sent, else the limit that it could pass."""
        after = self.spent + self._held + ceiling
        limits = self._limits
        if limits.requests and after.requests > limits.requests:
            return "requests"
        if limits.tokens and after.tokens > limits.tokens:
            return "tokens"
        if limits.money and after.money > limits.money * (1 + 1e-12):
            return "money"
        if limits.minutes and now - self._begun >= limits.minutes * 60:
            return "minutes"
        self._held += ceiling
        return ""

    @property
    def is_holding(self) -> bool:
        """Whether something is held back for requests in flight, of which a part may come free."""
        return self._held.requests > 0

    def settle(self, ceiling: Cost, cost: Cost) -> None:
        """A request that was held back for has ended, at this cost."""
        self._held += ceiling.times(-1)
        self.spent += cost
