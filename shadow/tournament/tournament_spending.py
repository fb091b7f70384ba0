"""tournament_spent(): what a tournament has cost. TournamentSpending: which tournaments run, and which have spent their money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from proxy.exchange import Role
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pricing.price_list import PriceList
from shadow.settings.top_level_config import Config
from shadow.tournament.candidate_costs import answer_cost
from shadow.tournament.tournament_record import TournamentRecord, running_tournaments
from storage.judgement_rows import ArmPairRow
from storage.store import Reader

SPENT_SECONDS = 30.0
"""Every pair of a tournament is read to compute what it has cost."""


def tournament_spent(rows: Iterable[ArmPairRow], record: TournamentRecord, prices: PriceList) -> float | None:
    """The calls to candidates by their own tokens, and those to the reference by the mean tokens of the same answers at its
    prices; None where none of these answers has a price.
    """
    own = [row for row in rows if row.role == Role.CANDIDATE and row.provider in record.candidates]
    calls = [cost for row in own if (cost := answer_cost(row, row.provider, prices)) is not None]
    reference = [cost for row in own if (cost := answer_cost(row, record.reference, prices)) is not None]
    if not calls and not reference:
        return None
    return sum(calls) + (_reference_calls(own) * fmean(reference) if reference else 0.0)


def _reference_calls(rows: Sequence[ArmPairRow]) -> int:
    """One for each live request, and a second where any of its pairs has one."""
    return len({row.request for row in rows}) + len({row.request for row in rows if row.control})


class TournamentSpending:
    """Finds the tournaments that run by the table of studies, and what they cost at most every `SPENT_SECONDS`."""

    def __init__(self) -> None:
        self._spent: frozenset[str] = frozenset()
        """Ids, because the next tournament of a route has its own money."""
        self._due = 0.0

    def __repr__(self) -> str:
        return f"<TournamentSpending spent={sorted(self._spent)}>"

    def copies(self, reader: Reader, config: Config, now: float) -> CandidateCopies:
        """The routes whose tournament runs, and has spent its money. `now`: seconds of a clock that is never set back."""
        found = running_tournaments(reader.studies.studies())
        if now >= self._due and any(record.money for record in found):
            prices = PriceList(config.proxy.providers)
            self._spent = frozenset(record.id for record in found if record.money and _is_spent(reader, record, prices))
            self._due = now + SPENT_SECONDS
        return CandidateCopies(
            begun=frozenset(record.route for record in found),
            spent=frozenset(record.route for record in found if record.id in self._spent),
        )


def _is_spent(reader: Reader, record: TournamentRecord, prices: PriceList) -> bool:
    spent = tournament_spent(reader.judgements.arm_pairs(record.route, record.begun, 0.0), record, prices)
    return spent is not None and spent >= record.money
