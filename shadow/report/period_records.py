"""`PeriodRecords`: all that the verdicts of a period depend on, as plain values that a dossier can carry."""

from __future__ import annotations

from dataclasses import dataclass

from shadow.report.drift_lines import DriftLine, drift_lines
from shadow.report.figures import IdentityLine
from shadow.report.identity_lines import identity_lines
from shadow.report.reference_refusals import NEWEST
from shadow.report.router_lines import RouterLine, router_lines
from shadow.report.row_sampling import RowSampling, row_sampling
from shadow.report.trigger_figures import NEWEST as NEWEST_ENDINGS
from storage.judgement_rows import ComparedChecks, PairFinishReasons, PayoffSum
from storage.rows import SignalCount, TrafficCount
from storage.store import Reader

StatusCount = tuple[str, str, str, int, int]
"""Provider, model, reference, status (0 is none), live requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRecords:
    """What the store holds of the period from `since` to `until` (epoch seconds), each member as its query returns it."""

    since: float
    until: float
    counts: tuple[SignalCount, ...]
    traffic: tuple[TrafficCount, ...]
    drift: tuple[DriftLine, ...]
    identities: tuple[IdentityLine, ...]
    sums: tuple[PayoffSum, ...]
    reasons: tuple[tuple[str, str, str, str, int], ...]
    endings: tuple[PairFinishReasons, ...]
    compared: tuple[ComparedChecks, ...]
    ended: tuple[StatusCount, ...]
    unread: tuple[tuple[str, str, str, int, int], ...]
    routers: tuple[RouterLine, ...] = ()
    rows: RowSampling | None = None


def read_records(reader: Reader, since: float, until: float) -> PeriodRecords:
    """The records of a period."""
    judgements = reader.judgements
    drift = drift_lines(reader)
    return PeriodRecords(
        since=since,
        until=until,
        counts=tuple(reader.signal_counts(since, until)),
        traffic=tuple(reader.traffic(since, until)),
        drift=drift,
        identities=identity_lines(reader, since, until),
        sums=tuple(judgements.payoff_sums(since, until)),
        reasons=tuple(reader.reasons(since, until)),
        endings=tuple(judgements.finish_reasons(since, until, NEWEST_ENDINGS)),
        compared=tuple(judgements.compared_checks(since, until)),
        ended=tuple(judgements.response_statuses(since, until, NEWEST)),
        unread=tuple(judgements.unread_requests(since, until)),
        routers=router_lines(reader, since, until, drift),
        rows=row_sampling(reader, since, until),
    )
