"""`TournamentRecord`: a tournament as it was fixed at its start, to a row of the store and back.

It is a study of the kind `tournament`, named after its route. Nothing of it changes after the start but its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from shadow.choice.tournament_terms import TournamentTerms
from storage.study_rows import StudyRow

KIND = "tournament"
VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentRecord:
    """One tournament of a route, from `begun` to `ended` (epoch seconds, 0 while it runs). `half` and `nine_of_ten` are the
    requests that were printed before it began, None where the plan knew no number; `money` is the most that it may cost, 0 for
    no limit; `kept_since` is when the oldest exchange that was kept at the start began, 0 where none was.
    """

    id: str
    route: str
    reference: str
    candidates: tuple[str, ...]
    begun: float
    terms: TournamentTerms
    money: float = 0.0
    half: int | None = None
    nine_of_ten: int | None = None
    kept_since: float = 0.0
    ended: float = 0.0


def row_of(record: TournamentRecord) -> StudyRow:
    """The row of a tournament."""
    terms = record.terms
    policy = {"tolerance": terms.tolerance, "signals": terms.signals, "places": terms.places, "alpha": terms.alpha}
    plan = {
        "reference": record.reference,
        "candidates": record.candidates,
        "money": record.money,
        "half": record.half,
        "nine_of_ten": record.nine_of_ten,
        "kept_since": record.kept_since,
    }
    return StudyRow(
        id=record.id,
        kind=KIND,
        name=record.route,
        begun=record.begun,
        plan=orjson.dumps(plan).decode(),
        policy=orjson.dumps(policy).decode(),
        seed=0,
        version=VERSION,
        ended=record.ended,
    )


def record_of(row: StudyRow) -> TournamentRecord:
    """The tournament of a row of this kind."""
    policy, plan = orjson.loads(row.policy), orjson.loads(row.plan)
    return TournamentRecord(
        id=row.id,
        route=row.name,
        reference=plan["reference"],
        candidates=tuple(plan["candidates"]),
        begun=row.begun,
        terms=TournamentTerms(**{**policy, "signals": tuple(policy["signals"])}),
        money=plan["money"],
        half=plan["half"],
        nine_of_ten=plan["nine_of_ten"],
        kept_since=plan.get("kept_since", 0.0),
        ended=row.ended,
    )


def tournaments(rows: Iterable[StudyRow], route: str) -> list[TournamentRecord]:
    """The tournaments of a route, the newest last."""
    return sorted((record_of(row) for row in rows if row.kind == KIND and row.name == route), key=lambda each: each.begun)


def running_tournaments(rows: Iterable[StudyRow]) -> list[TournamentRecord]:
    """The tournaments of all routes that have not ended: the newest of each route."""
    records = sorted((record_of(row) for row in rows if row.kind == KIND and not row.ended), key=lambda each: each.begun)
    return list({record.route: record for record in records}.values())


def running_routes(rows: Iterable[StudyRow]) -> frozenset[str]:
    """The names of the routes whose tournament runs."""
    return frozenset(record.route for record in running_tournaments(rows))


def running(rows: Iterable[StudyRow], route: str) -> TournamentRecord | None:
    """The tournament of a route that has not ended, None without one."""
    return next((each for each in reversed(tournaments(rows, route)) if not each.ended), None)
