"""tournament_spent(): what a tournament has cost, and the routes whose candidates get no copies now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from shadow.pricing.price_list import PriceList
from shadow.settings.top_level_config import Config
from shadow.tournament.candidate_arms import CANDIDATE
from shadow.tournament.candidate_costs import answer_cost
from shadow.tournament.tournament_record import TournamentRecord, running
from storage.judgement_rows import ArmPairRow
from storage.store import Reader


def tournament_spent(rows: Iterable[ArmPairRow], record: TournamentRecord, prices: PriceList) -> float | None:
    """The calls to candidates by their own tokens, and those to the reference by the mean tokens of the same answers at its
    prices; None where none of these answers has a price.
    """
    own = [row for row in rows if row.role == CANDIDATE and row.provider in record.candidates]
    calls = [cost for row in own if (cost := answer_cost(row, row.provider, prices)) is not None]
    reference = [cost for row in own if (cost := answer_cost(row, record.reference, prices)) is not None]
    if not calls and not reference:
        return None
    return sum(calls) + (_reference_calls(own) * fmean(reference) if reference else 0.0)


def _reference_calls(rows: Sequence[ArmPairRow]) -> int:
    """One for each live request, and a second where any of its pairs has one."""
    return len({row.request for row in rows}) + len({row.request for row in rows if row.control})


def held_routes(reader: Reader, config: Config) -> frozenset[str]:
    """The routes whose candidates get no copies now: their tournament has spent its money, or they wait for one to begin."""
    prices = PriceList(config.proxy.providers)
    studies = reader.studies.studies()
    records = {route.name: running(studies, route.name) for route in config.proxy.routes}
    spent = {name for name, record in records.items() if record and record.money and _is_spent(reader, record, prices)}
    return held_at_first(config) - {name for name, record in records.items() if record} | spent


def held_at_first(config: Config) -> frozenset[str]:
    """The routes whose candidates get copies only while a tournament runs (`tournament.copies`)."""
    return frozenset(route.name for route in config.proxy.routes if route.candidates and config.tournament.copies == "started")


def _is_spent(reader: Reader, record: TournamentRecord, prices: PriceList) -> bool:
    spent = tournament_spent(reader.judgements.arm_pairs(record.route, record.begun, 0.0), record, prices)
    return spent is not None and spent >= record.money


def without_candidates(config: Config, routes: frozenset[str]) -> Config:
    """The configuration in which these routes have no candidates."""
    if not routes:
        return config
    changed = tuple(
        route.model_copy(update={"candidates": ()}) if route.name in routes else route for route in config.proxy.routes
    )
    return config.model_copy(update={"proxy": config.proxy.model_copy(update={"routes": changed})})
