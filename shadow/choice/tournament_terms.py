"""`TournamentTerms`: what a tournament fixes when it begins, and the bound and the threshold of each of its claims.

They may not follow the data: a tolerance or a number of places that is chosen after a look breaks the promise of 5 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, WEIGHTS, TestKey, against_provider
from shadow.drift.drift_signals import AGREEMENT, DriftSignal

ALPHA = 0.05
"""The chance of any false "same" of one tournament, and that of any false "worse" or "differs"."""
DEFAULT_TOLERANCE = 0.03
DEFAULT_SIGNALS = ("answer_kind", "arguments", "valid_calls", "error", "calls_tool")
DEFAULT_PLACES = 5
INVALID_CALLS = 0.01
"""The largest excess of invalid calls that "same" allows, whatever the tolerance: each of them stops an agent."""
REQUIRED_PART = 0.9
"""The part of the level of differences that the required tests share; the other signals are looked at with what is left."""
DIFFERENCE_TESTS = frozenset(
    (signal.value, side)
    for signal in DriftSignal
    for side in ((PROVIDER, REFERENCE) if signal in AGREEMENT else against_provider(signal))
)
"""The tests of "differs", and those that an answer is too close to the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentTerms:
    """`tolerance` is a share of conversations, above 0; `signals` are those that "same" needs; `places` bounds the candidates,
    each once for every serving identity that it shows.
    """

    tolerance: float = DEFAULT_TOLERANCE
    signals: tuple[str, ...] = DEFAULT_SIGNALS
    places: int = DEFAULT_PLACES
    alpha: float = ALPHA

    def bound(self, signal: str) -> float:
        """The excess of a signal that is tolerated, a share."""
        return min(self.tolerance, INVALID_CALLS) if signal == DriftSignal.VALID_CALLS else self.tolerance

    @property
    def required(self) -> tuple[str, ...]:
        """The signals that "same" needs; agreement on whether to call brings the rate of calls with it, because two providers
        that call at random disagree as often at any rate.
        """
        rate, named = DriftSignal.CALLS_TOOL_RATE.value, tuple(dict.fromkeys(self.signals))
        return (*named, rate) if DriftSignal.CALLS_TOOL in named and rate not in named else named

    @property
    def proven(self) -> tuple[TestKey, ...]:
        """The tests that "same" needs: those of the required signals, both ways where either direction is a difference."""
        return tuple((signal, side) for signal in self.required for side in against_provider(signal))

    def same_threshold(self, rank: int) -> float:
        """The log evidence that "same" needs at this rank (from 1) among the places by evidence: Holm's step for e-values."""
        return log((self.places - rank + 1) / self.alpha)

    def difference_threshold(self, key: TestKey) -> float:
        """The log evidence that "differs" and "worse" need in one test.

        Both take the same level, and "worse" needs both: under any hypothesis a test makes one false claim at most.
        """
        return log(self.places / (self.alpha * self.weight(key)))

    def weight(self, key: TestKey) -> float:
        """A test's part of the level of one place: the required tests share most of it, by the weights of an alarm."""
        required = frozenset(self.proven)
        part, rest = (REQUIRED_PART, required) if key in required else (1 - REQUIRED_PART, DIFFERENCE_TESTS - required)
        return part * WEIGHTS[key] / sum(WEIGHTS[each] for each in rest)


def is_closer(key: TestKey) -> bool:
    """Whether a test finds a candidate closer to the reference than that is to itself."""
    return key[0] in AGREEMENT and key[1] == REFERENCE
