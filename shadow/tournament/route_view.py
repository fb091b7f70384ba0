"""route_view(): the running tournament of a route, or what one would take: what the pages and the MCP tool show."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shadow.choice.tournament_plan import TournamentPlan, tournament_plan
from shadow.pricing.price_list import PriceList
from shadow.settings.top_level_config import Config
from shadow.tournament.known_tournaments import KnownTournaments
from shadow.tournament.plan_sentences import PlanSetting, plan_lines
from shadow.tournament.route_traffic import route_traffic
from shadow.tournament.tournament_figures import TournamentFigures
from shadow.tournament.tournament_record import running_tournaments
from shadow.tournament.tournament_route import TournamentRoute, configured_terms
from shadow.tournament.tournament_view import tournament_figures
from storage.store import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """What a tournament of a route takes, as numbers and as sentences."""

    route: TournamentRoute
    plan: TournamentPlan
    lines: tuple[str, ...]


def route_view(
    reader: Reader, config: Config, route: TournamentRoute, now: float, known: KnownTournaments
) -> TournamentFigures | RoutePlan:
    """The figures of the tournament that runs at `now` (epoch seconds); without one, the plan. `known` is from earlier looks."""
    found = running_tournaments(reader.studies.studies())
    known.keep(found)
    record = next((each for each in found if each.route == route.name), None)
    if record is None:
        return route_plan(reader, config, route, now)
    return tournament_figures(reader, record, now, config, known.of(record))


def route_plan(reader: Reader | None, config: Config, route: TournamentRoute, now: float) -> RoutePlan:
    """The plan by the traffic of the last week; nothing is known of it without a reader."""
    terms = configured_terms(config.tournament)
    prices = PriceList(config.proxy.providers)
    traffic = route_traffic(reader, route, now, config.shadow.control_fraction, prices)
    traffic = replace(traffic, per_request=config.tournament.per_request)
    plan = tournament_plan(terms, len(route.candidates), traffic)
    setting = PlanSetting(
        route=route.name,
        reference=route.reference,
        candidates=route.candidates,
        per_day=traffic.sampled_per_day,
        money=config.tournament.money,
        keep_days=config.storage.keep_days,
        unpriced=[name for name in (route.reference, *route.candidates) if not prices.has(name)],
    )
    lines = plan_lines(plan, terms, setting)
    return RoutePlan(route=route, plan=plan, lines=tuple(lines))
