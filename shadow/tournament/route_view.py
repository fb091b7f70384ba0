"""route_view(): the running tournament of a route, or what one would take: what the pages and the MCP tool show."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shadow.choice.tournament_plan import TournamentPlan, tournament_plan
from shadow.pricing.price_list import PriceList
from shadow.settings.top_level_config import Config
from shadow.tournament.plan_sentences import PlanSetting, plan_lines
from shadow.tournament.route_traffic import route_traffic
from shadow.tournament.tournament_figures import TournamentFigures
from shadow.tournament.tournament_record import running
from shadow.tournament.tournament_route import TournamentRoute, configured_terms
from shadow.tournament.tournament_view import tournament_figures
from storage.store import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """What a tournament of a route takes, as numbers and as sentences."""

    route: TournamentRoute
    plan: TournamentPlan
    lines: tuple[str, ...]


def route_view(reader: Reader, config: Config, route: TournamentRoute, now: float) -> TournamentFigures | RoutePlan:
    """The figures of the tournament that runs at `now` (epoch seconds); without one, the plan."""
    record = running(reader.studies.studies(), route.name)
    providers = config.proxy.providers
    return tournament_figures(reader, record, now, providers) if record else route_plan(reader, config, route, now)


def route_plan(reader: Reader | None, config: Config, route: TournamentRoute, now: float) -> RoutePlan:
    """The plan by the traffic of the last week; nothing is known of it without a reader."""
    terms = configured_terms(config.tournament)
    traffic = route_traffic(reader, route, now, config.shadow.control_fraction, PriceList(config.proxy.providers))
    traffic = replace(traffic, per_request=config.tournament.per_request)
    plan = tournament_plan(terms, len(route.candidates), traffic)
    setting = PlanSetting(
        route=route.name,
        reference=route.reference,
        candidates=route.candidates,
        per_day=traffic.sampled_per_day,
        money=config.tournament.money,
        keep_days=config.storage.keep_days,
    )
    lines = plan_lines(plan, terms, setting)
    return RoutePlan(route=route, plan=plan, lines=tuple(lines))
