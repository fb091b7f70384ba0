"""`Verdict`: the word and sentence about one provider and model, with its reasons, worst first; every face prints this value.

The words state that two servers differ, never why. Missing evidence is *undecided*, *not measured* or *waiting*.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shadow.verdict.evidence import PeriodCoverage


class VerdictWord(StrEnum):
    """The verdict in one word; of several that apply, the first of these is given."""

    DIFFERS = "differs"
    FAULTY = "faulty"
    SUSPECT = "suspect"
    UNDECIDED = "undecided"
    NONE_SEEN = "no_difference_seen"
    NOT_MEASURED = "not_measured"
    WAITING = "waiting"

    @property
    def is_adverse(self) -> bool:
        """Whether `report --fail-on-drift` exits with 3 for it."""
        return self in {VerdictWord.DIFFERS, VerdictWord.FAULTY}


class ReasonGround(StrEnum):
    """The kind of evidence that a reason states; among reasons of one word, those of the first of these come first."""

    REFERENCE = "reference"
    SIGNAL = "signal"
    DISCOVERY = "discovery"
    DRIFT = "drift"
    CHECK = "check"
    THRESHOLD = "bar"
    CLOSER = "closer"
    TOLERANCE = "tolerance"
    FEW = "few"
    UNMEASURED = "unmeasured"
    IDENTITY = "identity"
    UPSTREAM = "upstream"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReason:
    """One reason: the word that it alone would give, its `ground`, the signal, check or cause it is about, and a phrase that
    states it with its direction. `size` is signed (a share in -1..1), with `low`..`high`; `since` in epoch seconds.
    """

    word: VerdictWord
    ground: ReasonGround
    subject: str
    phrase: str
    size: float | None = None
    low: float | None = None
    high: float | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectablePower:
    """What would have been seen in four of five such periods: an excess of `smallest` (a share; None where even a breakdown would
    not) in `signal`, all along the period, with so many `pairs`, of which in `odd` one side was the odd one.
    """

    signal: str
    pairs: int
    odd: int
    smallest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """About one provider and model against one reference ("" without one). `reasons` stand worst first; `worst` is the subject
    of the first that gives the word ("" without one), `since` the earliest date that is known of one (epoch seconds). `notes`
    are facts that decide nothing, as that the reference fails more often.
    """

    provider: str
    model: str
    reference: str
    word: VerdictWord
    sentence: str
    reasons: tuple[VerdictReason, ...]
    notes: tuple[VerdictReason, ...]
    power: DetectablePower | None
    coverage: PeriodCoverage
    since: float | None
    worst: str
