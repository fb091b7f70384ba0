"""`Pace`: one provider's latency compared with its own past, in blocks of five minutes; never a verdict on what it serves.

A block counts once, by the share of its answers that took longer than nine of ten did in the baseline, because answers of the
same minutes depend on each other and single ones would alarm in every busy hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import floor, log, log1p
from typing import Annotated

from pydantic import Field, TypeAdapter

from shadow.drift.betting_factors import GRID, log_mean, softplus

BLOCK = 300.0
"""Seconds."""
FEWEST = 20
"""Answers that a block needs to count."""
LEARNING = 86_400.0
"""Seconds that the baseline is learned for, at least: a day with its busy hours."""
ENOUGH = 200
"""Answers that it is learned from, at least."""
HIGH = 0.90
USUAL = 0.15
"""Share of slow answers that is no change yet: 0.10 of the baseline, and the rest because days differ."""
BLOCKS_PER_FALSE_ALARM = 1e9
"""Larger than the bound needs: blocks are not independent, so it holds approximately (see `bench/drift.py`)."""
BLOCKS_PER_FALSE_RECOVERY = 1e3
"""Three days and a half."""
STEP = log(1.02)
"""Times are binned by two percent."""


class PaceState(StrEnum):
    """The state of a pace."""

    LEARNING = "learning"
    STEADY = "steady"
    SLOWER = "slower"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceChange:
    """A change from `old` to `new` at `at` (epoch seconds); `since` when, and the `share` of slow answers since then."""

    old: PaceState
    new: PaceState
    at: float
    since: float
    share: float


@dataclass(slots=True, kw_only=True)
class Pace:
    """One measure of one provider and model. `limit`: seconds that nine of ten answers stay under, 0 while it is learned;
    `slo`: the configured limit, 0 without one; `logs`: logarithms of the evidence of a slower pace or, once it is slower, of
    its recovery, one for each bet; `found`: the share of slow answers at the alarm. `state` is `tempo` in stored snapshots.
    """

    slo: float = 0.0
    state: Annotated[PaceState, Field(alias="tempo")] = PaceState.LEARNING
    limit: float = 0.0
    begun: float = 0.0
    times: dict[int, int] = field(default_factory=dict)
    block: int = 0
    answers: int = 0
    slow: int = 0
    blocks: int = 0
    logs: list[float] = field(default_factory=lambda: [0.0] * len(GRID))
    since: float = 0.0
    above: float = 0.0
    summed: float = 0.0
    counted: int = 0
    found: float = 0.0

    def __post_init__(self) -> None:
        if self.slo and not self.limit:
            self.limit = self.slo
            self.state = PaceState.STEADY

    @property
    def evidence(self) -> float:
        """ln(evidence of a slower pace / threshold), which alarms at 0; of a slower pace, ln(evidence of its recovery /
        threshold).
        """
        threshold = BLOCKS_PER_FALSE_RECOVERY if self.state is PaceState.SLOWER else BLOCKS_PER_FALSE_ALARM
        return log_mean(self.logs) - log(threshold)

    @property
    def share(self) -> float:
        """Mean share of slow answers since `since`."""
        return self.summed / self.counted if self.counted else 0.0

    def add(self, at: float, seconds: float) -> tuple[bool, PaceChange | None]:
        """Add one answer that ended at `at` (epoch seconds): whether it closed a block, and the change that it brings."""
        block = floor(at / BLOCK)
        late = block == self.block - 1  # finished just before the block began, and recorded just after
        closed = not late and block != self.block
        change = self._close() if closed else None
        if closed:
            self.block = block
            self.answers = 0
            self.slow = 0
        if self.limit:
            self.answers += 1
            self.slow += seconds > self.limit
        elif seconds > 0:
            self._learn(at, seconds)
        return closed, change

    def _learn(self, at: float, seconds: float) -> None:
        self.begun = min(self.begun or at, at)  # because the first answers may have come while the clock ran ahead
        place = floor(log(seconds) / STEP)
        self.times[place] = self.times.get(place, 0) + 1
        if at - self.begun >= LEARNING and sum(self.times.values()) >= ENOUGH:
            self.limit = high(self.times)
            self.state = PaceState.STEADY
            self.times = {}

    def _close(self) -> PaceChange | None:
        """Close the open block, and return the change that it brings."""
        if not self.limit or self.answers < FEWEST:
            return None
        self.blocks += 1
        share = self.slow / self.answers
        self._date(share, self.block * BLOCK)
        return self._bet_on_recovery(share) if self.state is PaceState.SLOWER else self._bet(share)

    def _date(self, share: float, began: float) -> None:
        """Set `since`: a change began where the sum of the excess over the usual share was last at its lowest."""
        if self.state is not PaceState.SLOWER and self.above <= 0:
            self.since = began
            self.above = 0.0
            self.summed = 0.0
            self.counted = 0
        self.above += share - USUAL
        self.summed += share
        self.counted += 1

    def _bet(self, share: float) -> PaceChange | None:
        gains = [log1p(bet / USUAL * (share - USUAL)) for bet in GRID]
        self.logs = [softplus(old) + gain for old, gain in zip(self.logs, gains, strict=True)]
        return self._change(PaceState.SLOWER) if self.evidence >= 0 else None

    def _bet_on_recovery(self, share: float) -> PaceChange | None:
        """Bet that less than half of the excess found at the alarm is left; with restarts, because it may be slow for weeks."""
        still = (USUAL + max(self.found, USUAL)) / 2
        gains = [log1p(bet / (1 - still) * (still - share)) for bet in GRID]
        self.logs = [softplus(old) + gain for old, gain in zip(self.logs, gains, strict=True)]
        return self._change(PaceState.RECOVERED) if self.evidence >= 0 else None

    def _change(self, new: PaceState) -> PaceChange:
        change = PaceChange(old=self.state, new=new, at=(self.block + 1) * BLOCK, since=self.since, share=self.share)
        self.state = new
        self.logs = [0.0] * len(GRID)
        self.above = 0.0
        self.found = self.share
        return change

    def fixed(self) -> PaceChange:
        """Begin again with the same limit, as after an operator acknowledged that the cause is fixed."""
        return self._change(PaceState.STEADY)


def high(times: dict[int, int]) -> float:
    """The seconds that nine of ten of these times stay under."""
    left = HIGH * sum(times.values())
    for place in sorted(times):
        left -= times[place]
        if left <= 0:
            break
    return float(1.02 ** (place + 1))


_TEXT = TypeAdapter(Pace)


def saved(pace: Pace) -> str:
    """The pace as JSON; numbers keep every bit."""
    return _TEXT.dump_json(pace, by_alias=True).decode()


def restored(text: str) -> Pace:
    """The pace that was saved; ValueError where the text is no snapshot of a pace."""
    return _TEXT.validate_json(text)
