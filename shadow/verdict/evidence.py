"""`Evidence`: everything that the verdict about one provider, model and reference depends on, as plain values.

Each kind of evidence has its own source (the scorecard, the checks, the drift states, the coverage of the period);
`shadow.verdict.verdict_rule` alone weighs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shadow.drift.excess_estimates import SignalOutcome
from shadow.drift.state_transitions import DriftState


class EvidenceSide(StrEnum):
    """The side that a piece of evidence is about."""

    PROVIDER = "provider"
    REFERENCE = "reference"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEvidence:
    """One signal over the period's pairs. `excess` is signed (a share in -1..1, positive: the provider is the odd one, or has
    more of what the signal counts), with its 95 % interval `low`..`high` (None where there is none); `outcome` is that of its
    own row after Holm's correction; `smallest` is the excess that four of five such tables would have shown, None where none
    would.
    """

    signal: str
    pairs: int
    provider_odd: int
    reference_odd: int
    excess: float
    low: float | None
    high: float | None
    outcome: SignalOutcome
    smallest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEvidence:
    """One check that needs no reference: `faulty` of `answers` on all traffic; of the `conversations` that both sides answered,
    the provider was faulty more often in `more` and the reference in `fewer`, with the one-sided `p` of these two counts.

    `named`: more often than its reference beyond chance, among all checks of the report. `beyond_threshold`: over the absolute
    threshold, where no conversation was compared. `phrase` states it in words.
    """

    signal: str
    answers: int
    faulty: int
    phrase: str
    conversations: int = 0
    more: int = 0
    fewer: int = 0
    p: float = 1.0
    named: bool = False
    beyond_threshold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftEvidence:
    """The drift state of one route now. With an alarm: its `name` (a signal), the signed `size` with `low`..`high`, `since` when
    (epoch seconds; credible from `earliest` to `latest`), and the side it is about: `blame` is REFERENCE where the reference
    moved or, where `failing`, is the one that fails. `closer`: the provider is only closer to the reference than that is to
    itself. `why` it is not measured, or why the side that moved is not known. `same_server`: it is not measured because
    provider and reference are one server, which a report of the period may well compare.
    """

    route: str
    state: DriftState
    name: str = ""
    size: float | None = None
    low: float | None = None
    high: float | None = None
    since: float | None = None
    earliest: float | None = None
    latest: float | None = None
    blame: EvidenceSide = EvidenceSide.UNKNOWN
    failing: bool = False
    closer: bool = False
    why: str = ""
    same_server: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Pairs that could not be compared by one cause: how many, of which side, in a sentence with what to do about it."""

    cause: str
    side: EvidenceSide
    pairs: int
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCoverage:
    """How much was compared: live `requests`, `asked` of them also sent to the reference, `compared` with its answer, and why the
    others were not, the most frequent cause first. `refusal` states what the provider itself refused, where that is half of
    its newest requests or more, and what to do.
    """

    requests: int
    asked: int
    compared: int
    shortfalls: tuple[Shortfall, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All evidence about one provider and model against one reference ("" without one). `discovered`: it differs by all signals
    together (e-BH over the report). `identity_changed` holds the moments (epoch seconds) at which its serving identity
    changed.
    """

    provider: str
    model: str
    reference: str
    coverage: PeriodCoverage
    signals: tuple[SignalEvidence, ...] = ()
    checks: tuple[CheckEvidence, ...] = ()
    drift: tuple[DriftEvidence, ...] = ()
    discovered: bool = False
    identity_changed: tuple[float, ...] = ()
