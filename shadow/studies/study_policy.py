"""`StudyPolicy`: what a study must show before it passes a provider; nothing in it has a default that hides a drop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PolicyScore(StrEnum):
    """What is compared: the share of tool groups touched, the points of the user's checks, whether a run is complete, or the
    signals of pairs by their swap payoffs, which need a replay.
    """

    COVERAGE = "coverage"
    CHECKS = "checks"
    COMPLETE = "complete"
    SIGNALS = "signals"


class OnUndecided(StrEnum):
    """The exit code of a study that could not decide: 4, or 0 where the user accepts that."""

    FAIL = "exit 4"
    ACCEPT = "exit 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPolicy:
    """`allowed_drop` is how much lower the candidate's mean score may be than the reference's (for signals: how much more often
    it may be the odd one), a share in 0..1; None asks for intervals alone, and then neither PASS nor FAIL is given.

    `alpha` bounds, for each of PASS, FAIL and "worse", the share of wrong ones among those given. No verdict with fewer than
    `fewest_runs` pairs.
    """

    score: PolicyScore = PolicyScore.COVERAGE
    allowed_drop: float | None = None
    alpha: float = 0.05
    fewest_runs: int = 6
    on_undecided: OnUndecided = OnUndecided.FAIL


def policy_faults(policy: StudyPolicy) -> tuple[str, ...]:
    """Each value that cannot be used, as a sentence for the user."""
    found = []
    drop = policy.allowed_drop
    if drop is not None and not 0 <= drop < 1:
        found.append(f"allowed_drop is a share from 0 to below 1, such as 0.2, got {drop!r}")
    if not 0 < policy.alpha <= 0.5:
        found.append(f"alpha is a share above 0 and at most 0.5, such as 0.05, got {policy.alpha!r}")
    if policy.fewest_runs < 2:
        found.append(f"fewest_runs is at least 2, because one run of each decides nothing, got {policy.fewest_runs!r}")
    return tuple(found)
