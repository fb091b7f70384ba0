"""plan_lines(): what a tournament takes before anything is spent: requests, calls, money and days, and what decides them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from shadow.choice.tournament_plan import SignalNeed, TournamentPlan
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.effect_phrases import points
from shadow.tournament.claim_sentences import money
from shadow.verdict.phrases import named, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSetting:
    """What the plan is of: a route with its candidates, its compared requests a day, and the limits of the configuration; no
    price of those in `unpriced` is configured.
    """

    route: str
    reference: str
    candidates: Sequence[str]
    per_day: float
    money: float = 0.0
    keep_days: float = inf
    unpriced: Sequence[str] = ()


def plan_lines(plan: TournamentPlan, terms: TournamentTerms, setting: PlanSetting) -> Iterator[str]:
    """The plan as sentences, the requests first."""
    candidates, route, reference, per_day = setting.candidates, setting.route, setting.reference, setting.per_day
    many = f"{len(candidates)} candidate{'s' if len(candidates) != 1 else ''} ({', '.join(candidates)})"
    yield f"Route {route}: {many} against {reference}, within {points(terms.tolerance)}, {terms.places} places."
    if plan.asked < len(candidates):
        yield f"Each request goes to {plan.asked} of them in turn (tournament.per_request), by conversation."
    slowest = plan.slowest
    yield (
        f"To prove an equal one: {_count(plan.half)} requests in half of the cases, {_count(plan.nine_of_ten)} in nine of ten "
        f"({named(slowest.signal)} takes longest)."
    )
    yield _calls(plan, setting)
    yield _days(plan, per_day)
    yield from _limits(plan, setting)
    yield f"How often the reference differs from itself: {'; '.join(map(_floor, plan.needs))}."


def _limits(plan: TournamentPlan, setting: PlanSetting) -> Iterator[str]:
    """What would end the tournament before nine of ten are proven."""
    if setting.money and plan.money is not None and plan.money > setting.money:
        yield f"tournament.money is {money(setting.money)}: it ends then, perhaps before anything is known."
    if isfinite(plan.days) and plan.days > setting.keep_days:
        kept = f"Records are kept for {setting.keep_days:g} days (storage.keep_days)"
        yield f"{kept}, and pairs count while they are kept: raise it."


def _calls(plan: TournamentPlan, setting: PlanSetting) -> str:
    if not isfinite(plan.nine_of_ten):
        return "No number of calls is known: a required signal has no request."
    cost = _why_unpriced(setting) if plan.money is None else f"about {money(plan.money)} money"
    return (
        f"In nine of ten cases that is at most {_count(plan.candidate_calls)} candidate calls and "
        f"{_count(plan.reference_calls)} reference calls; {cost}. It may stop earlier."
    )


def _why_unpriced(setting: PlanSetting) -> str:
    """Why the money is not known: prices are missing, else the token counts of past requests are."""
    if setting.unpriced:
        return f"the money is not known, because no price of {', '.join(setting.unpriced)} is configured"
    return "the money is not known, because no request of the last week has token counts with a price"


def _days(plan: TournamentPlan, per_day: float) -> str:
    if not per_day:
        return "No request of this route was compared in the last week, so the days are not known."
    if not isfinite(plan.days):
        return f"At {per_day:,.0f} sampled requests a day it would not end."
    half, most = _length(plan.half_days), _length(plan.days)
    return f"At {per_day:,.0f} sampled requests a day: {half} in half of the cases, {most} in nine of ten."


def _length(days: float) -> str:
    return f"{days:,.0f} days" if days >= 2 else f"{days * 24:,.0f} hours" if days * 24 >= 2 else f"{days * 1_440:,.0f} minutes"


def _count(number: float) -> str:
    return "no number of" if number == inf else f"{number:,.0f}"


def _floor(need: SignalNeed) -> str:
    return f"{named(need.signal)} {percent(need.floor)}{' (assumed)' if need.assumed else ''}"
