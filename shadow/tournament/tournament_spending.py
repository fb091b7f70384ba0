"""tournament_spent(): what a tournament has cost. TournamentSpending: which tournaments run, and what is left of their money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from proxy.exchange import Role
from shadow.findings.number_words import number_of, verb_of
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.settings.top_level_config import Config
from shadow.tournament.candidate_costs import Cost
from shadow.tournament.claim_sentences import money
from shadow.tournament.known_tournaments import KnownTournaments
from shadow.tournament.tournament_record import TournamentRecord, running_tournaments
from storage.judgement_rows import ArmPairRow
from storage.storage_config import is_server
from storage.store import Reader

FIRST_ERROR = 400
"""The lowest status of a request that was refused."""
SPENT_SECONDS = 30.0
"""Every pair of a tournament is read to compute what it has cost."""
HOSTS = 8
"""Auditing hosts that together spend no more than is left: of a store that several may share, none knows how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentSpent:
    """What a tournament has cost, None without prices; `unpriced` answered calls have no price, and are not in `money`."""

    money: float | None
    unpriced: int


UNKNOWN_SPENT = TournamentSpent(money=None, unpriced=0)


def tournament_spent(rows: Iterable[ArmPairRow], record: TournamentRecord, cost_of: Cost) -> TournamentSpent:
    """The calls to candidates by their own tokens, and those to the reference by the mean tokens of the same answers at its
    prices. A call that was refused, or failed before its answer began, costs nothing.
    """
    own = [row for row in rows if row.role == Role.CANDIDATE and row.provider in record.candidates]
    costs = [(row, cost_of(row, row.provider)) for row in own]
    calls = [cost for _, cost in costs if cost is not None]
    unpriced = sum(1 for row, cost in costs if cost is None and row.status is not None and row.status < FIRST_ERROR)
    reference = [cost for row in own if (cost := cost_of(row, record.reference)) is not None]
    if not calls and not reference:
        return TournamentSpent(money=None, unpriced=unpriced)
    asked = _reference_calls(own)
    if not reference:
        return TournamentSpent(money=sum(calls), unpriced=unpriced + asked)
    return TournamentSpent(money=sum(calls) + asked * fmean(reference), unpriced=unpriced)


def spent_notes(spent: TournamentSpent, limit: float) -> Iterator[str]:
    """What has been spent of the `limit` (0: none), and how many calls are not in it; nothing where no price is known."""
    if spent.money is None:
        return
    if limit and spent.money >= limit:
        yield (
            f"The money of this tournament is spent ({money(spent.money)} of {money(limit)}): its candidates get no more "
            "copies, and what is not yet known stays unknown."
        )
    else:
        yield f"Spent so far: {money(spent.money)}{f' of {money(limit)}' if limit else ''}."
    if spent.unpriced:
        calls = f"{number_of(spent.unpriced, 'answered call')} {verb_of(spent.unpriced, 'is', 'are')}"
        yield f"{calls} not in it: no token counts, or no price for some of them."


def _reference_calls(rows: Sequence[ArmPairRow]) -> int:
    """One for each live request, and a second where any of its pairs has one."""
    return len({row.request for row in rows}) + len({row.request for row in rows if row.control})


class TournamentSpending:
    """Finds the tournaments that run by the table of studies, and what they cost at most every `SPENT_SECONDS`."""

    def __init__(self) -> None:
        self._left: dict[str, float] = {}
        """By id, because the next tournament of a route has its own money."""
        self._reading = 0
        self._due = 0.0
        self._known = KnownTournaments()

    def __repr__(self) -> str:
        return f"<TournamentSpending left={self._left}>"

    def copies(self, reader: Reader, config: Config, now: float) -> CandidateCopies:
        """The routes whose tournament runs, and what is left of its money. `now`: seconds of a clock that is never set back."""
        found = running_tournaments(reader.studies.studies())
        limited = [record for record in found if record.money]
        if now >= self._due and limited:
            self._known.keep(found)
            self._left = {record.id: self._left_of(reader, record, config) for record in limited}
            self._reading += 1
            self._due = now + SPENT_SECONDS
        left = {record.route: self._left.get(record.id, record.money) for record in limited}
        return CandidateCopies(
            begun=frozenset(record.route for record in found),
            spent=frozenset(route for route, money in left.items() if money <= 0),
            left=frozenset((route, money / _processes(config)) for route, money in left.items() if money > 0),
            reading=self._reading,
        )

    def _left_of(self, reader: Reader, record: TournamentRecord, config: Config) -> float:
        known = self._known.of(record)
        spent = tournament_spent(known.rows(reader, record), record, known.cost_of(config.proxy.providers)).money
        return record.money - (spent or 0.0)


def _processes(config: Config) -> int:
    """How many processes may spend for one tournament at the same time."""
    shared = config.storage.url_env or is_server(config.storage.url)
    return config.shadow.audit_workers * (HOSTS if shared else 1)
