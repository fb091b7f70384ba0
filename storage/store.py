"""The Protocols of the store: a writer that never blocks its caller, readers, and what a judge needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from storage.erasure_choice import ErasureChoice
from storage.judgement_rows import (
    AcknowledgementRow,
    AlarmRow,
    ArmPairRow,
    ArmPairsSums,
    ComparedChecks,
    CountedPairRow,
    EvidenceRow,
    GroupStateRow,
    JudgedPairRow,
    JudgementBatch,
    JudgingState,
    PaceRow,
    PairFinishReasons,
    PairTimes,
    PayoffSum,
    RoutedPairRow,
    TimedRow,
    UpstreamShare,
    UpstreamTurns,
)
from storage.order_table import OrderTable
from storage.page_rows import OperatorActionRow, PageQueries
from storage.rows import (
    AnswerFilter,
    ErasureExtent,
    ErasureResult,
    ExchangeRecord,
    ExchangeRow,
    FaultyAnswer,
    FindingRow,
    IdentityRow,
    PairFilter,
    PairGroup,
    PairRecord,
    PairRow,
    PairSummary,
    PayoffPoint,
    RowCoverage,
    SegmentCount,
    SignalCount,
    TenantRecords,
    TokenSum,
    ToolCallRow,
    TrafficCount,
)
from storage.spending import Reservation, Spending
from storage.study_store import StudyQueries, StudyStore


class Outcome(StrEnum):
    """What became of a record that the store took."""

    STORED = "stored"
    """It is stored, and was not before it was first offered here; also by an attempt whose answer was lost."""
    KNOWN = "known"
    """One with its id was stored already, by another process or another offer; this one was left out."""
    BAD = "bad"
    """It cannot be stored, now or later: a row of it does not fit its table, or what it refers to is missing."""
    AWAY = "away"
    """The database refused it (gone, full, locked, read-only); it might be stored later."""

    @property
    def on_disk(self) -> bool:
        """Whether a record with its id is stored."""
        return self in {Outcome.STORED, Outcome.KNOWN}


class BatchTotals(NamedTuple):
    """How many batches of records were written, or tried, since the start, and the seconds that took."""

    batches: int = 0
    seconds: float = 0.0


NONE_SHORTER: Mapping[str, float] = MappingProxyType({})
Settled = Callable[[Outcome], object]
"""Called once for a record that was taken, from any thread."""


def ignore(_outcome: Outcome) -> None:
    """What becomes of the record is not looked at."""


class StoreError(Exception):
    """An error of the store; the message is one sentence that names the path and what to do."""


class IdentityQueries(Protocol):
    """Queries about serving identities, request shapes and segments."""

    def identities(self, since: float, until: float, limit: int) -> Sequence[IdentityRow]:
        """The newest `limit` identities that began in the period, newest first."""

    def latest(self, limit: int) -> Sequence[IdentityRow]:
        """The latest identity of each provider and model."""

    def shapes(self, since: float, until: float, limit: int) -> Sequence[tuple[PairGroup, str]]:
        """(group, shape) of the newest `limit` comparable pairs of the period, newest first."""

    def segments(self, since: float, until: float) -> Sequence[SegmentCount]:
        """Findings that match or differ, by group, segment, signal and comparison: `cross`, or `self` of a random control."""

    def by_stream(self, since: float, until: float, limit: int) -> Sequence[SegmentCount]:
        """Checks that some of the newest `limit` live answers failed, by the segment `stream`, of provider and model alone."""

    def limits(self, since: float, until: float) -> Mapping[tuple[str, str], tuple[int | None, int | None]]:
        """(largest accepted prompt in tokens, smallest request refused for its length in bytes) by provider and model."""


class JudgementQueries(Protocol):
    """Read-only queries about judgements."""

    def group_states(self) -> Sequence[GroupStateRow]:
        """The state of every group."""

    def judging(self, now: float) -> JudgingState:
        """Who has the right to judge at `now` (epoch seconds), and what waits for a judgement."""

    def alarms(self, since: float, until: float) -> Sequence[AlarmRow]:
        """The newest changes of state of a period, newest first; `until` 0 is no bound."""

    def paces(self) -> Sequence[PaceRow]:
        """The pace of each provider by model and measure."""

    def client_aborts(self, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
        """(live requests whose client left before the end, live requests) of each group, since `seconds` before the last."""

    def payoff_sums(self, since: float, until: float) -> Sequence[PayoffSum]:
        """The payoffs of the period, summed by cluster, signal and judgement."""

    def compared_checks(self, since: float, until: float) -> Sequence[ComparedChecks]:
        """The checks of the pairs of a period, summed by conversation; routes are pooled."""

    def counted_pairs(self, provider: str, since: float, until: float) -> Sequence[CountedPairRow]:
        """The pairs of one provider in a period with what the statistics count of each, oldest first."""

    def arm_pairs(self, route: str, since: float, until: float) -> Sequence[ArmPairRow]:
        """The pairs of one route in a period, of its live provider and its candidates, oldest first."""

    def arm_pairs_sums(self, route: str, since: float, until: float) -> ArmPairsSums:
        """The sums of these pairs, by which it is seen that some were added, deleted or judged otherwise."""

    def finish_reasons(self, since: float, until: float, limit: int) -> Sequence[PairFinishReasons]:
        """The finish reasons of the newest `limit` pairs of the period in which tools were offered."""

    def response_statuses(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, reference, status, requests) of the newest `limit` live requests of the period; 0 is no status."""

    def unread_requests(self, since: float, until: float) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, `unread`, requests, size of the largest in bytes) of the live requests not held whole."""

    def pair_times(self, since: float, until: float, limit: int) -> Sequence[PairTimes]:
        """The times of the newest `limit` pairs of the period, both answers whole."""

    def routed_pairs(self, since: float, until: float, limit: int) -> Sequence[RoutedPairRow]:
        """The newest `limit` pairs of routers with their payoffs, oldest first."""

    def upstream_shares(self, since: float, until: float, limit: int) -> Sequence[UpstreamShare]:
        """How many of the newest `limit` live answers of routers each server behind one gave."""

    def upstream_turns(self, since: float, until: float, limit: int) -> Sequence[UpstreamTurns]:
        """How often conversations changed their server, by the newest `limit` live answers of routers."""


class JudgementStore(JudgementQueries, Protocol):
    """What a judge needs: pairs in the order they were finished, each judged once. Slow: call it off the loop."""

    lease_seconds: float
    """How long the right to judge lasts after it was taken or renewed."""

    def claim(self, holder: str, now: float, seconds: float) -> bool:
        """Take or renew the right to judge this store; False while another holds it."""

    def renew(self, holder: str, now: float, seconds: float) -> bool:
        """Renew the right to judge, also when it has run out; False when another process has had it since, or it was released."""

    def release(self, holder: str) -> None:
        """Give up the right to judge."""

    def unjudged(self, after: int, limit: int) -> Sequence[JudgedPairRow]:
        """The next pairs without a judgement, by number; numbers up to `after` count as judged, unless all pairs were deleted."""

    def recently_counted(self, seconds: float) -> Sequence[JudgedPairRow]:
        """The pairs that counted and started in the last `seconds` before the one that was judged last, or later."""

    def evidence(self, group: PairGroup, signal: str, *, agreement: bool, limit: int) -> Sequence[EvidenceRow]:
        """The newest pairs that counted for a signal, oldest first; `agreement` excludes those from a caching reference."""

    def last_judged(self) -> int:
        """The number of the last judged pair, 0 without one."""

    def identities_of(self, model: str, until: float) -> Sequence[IdentityRow]:
        """Every serving identity of a model, of any provider, that began up to `until` (epoch seconds), oldest first."""

    def pending_acknowledgements(self) -> Sequence[AcknowledgementRow]:
        """The acknowledgements that a rebuild has yet to apply, in their order."""

    def timed_answers(self, after: int, limit: int) -> Sequence[TimedRow]:
        """The next live answers received whole, by number, above `after`; from the first where all exchanges were deleted."""

    def record(self, holder: str, batch: JudgementBatch) -> bool:
        """Write all of it in one transaction, or nothing; False when `holder` has lost the right to judge."""

    def rebuild(self) -> None:
        """Have every stored pair judged again from the first; alarms stay, and none is sent twice."""

    def pending_events(self, limit: int) -> Sequence[tuple[int, AlarmRow]]:
        """(number, alarm) of the oldest changes of state that were not sent yet."""

    def mark_sent(self, numbers: Sequence[int]) -> None:
        """Mark these changes of state as sent, or as given up."""

    def discard_pending(self) -> None:
        """Mark all changes of state so far as sent."""


class BusyError(StoreError):
    """Another process is writing this store."""


class Writer(Protocol):
    """Queues records from any thread; each record is written whole or not at all, in the order queued."""

    def add_exchange(self, record: ExchangeRecord, settled: Settled = ignore) -> bool:
        """Queue one exchange; False when the queue is full (dropped and counted), and then `settled` is not called."""

    def add_pair(self, record: PairRecord, settled: Settled = ignore) -> bool:
        """Queue one pair with its shadow exchanges and findings; as `add_exchange`."""

    def flush(self, seconds: float) -> bool:
        """Wait until everything queued is on disk, at most `seconds`; True when it is."""

    @property
    def queued(self) -> int:
        """Records waiting now."""

    @property
    def lag(self) -> float:
        """Seconds for which the oldest waiting record has waited; 0 when none waits."""

    @property
    def dropped(self) -> int:
        """Records not taken because the queue was full."""

    @property
    def failed(self) -> int:
        """Records lost to an error of the database (full, locked, read-only)."""

    @property
    def stored(self) -> int:
        """Records on disk since the start."""

    @property
    def batch_totals(self) -> BatchTotals:
        """The batches since the start."""


class PreparedWriter(Protocol):
    """Queues records that were prepared in another process."""

    def add_prepared(self, record: object, settled: Settled = ignore) -> bool:
        """Queue a record as `storage.opening.record_preparer` makes it; as `Writer.add_exchange`. TypeError for any other."""


class Reader(Protocol):
    """Typed queries of the store; safe from any thread, never blocks the writer."""

    def extent(self) -> tuple[int, float]:
        """Bytes on disk, the write-ahead log included, and when the oldest exchange started; 0 without one."""

    def pairs(self, wanted: PairFilter) -> Sequence[PairSummary]:
        """Newest first."""

    def pair(self, pair_id: str) -> PairRow | None:
        """One pair by its id, or by an unambiguous beginning (8 characters at least) or end (4 at least) of it."""

    def candidates(self, part: str, limit: int) -> Sequence[PairRow]:
        """The pair of this id; else the newest `limit` whose ids begin or end so."""

    def erasure_extent(self, chosen: ErasureChoice) -> ErasureExtent:
        """What `Writer.forget` would delete now; slow where that is much."""

    def faulty_answers(self, wanted: AnswerFilter) -> Sequence[FaultyAnswer]:
        """The newest live answers that failed a check, sampled or not, newest first."""

    def exchange(self, exchange_id: str) -> ExchangeRow | None:
        """One exchange, bodies decompressed."""

    def tool_calls(self, exchange_id: str) -> Sequence[ToolCallRow]:
        """The calls of one exchange, in their order."""

    def findings(self, *, pair_id: str = "", exchange_id: str = "") -> Sequence[FindingRow]:
        """The findings of one pair, or the checks of one exchange."""

    def signal_counts(self, since: float, until: float) -> Sequence[SignalCount]:
        """Findings by group, comparison, signal and state; checks count under the group of their exchange."""

    def payoffs(self, since: float, until: float) -> Sequence[PayoffPoint]:
        """Every payoff of the period, oldest first."""

    def traffic(self, since: float, until: float) -> Sequence[TrafficCount]:
        """Requests, failures and tokens by provider, model and role."""

    def tenant_records(self, tenant: str, since: float, until: float, limit: int) -> TenantRecords:
        """Traffic and tokens of one tenant in the period, and the times of its newest `limit` answers."""

    def row_coverage(self, since: float, until: float, provider: str = "") -> RowCoverage:
        """How many live requests of the period, or of one provider in it, have a row; all zero where every one has."""

    def token_sums(self, since: float, until: float) -> Sequence[TokenSum]:
        """Tokens by class, by day of UTC, provider, model, role and state of usage."""

    @property
    def judgements(self) -> JudgementQueries:
        """Queries about judgements."""

    def reasons(self, since: float, until: float) -> Sequence[tuple[str, str, str, str, int]]:
        """(provider, model, reference, reason, pairs) for every reason why pairs of the period are not comparable."""

    def latencies(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, str, float]]:
        """(provider, model, role, measure, seconds); measure is first_chunk, first_token or seconds; newest `limit` exchanges."""

    @property
    def identity_queries(self) -> IdentityQueries:
        """Queries about serving identities, request shapes and segments."""

    @property
    def studies(self) -> StudyQueries:
        """Queries about studies."""

    @property
    def page_queries(self) -> PageQueries:
        """Queries that pages alone need."""

    def spent(self, begin: int, end: int) -> Spending:
        """What references have cost from the hour `begin` since the epoch up to, and without, the hour `end`."""

    def spent_by_tenants(self, begin: int, end: int) -> Mapping[str, Spending]:
        """The same for each tenant for which something was spent then."""


class Store(Writer, PreparedWriter, Reader, Protocol):
    """One store: its writer, its readers, and its end."""

    @property
    def judgements(self) -> JudgementStore:
        """Queries about judgements, and what a judge writes."""

    @property
    def studies(self) -> StudyStore:
        """Queries about studies, and what a study writes."""

    @property
    def orders(self) -> OrderTable | None:
        """The commands that wait; None for a store of one process, which gets them as files beside its database."""

    def secret(self) -> bytes:
        """The 32 random bytes of this installation, drawn at the first call and the same ever after; never to be shown."""

    def is_known(self, exchange_id: str) -> bool:
        """Whether an exchange was stored, with a row or without one; where it is written, so that a standby does not count."""

    def note_action(self, row: OperatorActionRow) -> None:
        """Store what an operator did from a page; on disk when this returns. Slow: off the loop."""

    def spend(self, at: float, cost: Spending, tenant: str = "") -> None:
        """Add what a reference has cost for a tenant ("" for none) at `at`, epoch seconds; on disk when this returns. Slow."""

    def reserve(self, at: float, period: tuple[int, int], limits: Mapping[str, Spending]) -> Reservation:
        """Add one at `at` for each owner in `limits` ("" is all), for none where one reached its own (0 is none); atomic."""

    def begin_run(self, run: str) -> Mapping[int, int]:
        """How many exchanges of each worker the `serve` of this name has stored already; the counts of other runs are deleted."""

    def writable(self) -> bool:
        """True when the last write succeeded or none was tried; `/readyz` reports it."""

    def forget(self, chosen: ErasureChoice) -> ErasureResult:
        """Delete exchanges, and the pairs they belong to, for good; StoreError when they cannot be deleted."""

    def sweep(self, now: float, shorter: Mapping[str, float] = NONE_SHORTER) -> int:
        """Delete exchanges beyond the retention limits at `now`, those of a tenant after its days in `shorter`; how many."""

    def sum_hours(self, seconds: float) -> int:
        """Sum pairs by the hour for about so many seconds at most; how many hours. Reading is faster then. Slow: off the loop."""

    def close(self) -> None:
        """Flush and release the database."""
