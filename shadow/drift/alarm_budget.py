"""`AlertBudget`: the thresholds of an alarm, each test's part of the false-alarm budget, and its tolerated excess.

The parts of all signals and both directions sum to 1, so the bound holds for a whole group, however its signals depend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from shadow.drift.drift_signals import DriftSignal

PROVIDER, REFERENCE = 1, -1
"""The two directions of a test: the side that it finds to be the odd one."""

TestKey = tuple[str, int]
"""(signal, direction)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalShare:
    """One signal's tolerance, a share of pairs, and its weights, before they are normalised, by direction."""

    tolerance: float
    provider: float
    reference: float


SHARES: Mapping[DriftSignal, SignalShare] = {
    DriftSignal.ANSWER_KIND: SignalShare(tolerance=0.02, provider=6, reference=0.6),
    DriftSignal.CALLS_TOOL: SignalShare(tolerance=0.02, provider=2, reference=0.2),
    DriftSignal.TOOLS: SignalShare(tolerance=0.02, provider=4, reference=0.4),
    DriftSignal.ARGUMENTS: SignalShare(tolerance=0.02, provider=4, reference=0.4),
    DriftSignal.FINISH: SignalShare(tolerance=0.02, provider=2, reference=0.2),
    DriftSignal.REFUSAL: SignalShare(tolerance=0.02, provider=1, reference=0.1),
    DriftSignal.TEXT: SignalShare(tolerance=0.10, provider=2, reference=1),
    DriftSignal.CALLS_TOOL_RATE: SignalShare(tolerance=0.02, provider=4, reference=2),
    DriftSignal.VALID_CALLS: SignalShare(tolerance=0.01, provider=4, reference=0.2),
    DriftSignal.REFUSAL_RATE: SignalShare(tolerance=0.02, provider=2, reference=0.5),
    DriftSignal.FINISH_LENGTH: SignalShare(tolerance=0.02, provider=2, reference=0.5),
    DriftSignal.COMPLETION_TOKENS: SignalShare(tolerance=0.10, provider=2, reference=2),
    DriftSignal.PROMPT_TOKENS: SignalShare(tolerance=0.02, provider=1, reference=1),
    DriftSignal.ERROR: SignalShare(tolerance=0.02, provider=2, reference=0.2),
}
_WHOLE = sum(share.provider + share.reference for share in SHARES.values())

WEIGHTS: Mapping[TestKey, float] = {
    (signal.value, direction): weight / _WHOLE
    for signal, share in SHARES.items()
    for direction, weight in ((PROVIDER, share.provider), (REFERENCE, share.reference))
}
"""Each test's part of the budget; they sum to 1."""

EITHER_WAY = frozenset(
    {
        DriftSignal.CALLS_TOOL_RATE,
        DriftSignal.REFUSAL_RATE,
        DriftSignal.FINISH_LENGTH,
        DriftSignal.COMPLETION_TOKENS,
        DriftSignal.PROMPT_TOKENS,
    }
)
"""Signals of which either direction is a difference; for errors and invalid calls only more is."""


def against_provider(signal: str) -> tuple[int, ...]:
    """The directions of a signal that are a difference of the provider. The other one is the reference's own: it fails more
    often, or it is further from itself than the provider is from it.
    """
    return (PROVIDER, REFERENCE) if signal in EITHER_WAY else (PROVIDER,)


def tolerance(signal: str) -> float:
    """The excess of a signal that is tolerated, a share of pairs."""
    return SHARES[DriftSignal(signal)].tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBudget:
    """The thresholds. An alarm in the first T pairs of a group is false with a chance of at most (T + `head_start`) /
    `threshold`.

    `threshold` is the option `pairs_per_false_alarm`; `tolerance_threshold` the same for one test while the true excess stays
    within tolerance. `head_start_share` is the part of the head start that one of several groups has which share their pairs.
    """

    threshold: float = 1e7
    tolerance_threshold: float = 1e5
    head_start_share: float = 1.0

    @property
    def head_start(self) -> float:
        """Evidence that a test begins with, so that a provider that was bad from its first pair is found soon."""
        return self.threshold / 1_000 * self.head_start_share

    @property
    def log_suspect(self) -> float:
        """Log evidence, as `EDetector.evidence` returns it, from which a test is shown as suspect; that is no verdict.

        It lies ten times above the head start: a bar at the head start would be passed by chance in the first pairs.
        """
        return -log(100)

    @property
    def log_near(self) -> float:
        """Log evidence from which a test may give an alarm its name once another one has raised it."""
        return -log(1_000)


def share_of_upstream(place: int) -> float:
    """The part of the head start, or of an error, that the server in this place (from 1) behind a router has. The parts of
    however many servers sum to at most 1, and their detectors' sum less the router's pairs is a supermartingale: so the servers
    of a router are together one group, with the same threshold.
    """
    return 1.0 / (place * (place + 1))


def fleet(pairs_per_false_alarm: float, groups: int) -> AlertBudget:
    """The budget that keeps a whole fleet of `groups` to one false alarm per so many pairs of each (Bonferroni)."""
    threshold = pairs_per_false_alarm * max(groups, 1)
    return AlertBudget(threshold=threshold, tolerance_threshold=AlertBudget().tolerance_threshold)
