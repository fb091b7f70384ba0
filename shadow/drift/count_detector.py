"""`CountTests`: evidence that a provider counts more tokens than its reference for the same words; fewer is no finding.

The hypothesis of each pair is c <= 1.005 b + OFFSET, for c tokens of the provider and b of the reference. Restarting e-processes
(Shiryaev-Roberts, as `e_detector`) bet on the clipped excess beyond it: less the number of pairs their sum is a supermartingale
while the hypothesis holds, so an alarm within T pairs is false with a chance of at most (T + head start) / threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shadow.drift.betting_factors import GRID
from shadow.measures.token_allowance import COMPLETION_ALLOWANCE, PROMPT_ALLOWANCE, TokenAllowance

SCALES = (0.02, 0.1, 0.5)
"""Shares of the reference's count at which an excess is clipped: the small one finds 1 %, the large one rare large excesses."""
THRESHOLD = 1e7
HEAD_START = THRESHOLD / 1_000
"""Evidence that a test begins with, so that what was so from the first pair is found soon."""
MOST = 1e150
"""Evidence beyond this is not needed, and would overflow."""
MEMORY = 200
"""Pairs over which the mean of recent excesses reaches back."""
FEWEST_AFTER = 100
"""Pairs of a test after its alarm, before the alarm may end."""


class CountSide(StrEnum):
    """What is counted: the prompt, or the completion where the words of both are equal."""

    PROMPT = "prompt"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRule:
    """`bounds` divide the pairs that count into three classes of size, by the tokens of the reference."""

    allowance: TokenAllowance
    bounds: tuple[int, int]


RULES: Mapping[CountSide, SideRule] = {
    CountSide.PROMPT: SideRule(allowance=PROMPT_ALLOWANCE, bounds=(1_000, 4_000)),
    CountSide.COMPLETION: SideRule(allowance=COMPLETION_ALLOWANCE, bounds=(250, 1_000)),
}
ALL = "all"
SIZES = (ALL, "small", "middle", "large")
WEIGHT = 1 / len(SIZES)
"""Each test's part of the false alarms of its side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """The tokens of one side of a pair for the same words, both above 0."""

    side: CountSide
    provider: int
    reference: int


@dataclass(slots=True, kw_only=True)
class CountTest:
    """One test. `wealth` has a value for each scale and bet; `recent` is the decaying mean excess at each scale. `found` is the
    start of the pair that raised the alarm (epoch seconds), 0 without one; `after` counts the pairs since.
    """

    pairs: int = 0
    wealth: list[float] = field(default_factory=lambda: [HEAD_START] * (len(SCALES) * len(GRID)))
    recent: list[float] = field(default_factory=lambda: [0.0] * len(SCALES))
    found: float = 0.0
    after: int = 0

    def add(self, excess: float, reference: int, at: float) -> None:
        """Add one pair; an alarm ends once the recent excess is gone at every scale."""
        steps = [max(-1.0, min(1.0, excess / (scale * reference))) for scale in SCALES]
        factors = [1 + bet * step for step in steps for bet in GRID]
        self.wealth = [min((1 + old) * factor, MOST) for old, factor in zip(self.wealth, factors, strict=True)]
        self.recent = [old + (step - old) / MEMORY for old, step in zip(self.recent, steps, strict=True)]
        self.pairs += 1
        self.after += self.found > 0
        if not self.found and self.evidence >= 1:
            self.found, self.after = at, 0
        elif self.after >= FEWEST_AFTER and max(self.recent) <= 0:
            self._restart()

    @property
    def evidence(self) -> float:
        """Weight x evidence / threshold: the test alarms from 1 on."""
        return WEIGHT * sum(self.wealth) / len(self.wealth) / THRESHOLD

    def _restart(self) -> None:
        self.wealth = [HEAD_START] * len(self.wealth)
        self.found, self.after = 0.0, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountStanding:
    """What is known of one side: `pairs` counted of `of` pairs with counts; `recent_ratio` is the provider's tokens over the
    reference's in the recent ones. `found` is since when more are counted (epoch seconds, 0 where no test alarms), in requests of
    these `sizes`.
    """

    side: CountSide
    pairs: int
    of: int
    found: float
    sizes: tuple[str, ...]
    recent_ratio: float


@dataclass(slots=True, kw_only=True)
class SideTests:
    """The four tests of one side: all sizes, and each class of size; with the tokens of both, decaying as `CountTest.recent`.

    `begun` is when the first of the tests alarmed since none did (epoch seconds), 0 while none does or in a snapshot without it.
    """

    tests: dict[str, CountTest] = field(default_factory=lambda: {size: CountTest() for size in SIZES})
    provider_tokens: float = 0.0
    reference_tokens: float = 0.0
    begun: float = 0.0

    def add(self, counts: TokenCounts, at: float) -> None:
        """Add one pair; a small one counts for nothing."""
        rule = RULES[counts.side]
        if not rule.allowance.counts(counts.reference):
            return
        excess = rule.allowance.excess(counts.provider, counts.reference)
        for size in (ALL, SIZES[1 + sum(counts.reference >= bound for bound in rule.bounds)]):
            self.tests[size].add(excess, counts.reference, at)
        self.begun = self._since()
        self.provider_tokens += counts.provider - self.provider_tokens / MEMORY
        self.reference_tokens += counts.reference - self.reference_tokens / MEMORY

    def standing(self, side: CountSide, of: int) -> CountStanding:
        """What the tests show now."""
        return CountStanding(
            side=side,
            pairs=self.tests[ALL].pairs,
            of=of,
            found=self._since(),
            sizes=tuple(size for size, test in self.tests.items() if test.found),
            recent_ratio=self.provider_tokens / self.reference_tokens if self.reference_tokens else 1.0,
        )

    def _since(self) -> float:
        """When the alarm began that lasts while any test alarms, because one test may end before another; 0 without one."""
        found = [test.found for test in self.tests.values() if test.found]
        return (self.begun or min(found)) if found else 0.0


@dataclass(slots=True, kw_only=True)
class CountTests:
    """The tests of one group, by side; `pairs` had counts of any side, of any size."""

    pairs: int = 0
    sides: dict[CountSide, SideTests] = field(default_factory=lambda: {side: SideTests() for side in CountSide})

    def add(self, counts: Sequence[TokenCounts], at: float) -> None:
        """Add one pair that started `at` (epoch seconds)."""
        self.pairs += bool(counts)
        for each in counts:
            self.sides[each.side].add(each, at)

    @property
    def standings(self) -> tuple[CountStanding, ...]:
        """Each side, where any pair had counts."""
        return tuple(tests.standing(side, self.pairs) for side, tests in self.sides.items()) if self.pairs else ()
