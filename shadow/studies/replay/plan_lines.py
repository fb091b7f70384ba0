"""plan_lines(): the plan of a replay as text: what it sends, what it costs at most, and what it can find. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from shadow.drift.paired_evidence import PAYOFF_BETS
from shadow.drift.stopping_power import smallest_drop_found
from shadow.findings.number_words import number_of, verb_of
from shadow.studies.replay.plan_cost import PlanCost
from shadow.studies.replay.replay_plan import ReplayPlan
from shadow.studies.rows.row import BrokenRow, Row
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.signal_power import smallest_excess_found
from shadow.studies.verdicts.study_rule import LARGEST_EXACT

FLOORS = (0.02, 0.10, 0.235)
"""How often a reference differs from itself in a signal: greedy answers, ordinary ones, and the tool calls of K2's data set."""
RATES = (0.9, 0.7, 0.5)
"""Shares of its points that a reference may have."""
SHOWN_BROKEN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStudy:
    """What a plan is printed from."""

    name: str
    database: str
    plan: ReplayPlan
    rows: Sequence[Row]
    broken: Sequence[BrokenRow]
    cost: PlanCost
    limits: BudgetLimits
    policy: StudyPolicy
    missing: Sequence[str]
    alike: Sequence[str] = ()


def plan_lines(study: PlannedStudy) -> list[str]:
    """The lines, without the names of keys' values."""
    plan, cost = study.plan, study.cost
    shapes = Counter(row.shape for row in study.rows)
    passes = f", {plan.passes} times each" if plan.passes > 1 else ""
    lines = [
        f"study {study.name} in {study.database}, seed {plan.seed}",
        f"  rows       {plan.rows:,}{passes} ({', '.join(f'{shape} {count:,}' for shape, count in shapes.most_common())})",
        f"  providers  {', '.join(plan.targets.candidates)} against {plan.targets.reference}, which answers every row twice",
        f"  requests   {_requests(cost)}",
        f"  tokens     {_tokens(cost)}",
        f"  money      {_money(cost)}",
        f"  budget     {_budget(study.limits)}",
        f"  can find   {_smallest(study)}",
    ]
    lines += [f"  note       {sentence}" for sentence in study.alike]
    lines += _seeds(study.rows)
    lines += [f"  skipped    {row}" for row in study.broken[:SHOWN_BROKEN]]
    if len(study.broken) > SHOWN_BROKEN:
        lines.append(f"  skipped    and {number_of(len(study.broken) - SHOWN_BROKEN, 'more broken line')}")
    return [*lines, *(f"  missing    {sentence}" for sentence in study.missing)]


def _seeds(rows: Sequence[Row]) -> list[str]:
    """A line where requests set a seed: the reference's two answers are then alike, and settle nothing."""
    count = sum(b'"seed"' in row.request.body and row.request.parsed.seed is not None for row in rows)
    why = "which makes the reference's two answers alike: their answers are not compared"
    return (
        [f"  seed       {count:,} of {number_of(len(rows), 'row')} set one, {why} (--set seed=null takes it out)"]
        if count
        else []
    )


def _requests(cost: PlanCost) -> str:
    stored = f"; {number_of(cost.stored, 'answer')} {verb_of(cost.stored, 'is', 'are')} stored already" if cost.stored else ""
    return f"{cost.ceiling.requests:,}, and at most {cost.with_tries:,} where each has to be sent four times{stored}"


def _tokens(cost: PlanCost) -> str:
    about = f"about {cost.prompt_tokens:,} of prompts"
    if cost.unlimited:
        sent = f"{number_of(cost.unlimited, 'row')} {verb_of(cost.unlimited, 'is', 'are')} sent without max_tokens"
        return f"{about}; no ceiling, because {sent} (--max-tokens N sets one)"
    return f"at most {cost.ceiling.tokens:,} ({about}, the rest what answers may have)"


def _money(cost: PlanCost) -> str:
    if len(cost.unpriced) == len(cost.by_provider):
        return "unknown: no prices are configured"
    free = f", without {', '.join(cost.unpriced)}, which have no price" if cost.unpriced else ""
    if cost.unlimited:
        return f"no ceiling{free}"
    return f"at most {cost.ceiling.money:,.4f} by the configured prices{free}"


def _budget(limits: BudgetLimits) -> str:
    given = {
        "requests": f"{limits.requests:,}",
        "tokens": f"{limits.tokens:,}",
        "money": f"{limits.money:,.2f}",
        "minutes": f"{limits.minutes:g}",
    }
    named = [f"{name} {amount}" for name, amount in given.items() if getattr(limits, name)]
    return ", ".join(named) if named else "none"


def _smallest(study: PlannedStudy) -> str:
    """The least difference that all rows would show: in points of a score, or as the excess of a signal."""
    pairs, alpha = len(study.plan.blocks), study.policy.alpha / len(study.plan.targets.candidates)
    if study.policy.score is PolicyScore.CHECKS:
        return _smallest_drop(pairs, alpha)
    bar = log(1 / alpha)
    found = [(floor, smallest_excess_found(pairs, floor, bar, PAYOFF_BETS)) for floor in FLOORS]
    seen = [
        f"{excess * 100:.0f} points where the reference differs from itself in {floor * 100:g} %"
        for floor, excess in found
        if excess is not None
    ]
    return f"in half of studies an excess of {', '.join(seen)}" if seen else _nothing(pairs)


def _smallest_drop(pairs: int, alpha: float) -> str:
    """The least drop of a score that is 0 or 1, for references that have most of their points, many, and half of them."""
    counted = min(pairs, LARGEST_EXACT)
    found = [(rate, smallest_drop_found(rate, counted, alpha=alpha)) for rate in RATES]
    seen = [f"{drop * 100:.0f} points below {rate * 100:g} % of the reference" for rate, drop in found if drop is not None]
    more = f", in the first {counted} answers" if pairs > counted else ""
    return f"in four of five studies a drop of {', '.join(seen)}{more}" if seen else _nothing(pairs)


def _nothing(pairs: int) -> str:
    return f"nothing: {number_of(pairs, 'row')} {verb_of(pairs, 'is', 'are')} too few"
