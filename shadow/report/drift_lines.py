"""Reads the drift state of each group as a line of a report: the judge's latest, independent of the report's period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from shadow.drift.admission import DAY
from shadow.drift.alarm_titles import REFERENCE_MOVED
from shadow.drift.count_detector import CountStanding
from shadow.drift.drift_status import DriftStatus, statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_snapshot import restored
from shadow.verdict import alarm_verdict
from shadow.verdict.evidence import DriftEvidence
from storage.rows import PairGroup
from storage.store import Reader

MAX_ABORTED = 0.02
"""Share of requests aborted by clients beyond which the pairs are one-sided."""
MIN_REQUESTS = 50
"""Requests from which that share is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLine:
    """One group: its `state` and, when not measured, `why`. `strongest` is the signal with the most `evidence` (a logarithm;
    the threshold is 0) over `pairs` pairs. With an alarm: its `name`, the date `since` (epoch seconds; credible from `earliest`
    to `latest`), the `size` with its interval `low`..`high`, the `signals` beyond the threshold, the `requests` (segments) that
    contribute most and `pair_ids` as examples. `worse`: the provider is the odd one, or has more of what the signal counts.
    `sentence` is all of it in words. `blame` is "provider", "reference" or "not_yet_known" (reason in `blame_why`), "" without
    an alarm; `by` is the provider that decided it, `facts` are serving identity changes near that date; `waits`: the alarm is
    held back until the second look.

    `left_out` counts pairs by reason. `hung_up` is the share of the last day's requests whose client left before the end (None
    without requests); `one_sided`: that share is so large that the remaining pairs are a biased selection. `counts`: its tokens
    against the reference's for the same words, by side.
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
    hung_up: float | None = None
    one_sided: bool = False
    worse: bool = True
    sentence: str = ""
    blame: str = ""
    blame_why: str = ""
    by: str = ""
    facts: tuple[str, ...] = ()
    waits: bool = False
    counts: tuple[CountStanding, ...] = ()
    upstream: str = ""
    """The server behind a router that the line is about; "" for a provider as a whole."""

    @property
    def party(self) -> str:
        """The provider, or the server behind it, by name."""
        return GroupKey(self.route, self.model, self.provider, self.reference, self.upstream).party


def drift_evidence(line: DriftLine) -> DriftEvidence:
    """The line as evidence for a verdict."""
    return alarm_verdict.drift_evidence(
        route=line.route,
        state=line.state,
        name=line.name,
        blame=line.blame,
        why=line.why or line.blame_why,
        signal=line.signals[0] if line.signals else "",
        worse=line.worse,
        size=line.size,
        low=line.low,
        high=line.high,
        since=line.since,
        earliest=line.earliest,
        latest=line.latest,
    )


def drift_lines(reader: Reader) -> tuple[DriftLine, ...]:
    """A line for each group that was ever judged; an unreadable state is omitted (the judge resets it at the next pair)."""
    cases: dict[GroupKey, GroupState] = {}
    for row in reader.judgements.group_states():
        try:
            cases[GroupKey(**asdict(row.group))] = restored(row.snapshot)
        except ValueError:
            continue
    left = reader.judgements.client_aborts(DAY) if cases else {}
    return tuple(drift_line(status, left.get(PairGroup(**status.group.whole._asdict()), (0, 0))) for status in statuses(cases))


def of_providers(lines: Iterable[DriftLine]) -> tuple[DriftLine, ...]:
    """The lines of providers as a whole, without those of single servers behind a router."""
    return tuple(line for line in lines if not line.upstream)


def is_one_sided(left: int, requests: int) -> bool:
    """Whether so many clients leave early that the remaining pairs are a biased selection: aborts cut live answers only, never
    the reference's, and no test can correct that.
    """
    return requests >= MIN_REQUESTS and left > MAX_ABORTED * requests


def drift_line(status: DriftStatus, left: tuple[int, int] = (0, 0)) -> DriftLine:
    """The line of a state; `left`: of the last day, the requests whose client left, and all requests."""
    first = status.past[0] if status.past else None
    strongest = status.evidence[0] if status.evidence else None
    return DriftLine(
        **status.group._asdict(),
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
        sentence=status.sentence,
        blame=status.blame,
        blame_why=status.blame_why,
        by=status.by,
        facts=status.facts,
        waits=status.waits,
        counts=status.counts,
        reference_suspected=status.name == REFERENCE_MOVED,
        left_out=dict(status.excluded),
        hung_up=left[0] / left[1] if left[1] else None,
        one_sided=is_one_sided(*left),
        worse=first.worse if first else True,
    )
