"""`PostgresJudgementStore`: each pair is judged once; its judgement, the group state and the alarms share a transaction.

Pairs are numbered by the holder of the lease, after they were committed: a number drawn by a writer may be committed after a
later one, and a judge that reads on from its last number would miss the pair. Processes number one after the other, so that
one that lost the lease in the middle commits before the next one numbers, or not at all. The lease ends by the server's clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import psycopg

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
from storage.postgres import kept_hours, lease_rows, routed_answers, verdict_queries
from storage.postgres.day_partitions import first_id
from storage.postgres.identity_rows import identities_up_to
from storage.postgres.result_rows import GROUP, Fetched, RunTransaction, Values, group_of, grouped_as, period, rows_as
from storage.rows import IdentityRow, PairGroup

NEWEST_ALARMS = 1_000
NUMBERED_AT_ONCE = 5_000
MOST_WAITING = 100_000
"""Pairs without a judgement that are counted: after a rebuild all pairs wait."""
NUMBER_LOCK = 7_361_003
"""Advisory lock of the process that numbers pairs, held until its numbers are committed."""
PAIRS = """
SELECT g.no, p.id, p.route, p.model, p.provider, p.reference, p.started, p.conversation, p.request_fingerprint,
       coalesce(t.kind, '') AS kind, CASE WHEN p.comparable = '' THEN p.shape ELSE '{}' END AS shape, p.upstream,
       coalesce(t.excluded, '') AS excluded
FROM rulings g JOIN pairs p ON p.id = g.pair_id LEFT JOIN trials t ON t.pair_id = g.pair_id
"""
NUMBER = """
WITH waiting AS MATERIALIZED (
  SELECT pair_id, nextval('ruling_numbers') AS no FROM (
    SELECT pair_id FROM rulings WHERE no IS NULL ORDER BY seq LIMIT %s FOR UPDATE SKIP LOCKED
  ) oldest
)
UPDATE rulings g SET no = w.no FROM waiting w WHERE g.pair_id = w.pair_id
"""
UNJUDGED = PAIRS + " WHERE g.reason IS NULL AND g.no > %s ORDER BY g.no LIMIT %s"
LAST_NUMBER = "SELECT coalesce(max(no), 0) FROM rulings"
RECENTLY_COUNTED = (
    PAIRS
    + """ WHERE p.id >= %(first)s AND g.pair_id >= %(first)s AND p.started >= %(since)s
AND g.reason IN ('', 'caching_reference', 'same_server') ORDER BY g.no"""
)
LAST_STARTED = """
SELECT p.started FROM rulings g JOIN pairs p ON p.id = g.pair_id WHERE g.reason IS NOT NULL ORDER BY g.no DESC LIMIT 1
"""
PAYOFFS = "SELECT pair_id, signal, payoff FROM payoffs WHERE pair_id = ANY(%s) ORDER BY pair_id, place"
EVIDENCE = """
SELECT pair_id, started, conversation, kind, payoff FROM (
  SELECT g.no, p.id AS pair_id, p.started, p.conversation, coalesce(t.kind, '') AS kind, y.payoff::int AS payoff
  FROM rulings g JOIN pairs p ON p.id = g.pair_id JOIN payoffs y ON y.pair_id = g.pair_id
  LEFT JOIN trials t ON t.pair_id = g.pair_id
  WHERE p.route = %(route)s AND p.model = %(model)s AND p.provider = %(provider)s AND p.reference = %(reference)s
    AND y.signal = %(signal)s AND (g.reason = '' OR (g.reason = 'caching_reference' AND NOT %(agreement)s))
    AND (%(upstream)s IN ('', p.upstream) OR (%(upstream)s = 'other' AND p.upstream <> '' AND NOT EXISTS (
      SELECT 1 FROM cases c WHERE (c.route, c.model, c.provider, c.reference, c.upstream)
        = (p.route, p.model, p.provider, p.reference, p.upstream)
    )))
  ORDER BY g.no DESC LIMIT %(limit)s
) newest ORDER BY no
"""
"""Of the server `other`, the pairs of every name that has no group of its own."""
_GROUP = ", ".join(GROUP)
GROUP_STATES = f"SELECT {_GROUP}, last_no, snapshot FROM cases ORDER BY {_GROUP}"  # noqa: S608 - our own constants
_ALARM = f"{_GROUP}, at, pair_id, old, new, name, details"
ALARMS = f"SELECT {_ALARM} FROM alarms WHERE at >= %(since)s AND at < %(until)s ORDER BY no DESC LIMIT %(limit)s"  # noqa: S608 - ours
WAITING = "SELECT count(*), min(pair_id) FROM (SELECT pair_id FROM rulings WHERE reason IS NULL ORDER BY no LIMIT %s) waiting"
ANSWERED = """
SELECT (extract(epoch FROM clock_timestamp()) - max(e.started + e.seconds))::float8
FROM pairs p JOIN exchanges e ON e.id IN (p.subject_id, p.reference_id) WHERE p.id = %s
"""
JUDGE = """
UPDATE rulings SET reason = (%(reasons)s::text[])[array_position(%(numbers)s::bigint[], no)]
WHERE no = ANY(%(numbers)s::bigint[]) AND reason IS NULL
"""
"""In one statement, which changes each hour once; by `ANY`, so that rows are found by their numbers right after a rebuild too."""
WRITE_GROUP_STATE = f"""
INSERT INTO cases ({_GROUP}, last_no, snapshot) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ({_GROUP}) DO UPDATE SET last_no = excluded.last_no, snapshot = excluded.snapshot
"""  # noqa: S608 - our own constants
INSERT_ALARM = insert_alarm("%({})s".format)
PENDING_EVENTS = f"SELECT {_ALARM}, no FROM alarms WHERE told = 0 ORDER BY no LIMIT %s"  # noqa: S608 - our own constants
MARK_SENT = "UPDATE alarms SET told = 1 WHERE no = ANY(%s)"
DISCARD_PENDING = "UPDATE alarms SET told = 1 WHERE told = 0"
LAST_JUDGED = "SELECT coalesce(max(no), 0) FROM rulings WHERE reason IS NOT NULL"
PENDING_ACKNOWLEDGEMENTS = f"SELECT {_GROUP}, no, after_no, at, answer FROM acknowledgements WHERE applied = 0 ORDER BY no"  # noqa: S608 - as above
INSERT_ACKNOWLEDGEMENT = f"""
INSERT INTO acknowledgements (after_no, at, answer, {_GROUP}, applied) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1)
"""  # noqa: S608 - our own constants
MARK_APPLIED = "UPDATE acknowledgements SET applied = 1 WHERE no = ANY(%s)"
REBUILD = (
    "UPDATE rulings SET reason = NULL WHERE reason IS NOT NULL",
    "DELETE FROM cases",
    "UPDATE acknowledgements SET applied = 0",
)
TIMED = """
SELECT * FROM (
SELECT stored_by::text::bigint AS no, id AS exchange_id, provider, model, started + seconds AS ended, first_token, seconds,
       completion_tokens
FROM exchanges WHERE stored_by > %s::text::xid8 AND stored_by < pg_snapshot_xmin(pg_current_snapshot())
  AND role = 'primary' AND drawn AND failure = '' AND status < 400
ORDER BY stored_by FETCH FIRST %s ROWS WITH TIES
) newest ORDER BY no, exchange_id
"""
"""In the order of the transactions that stored them, and in each by id, so that a judge that reads them again finds the same
order; up to the oldest transaction that is still open, each of them whole."""
LAST_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
PACES = "SELECT * FROM paces ORDER BY provider, model, measure"
WRITE_PACE = """
INSERT INTO paces (provider, model, measure, last_no, snapshot) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (provider, model, measure) DO UPDATE SET last_no = excluded.last_no, snapshot = excluded.snapshot
"""


class PostgresJudgementQueries:
    """Read-only queries about judgements."""

    def __init__(self, query: RunTransaction) -> None:
        self._query = query

    def group_states(self) -> Sequence[GroupStateRow]:
        """The state of every group."""
        return self._query(lambda conn: grouped_as(GroupStateRow, conn.execute(GROUP_STATES)))

    def judging(self, now: float) -> JudgingState:
        """Who has the right to judge, and what waits for a judgement, by the server's clock; `now` is not read."""
        del now
        return self._query(_judging)

    def alarms(self, since: float, until: float) -> Sequence[AlarmRow]:
        """The newest changes of state of a period, newest first; `until` 0 is no bound."""
        values = period(since, until, limit=NEWEST_ALARMS)
        return self._query(lambda conn: grouped_as(AlarmRow, conn.execute(ALARMS, values)))

    def paces(self) -> Sequence[PaceRow]:
        """The pace of each provider by model and measure."""
        return self._query(lambda conn: rows_as(PaceRow, conn.execute(PACES)))

    def client_aborts(self, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
        """(live requests whose client left before the end, live requests) of each group, since `seconds` before the last."""
        return self._query(lambda conn: verdict_queries.client_aborts_of(conn, seconds))

    def payoff_sums(self, since: float, until: float) -> Sequence[PayoffSum]:
        """The payoffs of the period, summed by cluster, signal and judgement."""
        return self._query(lambda conn: kept_hours.payoff_sums_of(conn, since, until))

    def compared_checks(self, since: float, until: float) -> Sequence[ComparedChecks]:
        """The checks of the pairs of a period, summed by conversation; routes are pooled."""
        return self._query(lambda conn: kept_hours.compared_checks_of(conn, since, until))

    def counted_pairs(self, provider: str, since: float, until: float) -> Sequence[CountedPairRow]:
        """The pairs of one provider in a period with what the statistics count of each, oldest first."""
        return self._query(lambda conn: verdict_queries.counted_pairs_of(conn, provider, since, until))

    def arm_pairs(self, route: str, since: float, until: float) -> Sequence[ArmPairRow]:
        """The pairs of one route in a period, of its live provider and its candidates, oldest first."""
        return self._query(lambda conn: routed_answers.arm_pairs_of(conn, route, since, until))

    def arm_pairs_sums(self, route: str, since: float, until: float) -> ArmPairsSums:
        """The sums of these pairs, by which it is seen that some were added, deleted or judged otherwise."""
        return self._query(lambda conn: routed_answers.arm_pairs_sums_of(conn, route, since, until))

    def routed_pairs(self, since: float, until: float, limit: int) -> Sequence[RoutedPairRow]:
        """The newest `limit` pairs of routers with their payoffs, oldest first."""
        return self._query(lambda conn: routed_answers.routed_pairs_of(conn, since, until, limit))

    def upstream_shares(self, since: float, until: float, limit: int) -> Sequence[UpstreamShare]:
        """How many of the newest `limit` live answers of routers each server behind one gave."""
        return self._query(lambda conn: routed_answers.upstream_shares_of(conn, since, until, limit))

    def upstream_turns(self, since: float, until: float, limit: int) -> Sequence[UpstreamTurns]:
        """How often conversations changed their server, by the newest `limit` live answers of routers."""
        return self._query(lambda conn: routed_answers.upstream_turns_of(conn, since, until, limit))

    def finish_reasons(self, since: float, until: float, limit: int) -> Sequence[PairFinishReasons]:
        """The finish reasons of the newest `limit` pairs of the period in which tools were offered."""
        return self._query(lambda conn: verdict_queries.finish_reasons_of(conn, since, until, limit))

    def response_statuses(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, reference, status, requests) of the newest `limit` live requests of the period; 0 is no status."""
        return self._query(lambda conn: verdict_queries.response_statuses_of(conn, since, until, limit))

    def unread_requests(self, since: float, until: float) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, `unread`, requests, size of the largest in bytes) of the live requests not held whole."""
        return self._query(lambda conn: verdict_queries.unread_requests_of(conn, since, until))

    def pair_times(self, since: float, until: float, limit: int) -> Sequence[PairTimes]:
        """The times of the newest `limit` pairs of the period, both answers whole."""
        return self._query(lambda conn: verdict_queries.pair_times_of(conn, since, until, limit))


class PostgresJudgementStore(PostgresJudgementQueries):
    """What a judge reads and writes, all of it at the primary."""

    lease_seconds = 4.0
    """With the look at it each half second, another process judges in under 5 seconds after its holder was killed."""

    def __init__(self, query: RunTransaction, run: RunTransaction) -> None:
        super().__init__(query)
        self._run = run

    def claim(self, holder: str, now: float, seconds: float) -> bool:
        """Take or renew the right to judge this store; False while another holds it. `now` is not read: the server's clock is."""
        del now
        return self._run(lambda conn: lease_rows.claim(conn, holder, seconds))

    def renew(self, holder: str, now: float, seconds: float) -> bool:
        """Renew the right to judge, also when it has run out; False when another process has had it since, or it was released."""
        del now
        return self._run(lambda conn: lease_rows.renew(conn, holder, seconds))

    def release(self, holder: str) -> None:
        """Give up the right to judge."""
        self._run(lambda conn: lease_rows.release(conn, holder))

    def unjudged(self, after: int, limit: int) -> Sequence[JudgedPairRow]:
        """The next pairs without a judgement, by number; numbers up to `after` count as judged, unless all pairs were deleted."""

        def job(conn: psycopg.Connection) -> Sequence[JudgedPairRow]:
            conn.execute(lease_rows.IDLE_BOUND)
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (NUMBER_LOCK,))
            conn.execute(NUMBER, (NUMBERED_AT_ONCE,))
            last = _number(conn, LAST_NUMBER)
            return _judged_pairs(conn, conn.execute(UNJUDGED, (after if after <= last else 0, limit)).fetchall())

        return self._run(job)

    def recently_counted(self, seconds: float) -> Sequence[JudgedPairRow]:
        """The pairs that counted and started in the last `seconds` before the one that was judged last, or later."""

        def query(conn: psycopg.Connection) -> Sequence[JudgedPairRow]:
            row = conn.execute(LAST_STARTED).fetchone()
            if row is None:
                return []
            since = row[0] - seconds
            return _judged_pairs(conn, conn.execute(RECENTLY_COUNTED, {"since": since, "first": first_id(since)}).fetchall())

        return self._query(query)

    def evidence(self, group: PairGroup, signal: str, *, agreement: bool, limit: int) -> Sequence[EvidenceRow]:
        """The newest pairs that counted for a signal, oldest first; `agreement` excludes those from a caching reference."""
        values: Values = {**asdict(group), "signal": signal, "agreement": agreement, "limit": limit}
        return self._query(lambda conn: rows_as(EvidenceRow, conn.execute(EVIDENCE, values)))

    def last_judged(self) -> int:
        """The number of the last judged pair, 0 without one."""
        return self._query(lambda conn: _number(conn, LAST_JUDGED))

    def identities_of(self, model: str, until: float) -> Sequence[IdentityRow]:
        """Every serving identity of a model, of any provider, that began up to `until` (epoch seconds), oldest first."""
        return self._query(lambda conn: identities_up_to(conn, model, until))

    def pending_acknowledgements(self) -> Sequence[AcknowledgementRow]:
        """The acknowledgements that a rebuild has yet to apply, in their order."""
        return self._query(lambda conn: grouped_as(AcknowledgementRow, conn.execute(PENDING_ACKNOWLEDGEMENTS)))

    def timed_answers(self, after: int, limit: int) -> Sequence[TimedRow]:
        """The next live answers received whole, by the number of the transaction that stored them, above `after`; those of one
        transaction come together, so there may be more than `limit`. From the first where `after` is of another server.
        """

        def query(conn: psycopg.Connection) -> Sequence[TimedRow]:
            begin = after if after < _number(conn, LAST_TRANSACTION) else 0
            return rows_as(TimedRow, conn.execute(TIMED, (str(begin), limit)))

        return self._query(query)

    def record(self, holder: str, batch: JudgementBatch) -> bool:
        """Write all of it in one transaction, or nothing; False when `holder` has lost the right to judge."""

        def job(conn: psycopg.Connection) -> bool:
            return lease_rows.is_held(conn, holder) and _write(conn, batch)

        return self._run(job)

    def rebuild(self) -> None:
        """Have every stored pair judged again from the first; alarms stay, and none is sent twice."""
        self._run(lambda conn: [conn.execute(statement).rowcount for statement in REBUILD])

    def pending_events(self, limit: int) -> Sequence[tuple[int, AlarmRow]]:
        """(number, alarm) of the oldest changes of state that were not sent yet."""
        names = ("at", "pair_id", "old", "new", "name", "details")
        return self._query(
            lambda conn: [
                (row[-1], AlarmRow(group=group_of(row[:5]), **dict(zip(names, row[5:-1], strict=True))))
                for row in conn.execute(PENDING_EVENTS, (limit,))
            ]
        )

    def mark_sent(self, numbers: Sequence[int]) -> None:
        """Mark these changes of state as sent, or as given up."""
        self._run(lambda conn: conn.execute(MARK_SENT, (list(numbers),)).rowcount)

    def discard_pending(self) -> None:
        """Mark all changes of state so far as sent."""
        self._run(lambda conn: conn.execute(DISCARD_PENDING).rowcount)


def _write(conn: psycopg.Connection, batch: JudgementBatch) -> bool:
    with conn.cursor() as cursor:
        judged = {"numbers": [row.no for row in batch.judgements], "reasons": [row.reason for row in batch.judgements]}
        cursor.execute(JUDGE, judged)
        cursor.executemany(WRITE_GROUP_STATE, [(*_names(row.group), row.last_no, row.snapshot) for row in batch.group_states])
        cursor.executemany(INSERT_ALARM, map(alarm_values, batch.alarms))
        given = [(row.after_no, row.at, row.answer, *_names(row.group)) for row in batch.given]
        cursor.executemany(INSERT_ACKNOWLEDGEMENT, given)
        cursor.execute(MARK_APPLIED, (list(batch.applied),))
        cursor.executemany(WRITE_PACE, [(row.provider, row.model, row.measure, row.last_no, row.snapshot) for row in batch.paces])
    return True


def _judged_pairs(conn: psycopg.Connection, rows: Fetched) -> list[JudgedPairRow]:
    payoffs: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for pair_id, signal, payoff in conn.execute(PAYOFFS, ([row[1] for row in rows],)):
        payoffs[pair_id].append((signal, payoff))
    names = ("started", "conversation", "fingerprint", "kind", "shape", "upstream")
    return [
        JudgedPairRow(
            no=no,
            pair_id=pair_id,
            group=group_of(named),
            **dict(zip(names, rest, strict=True)),
            excluded=tuple(filter(None, excluded.split(","))),
            payoffs=tuple(payoffs[pair_id]),
        )
        for no, pair_id, *more, excluded in rows
        for named, rest in [(more[:4], more[4:])]
    ]


def _names(group: PairGroup) -> tuple[str, ...]:
    return tuple(getattr(group, name) for name in GROUP)


def _number(conn: psycopg.Connection, statement: str) -> int:
    row = conn.execute(statement).fetchone()
    assert row is not None  # since an aggregate has a row
    return int(row[0])


def _judging(conn: psycopg.Connection) -> JudgingState:
    holder, left = lease_rows.holder_of(conn)
    waiting, oldest = conn.execute(WAITING, (MOST_WAITING,)).fetchone() or (0, None)
    (waited,) = conn.execute(ANSWERED, (oldest,)).fetchone() or (None,)
    return JudgingState(holder=holder, seconds_left=left, waiting=waiting, waited=max(0.0, waited or 0.0))
