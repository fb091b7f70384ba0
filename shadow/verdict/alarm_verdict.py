"""alarm_verdict(): the verdict that the drift state of a group gives alone, which a webhook states.

A report also has the pairs of its period. More evidence never makes a verdict milder, so a report with this state gives the same
word or a worse one, unless it shows that the reference moved.
"""

from __future__ import annotations

from shadow.drift.alarm_titles import REFERENCE_FAILING, TOO_FAITHFUL
from shadow.drift.drift_status import DriftStatus
from shadow.drift.exclusions import SENTENCES, Exclusion
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import DriftEvidence, Evidence, EvidenceSide, PeriodCoverage
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import Verdict

NOTHING = PeriodCoverage(requests=0, asked=0, compared=0)
_SIDES = {EvidenceSide.PROVIDER.value: EvidenceSide.PROVIDER, EvidenceSide.REFERENCE.value: EvidenceSide.REFERENCE}


def drift_evidence(
    *,
    route: str,
    state: str,
    name: str,
    blame: str,
    why: str,
    signal: str = "",
    worse: bool = True,
    size: float | None = None,
    low: float | None = None,
    high: float | None = None,
    since: float | None = None,
    earliest: float | None = None,
    latest: float | None = None,
) -> DriftEvidence:
    """The drift state as evidence; a reference that moved or fails gives an alarm about the reference.

    `size` with `low`..`high` is that of the effect, at least 0, and `worse` its direction, as in `PastThreshold`.
    """
    ends = (low, high) if worse else (_minus(high), _minus(low))
    return DriftEvidence(
        route=route,
        state=DriftState.DRIFT if blame == EvidenceSide.REFERENCE else DriftState(state),
        name=signal,
        size=size if worse else _minus(size),
        low=ends[0],
        high=ends[1],
        since=since,
        earliest=earliest,
        latest=latest,
        blame=_SIDES.get(blame, EvidenceSide.UNKNOWN),
        failing=name == REFERENCE_FAILING,
        closer=name == TOO_FAITHFUL,
        why=why,
        same_server=why == SENTENCES[Exclusion.SAME_SERVER],
    )


def alarm_verdict(status: DriftStatus) -> Verdict | None:
    """The verdict that the state alone gives; None for `ok`, where the pairs of a period decide."""
    if status.state == DriftState.OK:
        return None
    group = status.group
    found = _evidence(status, group.route)
    return decide(Evidence(provider=group.party, model=group.model, reference=group.reference, coverage=NOTHING, drift=(found,)))


def _evidence(status: DriftStatus, route: str) -> DriftEvidence:
    why, named = status.why or status.blame_why, (status.name, status.blame)
    if not status.past:
        return drift_evidence(route=route, state=status.state, name=named[0], blame=named[1], why=why)
    first = status.past[0]
    return drift_evidence(
        route=route,
        state=status.state,
        name=named[0],
        blame=named[1],
        why=why,
        signal=first.signal,
        worse=first.worse,
        size=first.size,
        low=first.low,
        high=first.high,
        since=first.since,
        earliest=first.earliest,
        latest=first.latest,
    )


def _minus(value: float | None) -> float | None:
    return None if value is None else -value
