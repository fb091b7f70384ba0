"""tournament_document(): a tournament as the JSON document `sameweights.choose/1`; shares are in 0..1, times in seconds."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite

from shadow.choice.tournament_plan import TournamentPlan
from shadow.tournament.tournament_figures import CandidateFigures, LiveFigures, SignalFigures, TournamentFigures
from shadow.verdict.phrases import rfc3339

CHOOSE_SCHEMA = "sameweights.choose/1"
Document = dict[str, object]


def tournament_document(found: TournamentFigures) -> Document:
    """The document; names are those of the configuration."""
    return {
        "schema": CHOOSE_SCHEMA,
        "route": found.route,
        "reference": found.reference,
        "begun": rfc3339(found.begun),
        "ended": rfc3339(found.ended) if found.ended else None,
        "tolerance": found.terms.tolerance,
        "required": list(found.terms.required),
        "places": found.terms.places,
        "level": found.terms.alpha,
        "plan": None,
        "planned": {"half": found.half, "nine_of_ten": found.nine_of_ten},
        "candidates": [_candidate(each) for each in found.candidates],
        "cheapest_proven": found.cheapest or None,
        "tie": list(found.tie),
        "cheaper_undecided": list(found.cheaper_undecided),
        "rank": found.rank,
        "notes": list(found.notes),
        "live": [
            {"name": each.name, "price": _price(each), "latency": {"first_token": each.first_token, "total": each.seconds}}
            for each in found.live
        ],
        "spent": found.spent,
        "unpriced_calls": found.unpriced,
        "money": found.money,
    }


def plan_document(plan: TournamentPlan, *, route: str, reference: str, begun: float) -> Document:
    """The document before the first pair of a tournament: nothing is claimed, and what one would take. `begun` in epoch seconds,
    0 where none runs.
    """
    return {
        "schema": CHOOSE_SCHEMA,
        "route": route,
        "reference": reference,
        "begun": rfc3339(begun) if begun else None,
        "candidates": [],
        "cheapest_proven": None,
        "tie": [],
        "plan": {
            "half": _finite(plan.half),
            "nine_of_ten": _finite(plan.nine_of_ten),
            "candidate_calls": _finite(plan.candidate_calls),
            "reference_calls": _finite(plan.reference_calls),
            "money": plan.money,
            "half_days": _finite(plan.half_days),
            "days": _finite(plan.days),
            "signals": {
                need.signal: {"nine_of_ten": _finite(need.nine_of_ten), "floor": need.floor, "assumed": need.assumed}
                for need in plan.needs
            },
        },
    }


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _candidate(each: CandidateFigures) -> Document:
    identity = each.identity
    return {
        "name": each.name,
        "model": each.model,
        "verdict": each.verdict.value,
        "sentence": each.sentence,
        "signals": {name: _signal(signal) for name, signal in each.signals.items()},
        "requests": each.requests,
        "conversations": each.conversations,
        "needed": each.needed,
        "price": _price(each),
        "latency": {"first_token": each.first_token, "total": each.seconds},
        "availability": each.availability,
        "limits": {
            "quantization": each.limits.quantization or None,
            "context": each.limits.context,
            "largest_prompt": each.limits.largest_prompt,
        },
        "identity": {"since": rfc3339(identity.since), "changed": identity.changed, "same_as": list(identity.same_as)},
        "segments": [asdict(segment) for segment in each.segments],
    }


def _price(each: CandidateFigures | LiveFigures) -> Document | None:
    if each.price is None:
        return None
    return {"per_thousand": each.price.per_thousand, "requests": each.price.requests, "cached_share": each.price.cached}


def _signal(signal: SignalFigures) -> Document:
    return {
        "state": signal.state.value,
        "requests": signal.requests,
        "excess": signal.excess,
        "low": signal.low,
        "high": signal.high,
        "tolerance": signal.tolerance,
        "needed": signal.needed,
    }
