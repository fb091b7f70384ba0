"""The text of `sameweights plan`: the pairs, days and cost at which a drift of each size is found, and the sample it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.planner import HALF, NINE_OF_TEN, plan, sample_rate_for, smallest_found
from shadow.findings.number_words import number_of
from shadow.report.drift_lines import DriftLine
from shadow.settings.top_level_config import Config

DROPS = (0.03, 0.05, 0.10, 0.20, 0.30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """The assumptions: requests a day and in words where they come from ("" where they were given), the reference's noise (a
    share), the price of a call to it, days, and a drift's size.
    """

    per_day: float
    floor: float
    price: float
    days: float
    drop: float
    source: str = ""


def plan_text(config: Config, inputs: PlanInputs, lines: Iterable[DriftLine]) -> str:
    """The plan with a line per size, then a proposal, then the drifts that the stored pairs would have revealed by now."""
    return "\n".join((*_sizes(config, inputs), "", _proposal(config, inputs), *_so_far(config, inputs, lines)))


def _sizes(config: Config, inputs: PlanInputs) -> Iterator[str]:
    shadow, budget = config.shadow, AlertBudget(threshold=config.drift.pairs_per_false_alarm)
    source = f" ({inputs.source})" if inputs.source else ""
    requests = number_of(inputs.per_day, "request", form="g")
    yield f"{requests} a day{source}, {shadow.sample_rate:.1%} compared, noise {inputs.floor:.1%}:"
    for drop in DROPS:
        found = plan(
            drop,
            per_day=inputs.per_day,
            sample_rate=shadow.sample_rate,
            floor=inputs.floor,
            control_fraction=shadow.control_fraction,
            price=inputs.price,
            budget=budget,
        )
        cost = f"; {found.cost:.2f} in half of the cases, for {found.calls:.2f} calls a pair" if inputs.price else ""
        half = f"about {_pairs(found.pairs, found.days)} in half of the cases"
        yield f"  {drop * 100:3.0f} points: {half}, {_pairs(found.most, found.most_days)} in nine of ten{cost}"


def _pairs(pairs: float, days: float) -> str:
    return f"{pairs:,.0f} pairs ({days:.1f} days)" if days < inf else f"{pairs:,.0f} pairs (never at this sample)"


def _proposal(config: Config, inputs: PlanInputs) -> str:
    budget = AlertBudget(threshold=config.drift.pairs_per_false_alarm)
    rate = sample_rate_for(inputs.drop, per_day=inputs.per_day, days=inputs.days, floor=inputs.floor, budget=budget)
    wanted = f"{inputs.drop * 100:g} points within {number_of(inputs.days, 'day', form='g')}, in nine of ten cases"
    if rate > 1:
        return f"To find {wanted} there are too few requests, or it is within the tolerance: wait longer, or look for more."
    return f"To find {wanted}: [shadow] sample_rate = {rate:g}"


def _so_far(config: Config, inputs: PlanInputs, lines: Iterable[DriftLine]) -> Iterator[str]:
    budget = AlertBudget(threshold=config.drift.pairs_per_false_alarm)
    for line in lines:
        half, most = (smallest_found(line.pairs, inputs.floor, budget, share=share) for share in (HALF, NINE_OF_TEN))
        name = f"{line.provider}, server {line.upstream}" if line.upstream else line.provider
        yield f"{name}, {line.model}: {number_of(line.pairs, 'pair')} so far; {_found(half, most)}"


def _found(half: float, most: float) -> str:
    """The sizes of drift that would have been found by now."""
    if half == inf:
        return "no drift would have been found by now, whatever its size"
    surely = f"of {most * 100:.1f} points or more in nine of ten" if most < inf else "none in nine of ten"
    return f"a drift of {half * 100:.1f} points or more would have been found by now in half of the cases, {surely}"
