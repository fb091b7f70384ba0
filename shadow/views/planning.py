"""`sameweights plan` in words: what can be found within how many pairs, days and how much money, and which sample it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from shadow.config import Config
from shadow.drift.planner import plan, sample_rate_for, smallest_found
from shadow.drift.stakes import Stakes
from shadow.views.drifting import DriftLine

DROPS = (0.03, 0.05, 0.10, 0.20, 0.30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What there is: requests a day, the noise of the reference (a share), the price of a call to it, and days to wait."""

    per_day: float
    floor: float
    price: float
    days: float
    drop: float


def told(config: Config, means: Means, lines: Iterable[DriftLine]) -> str:
    """The plan, a line a size, then a proposal, then what the stored pairs could have shown by now."""
    return "\n".join((*_sizes(config, means), "", _proposal(config, means), *_seen(config, means, lines)))


def _sizes(config: Config, means: Means) -> Iterator[str]:
    shadow, stakes = config.shadow, Stakes(bar=config.drift.pairs_per_false_alarm)
    yield f"{means.per_day:g} requests a day, {shadow.sample_rate:.1%} compared, noise {means.floor:.1%}:"
    for drop in DROPS:
        found = plan(
            drop,
            per_day=means.per_day,
            sample_rate=shadow.sample_rate,
            floor=means.floor,
            control_fraction=shadow.control_fraction,
            price=means.price,
            stakes=stakes,
        )
        cost = f", {found.cost:.2f} for {found.calls:.2f} calls a pair" if means.price else ""
        days = f"{found.days:.1f} days" if found.days < inf else "never at this sample"
        yield f"  {drop * 100:3.0f} points: about {found.pairs:,.0f} pairs, {days}{cost}"


def _proposal(config: Config, means: Means) -> str:
    stakes = Stakes(bar=config.drift.pairs_per_false_alarm)
    rate = sample_rate_for(means.drop, per_day=means.per_day, days=means.days, floor=means.floor, stakes=stakes)
    wanted = f"{means.drop * 100:g} points within {means.days:g} days"
    if rate > 1:
        return f"To find {wanted} there are too few requests, or it is within the tolerance: wait longer, or look for more."
    return f"To find {wanted}: [shadow] sample_rate = {rate:g}"


def _seen(config: Config, means: Means, lines: Iterable[DriftLine]) -> Iterator[str]:
    stakes = Stakes(bar=config.drift.pairs_per_false_alarm)
    for line in lines:
        smallest = smallest_found(line.pairs, means.floor, stakes)
        told = (
            f"less than {smallest * 100:.1f} points could not have been seen"
            if smallest < inf
            else "nothing could have been seen"
        )
        yield f"{line.provider}, {line.model}: {line.pairs} pairs so far; {told} by now"
