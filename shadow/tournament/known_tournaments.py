"""KnownTournaments: what earlier looks read and computed of tournaments, so that a look costs what came since the last one.

Pairs that started a quarter of an hour before the newest, and were all judged, are kept. Where their sums in the store are other
ones, as after a deletion, a late pair or a changed judgement, everything is read again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from operator import attrgetter

from proxy.provider_config import Provider
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.tournament_terms import TournamentTerms
from shadow.pricing.price_list import PriceList
from shadow.tournament.candidate_arms import CandidateArm, counted_pairs, horizon_of
from shadow.tournament.candidate_costs import Cost, answer_cost
from shadow.tournament.tournament_record import TournamentRecord
from storage.judgement_rows import ArmPairRow, ArmPairsSums
from storage.store import Reader

SETTLED = 900.0
"""Seconds between a pair and the newest one after which it is kept: few are stored later."""
NO_PAIRS = ArmPairsSums()


@dataclass(slots=True)
class _Counted:
    """Evidence by the first `pairs` of an arm, whose numbers sum to `total`."""

    evidence: ArmEvidence
    pairs: int = 0
    total: int = 0


@dataclass(slots=True)
class KnownTournament:
    """One tournament as it was read last: `settled` pairs before `cut` (epoch seconds) with their sums."""

    settled: list[ArmPairRow] = field(default_factory=list)
    sums: ArmPairsSums = NO_PAIRS
    cut: float = 0.0
    counted: dict[tuple[str, str, float], _Counted] = field(default_factory=dict)
    providers: Mapping[str, Provider] | None = None
    costs: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def rows(self, reader: Reader, record: TournamentRecord) -> Sequence[ArmPairRow]:
        """The pairs of the tournament, oldest first."""
        if not self._is_unchanged(reader, record):
            self.settled, self.sums, self.cut = [], NO_PAIRS, 0.0
            self.counted.clear()
            self.costs.clear()
        new = reader.judgements.arm_pairs(record.route, self.cut or record.begun, record.ended or 0.0)
        waiting = min((row.started for row in new if row.judgement is None), default=inf)
        cut = min(waiting, new[-1].started - SETTLED) if new else 0.0
        if cut <= max(self.cut, record.begun):
            return [*self.settled, *new]
        place = bisect_left(new, cut, key=attrgetter("started"))
        self.settled += new[:place]
        self.sums = _with(self.sums, new[:place])
        self.cut = cut
        return [*self.settled, *new[place:]]

    def _is_unchanged(self, reader: Reader, record: TournamentRecord) -> bool:
        if not self.cut:
            return True
        return reader.judgements.arm_pairs_sums(record.route, record.begun, self.cut) == self.sums

    def cost_of(self, providers: Mapping[str, Provider]) -> Cost:
        """What an answer costs by the prices of these `providers`, computed once for each."""
        if providers is not self.providers:
            self.providers = providers
            self.costs.clear()
        prices, costs = PriceList(providers), self.costs

        def cost(row: ArmPairRow, provider: str) -> float | None:
            try:
                return costs[provider][row.exchange_id]
            except KeyError:
                found = answer_cost(row, provider, prices)
                costs.setdefault(provider, {})[row.exchange_id] = found
                return found

        return cost

    def evidence(self, arm: CandidateArm, terms: TournamentTerms, now: float) -> ArmEvidence:
        """As `arm_evidence`; of the pairs before `cut` only those that an earlier look did not count are counted."""
        settled = bisect_left(arm.rows, self.cut, key=attrgetter("started"))
        known = self._counted(arm, terms, settled)
        new = arm.rows[known.pairs : settled]
        known.evidence.take(counted_pairs(new), self.cut)
        known.pairs, known.total = settled, known.total + sum(row.no for row in new)
        found = known.evidence.copied()
        horizon = horizon_of(arm)
        found.take(counted_pairs(row for row in arm.rows[settled:] if row.started < horizon), min(horizon, now))
        return found

    def _counted(self, arm: CandidateArm, terms: TournamentTerms, settled: int) -> _Counted:
        """What was counted of the arm, where that is the beginning of its pairs still."""
        key = arm.name, arm.model, arm.began
        known = self.counted.get(key)
        if known is None or known.pairs > settled or known.total != sum(row.no for row in arm.rows[: known.pairs]):
            known = self.counted[key] = _Counted(ArmEvidence(terms=terms))
        return known


def _with(sums: ArmPairsSums, judged: Sequence[ArmPairRow]) -> ArmPairsSums:
    """The sums with more pairs, each of them judged."""
    return ArmPairsSums(
        pairs=sums.pairs + len(judged),
        numbers=sums.numbers + sum(row.no for row in judged),
        judged=sums.judged + len(judged),
        letters=sums.letters + sum(len(row.judgement or "") for row in judged),
    )


class KnownTournaments:
    """By their ids. Not safe for several threads at once."""

    def __init__(self) -> None:
        self._known: dict[str, KnownTournament] = {}

    def __repr__(self) -> str:
        return f"<KnownTournaments {sorted(self._known)}>"

    def of(self, record: TournamentRecord) -> KnownTournament:
        """What is known of one."""
        return self._known.setdefault(record.id, KnownTournament())

    def keep(self, records: Iterable[TournamentRecord]) -> None:
        """Forget all others."""
        ids = {record.id for record in records}
        self._known = {name: known for name, known in self._known.items() if name in ids}
