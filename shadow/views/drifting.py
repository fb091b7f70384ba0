"""The state of drift of each group as a line of a report: what the judge last kept, whatever the period of the report is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shadow.drift.case import Case
from shadow.drift.scorecard import GroupKey
from shadow.drift.snapshot import restored
from shadow.drift.status import Status, statuses
from storage.store import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLine:
    """One group: its `state` and, where it is not measured, `why`. `pairs` counted; `strongest` is the signal with most
    `evidence` (a logarithm, the bar is at 0). With an alarm: its `name`, `since` when (epoch seconds; credible from `earliest`
    to `latest`), how large (`size`, with the interval `low`..`high`), `signals` past the bar, the `requests` that contribute
    most and the `pair_ids` to look at. `left_out` counts pairs by the reason.
    """

    route: str
    model: str
    provider: str
    reference: str
    state: str
    why: str
    name: str
    pairs: int
    strongest: str
    evidence: float | None
    since: float | None
    earliest: float | None
    latest: float | None
    size: float | None
    low: float | None
    high: float | None
    signals: tuple[str, ...]
    requests: tuple[str, ...]
    pair_ids: tuple[str, ...]
    reference_suspected: bool
    left_out: Mapping[str, int]


def drift_lines(reader: Reader) -> tuple[DriftLine, ...]:
    """A line for each group that was ever judged; a state that cannot be read is left out, and begins anew with the next pair."""
    cases: dict[GroupKey, Case] = {}
    for row in reader.verdicts.cases():
        group = row.group
        try:
            cases[group.route, group.model, group.provider, group.reference] = restored(row.snapshot)
        except ValueError:
            continue
    return tuple(map(_line, statuses(cases)))


def _line(status: Status) -> DriftLine:
    route, model, provider, reference = status.group
    first = status.past[0] if status.past else None
    strongest = status.evidence[0] if status.evidence else None
    return DriftLine(
        route=route,
        model=model,
        provider=provider,
        reference=reference,
        state=status.state,
        why=status.why,
        name=status.name,
        pairs=status.pairs,
        strongest=strongest[0] if strongest else "",
        evidence=strongest[2] if strongest else None,
        since=first.since if first else None,
        earliest=first.earliest if first else None,
        latest=first.latest if first else None,
        size=first.size if first else None,
        low=first.low if first else None,
        high=first.high if first else None,
        signals=tuple(past.signal for past in status.past),
        requests=tuple(segment.kind for segment in first.segments) if first else (),
        pair_ids=first.pair_ids if first else (),
        reference_suspected=status.reference_suspected,
        left_out=dict(status.excluded),
    )
