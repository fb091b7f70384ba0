"""plan_lines(): what a tournament takes before anything is spent: requests, calls, money and days, and what decides them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from shadow.choice.tournament_plan import SignalNeed, TournamentPlan
from shadow.choice.tournament_terms import TournamentTerms
from shadow.findings.number_words import number_of
from shadow.tournament.claim_sentences import money, tolerated
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
    yield f"Route {route}: {many} against {reference}, within {tolerated(terms.tolerance)}, {terms.places} places."
    if plan.asked < len(candidates):
        yield f"Each request goes to {plan.asked} of them in turn (tournament.per_request), by conversation."
    yield _requests(plan)
    if isfinite(plan.nine_of_ten):
        yield _calls(plan, setting)
    yield _days(plan, per_day)
    yield from _limits(plan, setting)
    above = "" if all(need.assumed for need in plan.needs) else ", one standard error above what was seen"
    yield f"How often the reference differs from itself{above}: {'; '.join(map(_floor, plan.needs))}."


def _limits(plan: TournamentPlan, setting: PlanSetting) -> Iterator[str]:
    """What would end the tournament before nine of ten are proven."""
    if setting.money and plan.money is not None and plan.money > setting.money:
        yield f"tournament.money is {money(setting.money)}: it ends then, perhaps before anything is known."
    if isfinite(plan.days) and plan.days > setting.keep_days:
        kept = f"Records are kept for {number_of(setting.keep_days, 'day', form='g')} (storage.keep_days)"
        yield f"{kept}, and pairs count while they are kept: raise it."


def _requests(plan: TournamentPlan) -> str:
    slowest = plan.slowest
    if not isfinite(slowest.nine_of_ten):
        why = "the tolerance is too small for it" if slowest.share else "no request of the last week has it"
        return f"No number of requests proves an equal one in {named(slowest.signal)}: {why}."
    return (
        f"To prove an equal one: {plan.half:,.0f} requests in half of the cases, {plan.nine_of_ten:,.0f} in nine of ten "
        f"({named(slowest.signal)} takes longest)."
    )


def _calls(plan: TournamentPlan, setting: PlanSetting) -> str:
    cost = _why_unpriced(setting) if plan.money is None else f"about {money(plan.money)} money"
    return (
        f"In nine of ten cases that is at most {plan.candidate_calls:,.0f} candidate calls and "
        f"{plan.reference_calls:,.0f} reference calls; {cost}. It may stop earlier."
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


def _floor(need: SignalNeed) -> str:
    return f"{named(need.signal)} {percent(need.floor)}{' (assumed)' if need.assumed else ''}"
