"""`TournamentTerms`: what a tournament fixes when it begins, and the bound and the threshold of each of its claims.

They may not follow the data: a tolerance or a number of places that is chosen after a look breaks the promise of 5 %.
"""

from __future__ import annotations

from collections.abc import Iterator
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
NO_FAULT = frozenset({DriftSignal.TEXT, DriftSignal.COMPLETION_TOKENS, DriftSignal.PROMPT_TOKENS})
"""Signals in which an excess is a difference, and never worse."""


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
        """The log evidence that "differs" and "worse" need in one test."""
        return log(self.places / (self.alpha * WEIGHTS[key]))


def difference_tests() -> Iterator[TestKey]:
    """The tests of "differs", and those that an answer is too close to the reference."""
    for signal in DriftSignal:
        yield from ((signal.value, side) for side in against_provider(signal))
        if signal in AGREEMENT:
            yield signal.value, REFERENCE


def is_closer(key: TestKey) -> bool:
    """Whether a test finds a candidate closer to the reference than that is to itself."""
    return key[0] in AGREEMENT and key[1] == REFERENCE


def may_be_worse(key: TestKey) -> bool:
    """Whether an excess by this test beyond tolerance is worse."""
    return key[0] not in NO_FAULT and (key[1] == PROVIDER or key[0] == DriftSignal.CALLS_TOOL_RATE)
