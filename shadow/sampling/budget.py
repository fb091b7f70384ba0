"""The budget of shadowing in a period of UTC: requests, tokens, money; the caller passes the time, and periods never go back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

HOUR, DAY = 3600, 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSpending:
    """What the running period has cost so far; requests count from the moment they are admitted."""

    requests: int
    tokens: int
    money: float


UNITS = ("requests", "tokens", "money")


class Budget:
    """Limits per period ("hour", "day" or "month", by UTC); 0 is no limit. Not for several threads at once.

    A sampled request is admitted as a whole or not at all: once admitted, its second answer is never refused, only counted. So a
    period may be overdrawn by the requests in flight when the limit was reached, which the cap on concurrency bounds.
    """

    def __init__(self, requests: int, tokens: int, money: float, period: str) -> None:
        if period not in {"hour", "day", "month"}:
            raise ValueError(f"budget period {period!r} is not known (known: hour, day, month)")
        self.limit(requests, tokens, money)
        self._period = period
        self._now = 0
        self._open = 0
        self._requests = 0
        self._tokens = 0
        self._money = 0.0

    def __repr__(self) -> str:
        return f"<Budget {self._period} open={self._open} requests={self._requests} tokens={self._tokens} money={self._money:g}>"

    def limit(self, requests: int, tokens: int, money: float) -> None:
        """Set other limits; what the running period has cost stays counted."""
        self._limits = PeriodSpending(requests=requests, tokens=tokens, money=money)

    def unlimited(self) -> Budget:
        """Another budget of the same period, without a limit and with nothing spent."""
        return Budget(0, 0, 0.0, self._period)

    @property
    def limited(self) -> bool:
        """Whether there is any limit, so that what is spent has to outlive this process."""
        return bool(self._limits.requests or self._limits.tokens or self._limits.money)

    def hours(self, now: float) -> tuple[int, int]:
        """The hours since the epoch of the period that `now` is in: the first, and the first after it."""
        if self._period != "month":
            length = 1 if self._period == "hour" else 24
            first = int(now // (length * HOUR)) * length
            return first, first + length
        moment = datetime.fromtimestamp(now, UTC)
        begin = datetime(moment.year, moment.month, 1, tzinfo=UTC)
        end = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
        return int(begin.timestamp() // HOUR), int(end.timestamp() // HOUR)

    def restore(self, now: float, requests: int, tokens: int, money: float) -> None:
        """Begin with what earlier processes have spent in the period that `now` is in."""
        self._turn(now)
        self._requests, self._tokens, self._money = requests, tokens, money

    def observe(self, now: float, requests: int, tokens: int, money: float) -> None:
        """Take over what all processes have spent in the period that `now` is in, this one's reserved requests included; nothing
        where another period has begun since.
        """
        self._turn(now)
        if self._index(now) < self._now:
            return
        self._requests = max(self._requests, requests - self._open)
        self._tokens, self._money = max(self._tokens, tokens), max(self._money, money)

    def give_back(self, requests: int = 1) -> None:
        """Give back admitted requests that will not be sent."""
        self._open = max(self._open - requests, 0)

    def admit(self, now: float, requests: int = 1) -> str:
        """Admit one sampled request at `now` (seconds since the epoch): "" and it is counted, else the limit reached.

        It counts as so many `requests`: one to the reference, and one to each candidate.
        """
        why = self.exhausted(now)
        self._open += 0 if why else requests
        return why

    def exhausted(self, now: float) -> str:
        """The limit that is reached at `now`; "" when one more request would be admitted."""
        self._turn(now)
        spent, limits = self.spent, self._limits
        if limits.requests and spent.requests >= limits.requests:
            return "budget_requests"
        if limits.tokens and spent.tokens >= limits.tokens:
            return "budget_tokens"
        if limits.money and spent.money >= limits.money:
            return "budget_money"
        return ""

    def settle(self, now: float, tokens: int, money: float, *, admitted: bool = True) -> None:
        """Count the cost of one answer of the reference; one that was not `admitted`, a second one, is one more request."""
        self._turn(now)
        self._open = max(self._open - admitted, 0)
        self._requests += 1
        self._tokens += tokens
        self._money += money

    @property
    def spent(self) -> PeriodSpending:
        """What the running period has cost so far."""
        return PeriodSpending(requests=self._open + self._requests, tokens=self._tokens, money=self._money)

    @property
    def amounts(self) -> tuple[int, int, float]:
        """The limits of a period: requests, tokens, money; 0 is none."""
        return self._limits.requests, self._limits.tokens, self._limits.money

    def limits(self) -> dict[str, float]:
        """The limits of a period by unit; 0 is none."""
        return dict(zip(UNITS, _amounts(self._limits), strict=True))

    def left(self, now: float) -> dict[str, float]:
        """What is left at `now` of each limit there is, by unit; 0 also where a period is overdrawn."""
        self._turn(now)
        amounts = zip(UNITS, _amounts(self._limits), _amounts(self.spent), strict=True)
        return {unit: max(limit - spent, 0) for unit, limit, spent in amounts if limit}

    def _turn(self, now: float) -> None:
        """Begin a new period when `now` is in a later one; a clock set back stays in the present one."""
        index = self._index(now)
        if index > self._now:
            self._now, self._open, self._requests, self._tokens, self._money = index, 0, 0, 0, 0.0

    def _index(self, now: float) -> int:
        if self._period == "month":
            moment = datetime.fromtimestamp(now, UTC)
            return moment.year * 12 + moment.month
        return int(now // (HOUR if self._period == "hour" else DAY))


def _amounts(of: PeriodSpending) -> tuple[float, float, float]:
    """The amounts in the order of UNITS."""
    return of.requests, of.tokens, of.money
