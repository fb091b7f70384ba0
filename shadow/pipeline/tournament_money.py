"""TournamentMoney: what this process may still spend for the tournament of each route until the store is read again.

The cost of a tournament is read from stored pairs. What came since is counted here, so that its limit holds in between: pairs of
before the last reading may have been stored after it, and count against what it left too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from shadow.pipeline.candidate_copies import CandidateCopies


class TournamentMoney:
    """Costs since the last reading of the store and between the two before; a route without a limit is never spent."""

    def __init__(self) -> None:
        self._reading = 0
        self._left: Mapping[str, float] = {}
        self._since: dict[str, float] = defaultdict(float)
        self._before: dict[str, float] = defaultdict(float)

    def __repr__(self) -> str:
        return f"<TournamentMoney left={dict(self._left)} since={dict(self._since)} before={dict(self._before)}>"

    def renew(self, copies: CandidateCopies) -> None:
        """Use what is left by `copies`, which may be of the same reading."""
        if copies.reading != self._reading:
            self._reading = copies.reading
            self._since, self._before = defaultdict(float), self._since
        self._left = dict(copies.left)

    def pay(self, route: str, money: float) -> None:
        """Count what answers to a request of the route have cost."""
        self._since[route] += money

    def is_spent(self, route: str) -> bool:
        """Whether nothing is left for the candidates of the route."""
        left = self._left.get(route)
        return left is not None and self._since[route] + self._before[route] >= left
