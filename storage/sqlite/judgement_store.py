"""`SqliteJudgementStore`: each pair is judged once; its judgement, the group state and the alarms share a transaction.

Pairs are returned in the order in which they were finished, to the holder of the lease. A pair is judged when it has a row in
`rulings`; nothing in memory decides it.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Protocol, TypeVar

from storage.alarm_insertion import alarm_values, insert_alarm
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
from storage.rows import IdentityRow, PairGroup
from storage.sqlite import (
    arm_queries,
    dossier_queries,
    identity_queries,
    pace_queries,
    report_queries,
    summed_hours,
    upstream_queries,
)
from storage.sqlite.query_rows import FOREVER
from storage.sqlite.record_insertion import roll_back

Result = TypeVar("Result")
NEWEST_ALARMS = 1_000

PAIRS = """
SELECT p.no, p.id, p.route, p.model, p.provider, p.reference, p.started, p.conversation, p.request_fingerprint,
       coalesce(t.kind, ''), coalesce(t.excluded, ''),
       CASE WHEN p.comparable = '' THEN p.shape ELSE '{}' END, g.reason, p.upstream
FROM pairs p LEFT JOIN trials t ON t.pair_no = p.no LEFT JOIN rulings g ON g.pair_no = p.no
"""
UNJUDGED = PAIRS + " WHERE p.no > ? AND g.reason IS NULL ORDER BY p.no LIMIT ?"
RECENTLY_COUNTED = PAIRS + " WHERE p.started >= ? AND g.reason IN ('', 'caching_reference', 'same_server') ORDER BY p.no"
PAYOFFS = "SELECT pair_no, signal, payoff FROM payoffs WHERE pair_no BETWEEN ? AND ? ORDER BY rowid"
LAST_PAIR = "SELECT coalesce(max(no), 0) FROM pairs"
LAST_STARTED = "SELECT p.started FROM rulings g JOIN pairs p ON p.no = g.pair_no ORDER BY g.pair_no DESC LIMIT 1"
EVIDENCE = """
SELECT * FROM (
  SELECT p.no, p.id, p.started, p.conversation, coalesce(t.kind, ''), y.payoff
  FROM pairs p JOIN rulings g ON g.pair_no = p.no JOIN payoffs y ON y.pair_no = p.no LEFT JOIN trials t ON t.pair_no = p.no
  WHERE p.route = :route AND p.model = :model AND p.provider = :provider AND p.reference = :reference AND y.signal = :signal
    AND (g.reason = '' OR (g.reason = 'caching_reference' AND NOT :agreement))
    AND (:upstream IN ('', p.upstream) OR (:upstream = 'other' AND p.upstream <> '' AND NOT EXISTS (
      SELECT 1 FROM cases c WHERE (c.route, c.model, c.provider, c.reference, c.upstream)
        = (p.route, p.model, p.provider, p.reference, p.upstream)
    )))
  ORDER BY p.no DESC LIMIT :limit
) ORDER BY no
"""
"""Of the server `other`, the pairs of every name that has no group of its own."""
GROUP = "route, model, provider, reference, upstream"
GROUP_STATES = f"SELECT {GROUP}, last_no, snapshot FROM cases ORDER BY {GROUP}"  # noqa: S608 - a constant of this file
ALARMS = f"""
SELECT at, pair_id, {GROUP}, old, new, name, details FROM alarms WHERE at >= ? AND at < ? ORDER BY no DESC LIMIT ?
"""  # noqa: S608 - a constant of this file
CLAIM = """
INSERT INTO leases (name, holder, until) VALUES ('judge', :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = :holder, until = :until
WHERE holder = :holder OR until <= :now OR until > :now + :seconds OR holder = ''
"""
RENEW = "UPDATE leases SET until = ? WHERE name = 'judge' AND holder = ?"
HOLDS = "SELECT holder = ? FROM leases WHERE name = 'judge'"
LEASE = "SELECT holder, until - :now FROM leases WHERE name = 'judge' AND holder <> '' AND until > :now"
WAITING = "SELECT count(*), min(no) FROM pairs WHERE no > (SELECT coalesce(max(pair_no), 0) FROM rulings)"
ANSWERED = """
SELECT max(e.started + e.seconds) FROM pairs p JOIN exchanges e ON e.id IN (p.subject_id, p.reference_id) WHERE p.no = ?
"""
RELEASE = "UPDATE leases SET holder = '' WHERE name = 'judge' AND holder = ?"
INSERT_JUDGEMENT = "INSERT OR IGNORE INTO rulings (pair_no, reason) SELECT no, ? FROM pairs WHERE no = ?"
WRITE_GROUP_STATE = f"""
INSERT INTO cases ({GROUP}, last_no, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT ({GROUP}) DO UPDATE SET last_no = excluded.last_no, snapshot = excluded.snapshot
"""  # noqa: S608 - a constant of this file
INSERT_ALARM = insert_alarm(":{}".format)
PENDING_EVENTS = f"""
SELECT at, pair_id, {GROUP}, old, new, name, details, no FROM alarms WHERE told = 0 ORDER BY no LIMIT ?
"""  # noqa: S608 - a constant of this file
MARK_SENT = "UPDATE alarms SET told = 1 WHERE no = ?"
DISCARD_PENDING = "UPDATE alarms SET told = 1 WHERE told = 0"
LAST_JUDGED = "SELECT coalesce(max(pair_no), 0) FROM rulings"
PENDING_ACKNOWLEDGEMENTS = f"""
SELECT no, after_no, at, answer, {GROUP} FROM acknowledgements WHERE applied = 0 ORDER BY no
"""  # noqa: S608 - a constant of this file
INSERT_ACKNOWLEDGEMENT = f"""
INSERT INTO acknowledgements (after_no, at, answer, {GROUP}, applied) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
"""  # noqa: S608 - a constant of this file
MARK_APPLIED = "UPDATE acknowledgements SET applied = 1 WHERE no = ?"
REBUILD = ("DELETE FROM rulings", "DELETE FROM cases", "UPDATE acknowledgements SET applied = 0")


class RunStatement(Protocol):
    """Runs a job with a connection and returns its result."""

    def __call__(self, job: Callable[[sqlite3.Connection], Result], /) -> Result:
        """Errors of SQLite pass, or come as StoreError."""


class JudgementReader:
    """Read-only queries about judgements."""

    def __init__(self, query: RunStatement) -> None:
        self._query = query

    def group_states(self) -> Sequence[GroupStateRow]:
        """The state of every group."""
        return self._query(lambda conn: [_group_state(row) for row in conn.execute(GROUP_STATES)])

    def judging(self, now: float) -> JudgingState:
        """Who has the right to judge at `now` (epoch seconds), and what waits for a judgement."""
        return self._query(lambda conn: _judging(conn, now))

    def alarms(self, since: float, until: float) -> Sequence[AlarmRow]:
        """The newest changes of state of a period, newest first; `until` 0 is no bound."""
        period = (since, until or FOREVER, NEWEST_ALARMS)
        return self._query(lambda conn: [_alarm(row) for row in conn.execute(ALARMS, period)])

    def paces(self) -> Sequence[PaceRow]:
        """The pace of each provider by model and measure."""
        return self._query(pace_queries.paces)

    def client_aborts(self, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
        """(live requests whose client left before the end, live requests) of each group, since `seconds` before the last."""
        return self._query(lambda conn: report_queries.client_aborts(conn, seconds))

    def payoff_sums(self, since: float, until: float) -> Sequence[PayoffSum]:
        """The payoffs of the period, summed by cluster, signal and judgement."""
        return self._query(lambda conn: summed_hours.payoff_sums(conn, since, until))

    def compared_checks(self, since: float, until: float) -> Sequence[ComparedChecks]:
        """The checks of the pairs of a period, summed by conversation; routes are pooled."""
        return self._query(lambda conn: summed_hours.compared_checks(conn, since, until))

    def counted_pairs(self, provider: str, since: float, until: float) -> Sequence[CountedPairRow]:
        """The pairs of one provider in a period with what the statistics count of each, oldest first."""
        return self._query(lambda conn: dossier_queries.counted_pairs(conn, provider, since, until))

    def arm_pairs(self, route: str, since: float, until: float) -> Sequence[ArmPairRow]:
        """The pairs of one route in a period, of its live provider and its candidates, oldest first."""
        return self._query(lambda conn: arm_queries.arm_pairs(conn, route, since, until))

    def arm_pairs_sums(self, route: str, since: float, until: float) -> ArmPairsSums:
        """The sums of these pairs, by which it is seen that some were added, deleted or judged otherwise."""
        return self._query(lambda conn: arm_queries.arm_pairs_sums(conn, route, since, until))

    def finish_reasons(self, since: float, until: float, limit: int) -> Sequence[PairFinishReasons]:
        """The finish reasons of the newest `limit` pairs of the period in which tools were offered."""
        return self._query(lambda conn: report_queries.finish_reasons(conn, since, until, limit))

    def response_statuses(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, reference, status, requests) of the newest `limit` live requests of the period; 0 is no status."""
        return self._query(lambda conn: report_queries.response_statuses(conn, since, until, limit))

    def unread_requests(self, since: float, until: float) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, `unread`, requests, size of the largest in bytes) of the live requests not held whole."""
        return self._query(lambda conn: report_queries.unread_requests(conn, since, until))

    def routed_pairs(self, since: float, until: float, limit: int) -> Sequence[RoutedPairRow]:
        """The newest `limit` pairs of routers with their payoffs, oldest first."""
        return self._query(lambda conn: upstream_queries.routed_pairs(conn, since, until, limit))

    def upstream_shares(self, since: float, until: float, limit: int) -> Sequence[UpstreamShare]:
        """How many of the newest `limit` live answers of routers each server behind one gave."""
        return self._query(lambda conn: upstream_queries.upstream_shares(conn, since, until, limit))

    def upstream_turns(self, since: float, until: float, limit: int) -> Sequence[UpstreamTurns]:
        """How often conversations changed their server, by the newest `limit` live answers of routers."""
        return self._query(lambda conn: upstream_queries.upstream_turns(conn, since, until, limit))

    def pair_times(self, since: float, until: float, limit: int) -> Sequence[PairTimes]:
        """The times of the newest `limit` pairs of the period, both answers whole."""
        return self._query(lambda conn: report_queries.pair_times(conn, since, until, limit))


class SqliteJudgementStore(JudgementReader):
    """What a judge reads and writes."""

    lease_seconds = 30.0
    """Long, because the one process that may write the file has its lock, and each renewal is written to the disk."""

    def __init__(self, query: RunStatement, run: RunStatement) -> None:
        super().__init__(query)
        self._run = run

    def claim(self, holder: str, now: float, seconds: float) -> bool:
        """Take or renew the right to judge this store; False while another holds it. A lease from the future has ended."""
        values = {"holder": holder, "until": now + seconds, "now": now, "seconds": seconds}
        return self._run(lambda conn: conn.execute(CLAIM, values).rowcount > 0)

    def renew(self, holder: str, now: float, seconds: float) -> bool:
        """Renew the right to judge, also when it has run out; False when another process has had it since, or it was released."""
        return self._run(lambda conn: conn.execute(RENEW, (now + seconds, holder)).rowcount > 0)

    def release(self, holder: str) -> None:
        """Give up the right to judge."""
        self._run(lambda conn: conn.execute(RELEASE, (holder,)).rowcount)

    def unjudged(self, after: int, limit: int) -> Sequence[JudgedPairRow]:
        """The next pairs without a judgement, by number; numbers up to `after` count as judged, unless all pairs were deleted."""

        def query(conn: sqlite3.Connection) -> Sequence[JudgedPairRow]:
            (last,) = conn.execute(LAST_PAIR).fetchone()
            return _judged_pairs(conn, UNJUDGED, (after if after <= last else 0, limit))

        return self._query(query)

    def recently_counted(self, seconds: float) -> Sequence[JudgedPairRow]:
        """The pairs that counted and started in the last `seconds` before the one that was judged last, or later."""

        def query(conn: sqlite3.Connection) -> Sequence[JudgedPairRow]:
            row = conn.execute(LAST_STARTED).fetchone()
            return _judged_pairs(conn, RECENTLY_COUNTED, (row[0] - seconds,)) if row else []

        return self._query(query)

    def evidence(self, group: PairGroup, signal: str, *, agreement: bool, limit: int) -> Sequence[EvidenceRow]:
        """The newest pairs that counted for a signal, oldest first; `agreement` excludes those from a caching reference."""
        values = {**asdict(group), "signal": signal, "agreement": agreement, "limit": limit}
        return self._query(lambda conn: [_evidence(row) for row in conn.execute(EVIDENCE, values)])

    def last_judged(self) -> int:
        """The number of the last judged pair, 0 without one."""
        return self._query(lambda conn: int(conn.execute(LAST_JUDGED).fetchone()[0]))

    def identities_of(self, model: str, until: float) -> Sequence[IdentityRow]:
        """Every serving identity of a model, of any provider, that began up to `until` (epoch seconds), oldest first."""
        return self._query(lambda conn: identity_queries.identities_of(conn, model, until))

    def pending_acknowledgements(self) -> Sequence[AcknowledgementRow]:
        """The acknowledgements that a rebuild has yet to apply, in their order."""
        return self._query(lambda conn: [_acknowledgement(row) for row in conn.execute(PENDING_ACKNOWLEDGEMENTS)])

    def timed_answers(self, after: int, limit: int) -> Sequence[TimedRow]:
        """The next live answers received whole, by number, above `after`; from the first where all exchanges were deleted."""
        return self._query(lambda conn: pace_queries.timed_answers(conn, after, limit))

    def record(self, holder: str, batch: JudgementBatch) -> bool:
        """Write all of it in one transaction, or nothing; False when `holder` has lost the right to judge."""

        def job(conn: sqlite3.Connection) -> bool:
            conn.execute("BEGIN IMMEDIATE")
            try:
                if conn.execute(HOLDS, (holder,)).fetchone() != (1,):
                    return False
                conn.executemany(INSERT_JUDGEMENT, [(row.reason, row.no) for row in batch.judgements])
                conn.executemany(
                    WRITE_GROUP_STATE, [(*_names(row.group), row.last_no, row.snapshot) for row in batch.group_states]
                )
                conn.executemany(INSERT_ALARM, map(alarm_values, batch.alarms))
                conn.executemany(
                    INSERT_ACKNOWLEDGEMENT, [(row.after_no, row.at, row.answer, *_names(row.group)) for row in batch.given]
                )
                conn.executemany(MARK_APPLIED, [(no,) for no in batch.applied])
                pace_queries.write(conn, batch.paces)
                conn.execute("COMMIT")
            finally:
                roll_back(conn)
            return True

        return self._run(job)

    def rebuild(self) -> None:
        """Have every stored pair judged again from the first; alarms stay, and none is sent twice."""

        def job(conn: sqlite3.Connection) -> None:
            conn.execute("BEGIN IMMEDIATE")
            try:
                for statement in REBUILD:
                    conn.execute(statement)
                conn.execute("COMMIT")
            finally:
                roll_back(conn)

        self._run(job)

    def pending_events(self, limit: int) -> Sequence[tuple[int, AlarmRow]]:
        """(number, alarm) of the oldest changes of state that were not sent yet."""
        return self._query(lambda conn: [(row[-1], _alarm(row)) for row in conn.execute(PENDING_EVENTS, (limit,))])

    def mark_sent(self, numbers: Sequence[int]) -> None:
        """Mark these changes of state as sent, or as given up."""
        self._run(lambda conn: conn.executemany(MARK_SENT, [(number,) for number in numbers]).rowcount)

    def discard_pending(self) -> None:
        """Mark all changes of state so far as sent."""
        self._run(lambda conn: conn.execute(DISCARD_PENDING).rowcount)


def _judged_pairs(conn: sqlite3.Connection, statement: str, values: Iterable[object]) -> list[JudgedPairRow]:
    rows = conn.execute(statement, tuple(values)).fetchall()
    payoffs: dict[int, list[tuple[str, int]]] = defaultdict(list)
    if rows:
        for no, signal, payoff in conn.execute(PAYOFFS, (rows[0][0], rows[-1][0])):
            payoffs[no].append((signal, payoff))
    return [
        JudgedPairRow(
            no=row[0],
            pair_id=row[1],
            group=PairGroup(route=row[2], model=row[3], provider=row[4], reference=row[5]),
            upstream=row[13],
            started=row[6],
            conversation=row[7],
            fingerprint=row[8],
            kind=row[9],
            excluded=tuple(filter(None, row[10].split(","))),
            payoffs=tuple(payoffs[row[0]]),
            shape=row[11],
        )
        for row in rows
    ]


def _names(group: PairGroup) -> tuple[str, str, str, str, str]:
    return group.route, group.model, group.provider, group.reference, group.upstream


def _group(names: Sequence[str]) -> PairGroup:
    """The group of the columns in `GROUP`."""
    route, model, provider, reference, upstream = names
    return PairGroup(route=route, model=model, provider=provider, reference=reference, upstream=upstream)


def _group_state(row: Sequence[str]) -> GroupStateRow:
    return GroupStateRow(group=_group(row[:5]), last_no=int(row[5]), snapshot=row[6])


def _alarm(row: Sequence[str]) -> AlarmRow:
    at, pair_id = float(row[0]), row[1]
    return AlarmRow(at=at, pair_id=pair_id, group=_group(row[2:7]), old=row[7], new=row[8], name=row[9], details=row[10])


def _evidence(row: Sequence[str]) -> EvidenceRow:
    return EvidenceRow(pair_id=row[1], started=float(row[2]), conversation=row[3], kind=row[4], payoff=int(row[5]))


def _acknowledgement(row: Sequence[str]) -> AcknowledgementRow:
    return AcknowledgementRow(no=int(row[0]), after_no=int(row[1]), at=float(row[2]), answer=row[3], group=_group(row[4:9]))


def _judging(conn: sqlite3.Connection, now: float) -> JudgingState:
    holder, left = conn.execute(LEASE, {"now": now}).fetchone() or ("", 0.0)
    waiting, oldest = conn.execute(WAITING).fetchone()
    (answered,) = conn.execute(ANSWERED, (oldest,)).fetchone()
    return JudgingState(holder=holder, seconds_left=left, waiting=waiting, waited=max(0.0, now - answered) if answered else 0.0)
