"""Judgement kept: each pair ruled on once, the state after it and the alarms in the same transaction, by the holder of a lease.

Pairs are handed out in the order in which they were finished; what was ruled on is known by its row, not by a mark in memory.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from storage.judgement_rows import (
    AcknowledgementRow,
    AlarmRow,
    ComparedChecks,
    EvidenceRow,
    GroupStateRow,
    JudgedPairRow,
    JudgementBatch,
    PaceRow,
    PairTimes,
    PayoffSum,
    TimedRow,
    Triggers,
)
from storage.rows import IdentityRow, PairGroup
from storage.sqlite import check_votes, identity_queries, pace_queries, scorecard_queries
from storage.sqlite.record_insertion import roll_back

Result = TypeVar("Result")
FOREVER = 9e18
NEWEST_ALARMS = 1_000

PAIRS = """
SELECT p.no, p.id, p.route, p.model, p.provider, p.reference, p.started, p.conversation, p.request_fingerprint,
       coalesce(t.kind, ''), coalesce(t.excluded, ''), g.reason
FROM pairs p LEFT JOIN trials t ON t.pair_no = p.no LEFT JOIN rulings g ON g.pair_no = p.no
"""
UNJUDGED = PAIRS + " WHERE p.no > ? AND g.reason IS NULL ORDER BY p.no LIMIT ?"
LET_IN = PAIRS + " WHERE p.started >= ? AND g.reason IN ('', 'caching_reference', 'same_server') ORDER BY p.no"
PAYOFFS = "SELECT pair_no, signal, payoff FROM payoffs WHERE pair_no BETWEEN ? AND ? ORDER BY rowid"
LAST_PAIR = "SELECT coalesce(max(no), 0) FROM pairs"
LAST_STARTED = "SELECT max(started) FROM pairs JOIN rulings ON pair_no = no"
EVIDENCE = """
SELECT * FROM (
  SELECT p.no, p.id, p.started, p.conversation, coalesce(t.kind, ''), y.payoff
  FROM pairs p JOIN rulings g ON g.pair_no = p.no JOIN payoffs y ON y.pair_no = p.no LEFT JOIN trials t ON t.pair_no = p.no
  WHERE p.route = ? AND p.model = ? AND p.provider = ? AND p.reference = ? AND y.signal = ?
    AND (g.reason = '' OR (g.reason = 'caching_reference' AND NOT ?))
  ORDER BY p.no DESC LIMIT ?
) ORDER BY no
"""
CASES = "SELECT route, model, provider, reference, last_no, snapshot FROM cases ORDER BY route, model, provider, reference"
ALARMS = """
SELECT at, pair_id, route, model, provider, reference, old, new, name, details FROM alarms
WHERE at >= ? AND at < ? ORDER BY no DESC LIMIT ?
"""
CLAIM = """
INSERT INTO leases (name, holder, until) VALUES ('judge', :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = :holder, until = :until
WHERE holder = :holder OR until <= :now OR until > :now + :seconds OR holder = ''
"""
HOLDS = "SELECT holder = ? FROM leases WHERE name = 'judge'"
GIVE_UP = "UPDATE leases SET holder = '' WHERE name = 'judge' AND holder = ?"
RULE = "INSERT OR IGNORE INTO rulings (pair_no, reason) SELECT no, ? FROM pairs WHERE no = ?"
KEEP_CASE = """
INSERT INTO cases (route, model, provider, reference, last_no, snapshot) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (route, model, provider, reference) DO UPDATE SET last_no = excluded.last_no, snapshot = excluded.snapshot
"""
ALARM = """
INSERT INTO alarms (at, pair_id, route, model, provider, reference, old, new, name, details, told)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (pair_id, route, model, provider, reference, old, new, name) DO NOTHING
"""
"""A change that stands already, as after a rebuild, stays as it is, told or untold."""
UNTOLD = """
SELECT at, pair_id, route, model, provider, reference, old, new, name, details, no FROM alarms WHERE told = 0 ORDER BY no LIMIT ?
"""
TOLD = "UPDATE alarms SET told = 1 WHERE no = ?"
TELL_NOBODY = "UPDATE alarms SET told = 1 WHERE told = 0"
LAST_RULED = "SELECT coalesce(max(pair_no), 0) FROM rulings"
ANSWERS = """
SELECT no, after_no, at, answer, route, model, provider, reference FROM acknowledgements WHERE applied = 0 ORDER BY no
"""
GIVEN = """
INSERT INTO acknowledgements (after_no, at, answer, route, model, provider, reference, applied) VALUES (?, ?, ?, ?, ?, ?, ?, 1)
"""
APPLIED = "UPDATE acknowledgements SET applied = 1 WHERE no = ?"
REBUILD = ("DELETE FROM rulings", "DELETE FROM cases", "UPDATE acknowledgements SET applied = 0")


class RunStatement(Protocol):
    """Does something with a connection and gives back what came of it."""

    def __call__(self, job: Callable[[sqlite3.Connection], Result], /) -> Result:
        """Errors of SQLite pass, or come as StoreError."""


class JudgementReader:
    """What was judged, for those who only look."""

    def __init__(self, ask: RunStatement) -> None:
        self._ask = ask

    def group_states(self) -> Sequence[GroupStateRow]:
        """The state of every group."""
        return self._ask(lambda conn: [_case(row) for row in conn.execute(CASES)])

    def alarms(self, since: float, until: float) -> Sequence[AlarmRow]:
        """The newest changes of state of a period, newest first; `until` 0 is no bound."""
        period = (since, until or FOREVER, NEWEST_ALARMS)
        return self._ask(lambda conn: [_alarm(row) for row in conn.execute(ALARMS, period)])

    def paces(self) -> Sequence[PaceRow]:
        """How fast each provider was, model by model, measure by measure."""
        return self._ask(pace_queries.paces)

    def client_aborts(self, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
        """(live requests whose client left before the end, live requests) of each group, in the last `seconds` of traffic."""
        return self._ask(lambda conn: scorecard_queries.client_aborts(conn, seconds))

    def payoff_sums(self, since: float, until: float) -> Sequence[PayoffSum]:
        """The payoffs of the period by cluster, signal and what was ruled."""
        return self._ask(lambda conn: scorecard_queries.payoff_sums(conn, since, until))

    def compared_checks(self, since: float, until: float) -> Sequence[ComparedChecks]:
        """The checks of the pairs of a period, summed by conversation; routes are pooled."""
        return self._ask(lambda conn: check_votes.compared_checks(conn, since, until))

    def finish_reasons(self, since: float, until: float, limit: int) -> Sequence[Triggers]:
        """How the answers of the newest `limit` pairs ended, where tools were offered."""
        return self._ask(lambda conn: scorecard_queries.finish_reasons(conn, since, until, limit))

    def response_statuses(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, reference, status, requests) of the newest `limit` live requests of the period; 0 is no status."""
        return self._ask(lambda conn: scorecard_queries.response_statuses(conn, since, until, limit))

    def unread_requests(self, since: float, until: float) -> Sequence[tuple[str, str, str, int, int]]:
        """(provider, model, `unread`, requests, size of the largest in bytes) of the live requests not held whole."""
        return self._ask(lambda conn: scorecard_queries.unread_requests(conn, since, until))

    def pair_times(self, since: float, until: float, limit: int) -> Sequence[PairTimes]:
        """The times of the newest `limit` pairs of the period, both answers whole."""
        return self._ask(lambda conn: scorecard_queries.pair_times(conn, since, until, limit))


class SqliteJudgementStore(JudgementReader):
    """What the judge needs of the store."""

    def __init__(self, ask: RunStatement, run: RunStatement) -> None:
        super().__init__(ask)
        self._run = run

    def claim(self, holder: str, now: float, seconds: float) -> bool:
        """Take or renew the right to judge this store; False while another holds it. A lease from the future has ended."""
        values = {"holder": holder, "until": now + seconds, "now": now, "seconds": seconds}
        return self._run(lambda conn: conn.execute(CLAIM, values).rowcount > 0)

    def release(self, holder: str) -> None:
        """Let another judge."""
        self._run(lambda conn: conn.execute(GIVE_UP, (holder,)).rowcount)

    def unjudged(self, after: int, limit: int) -> Sequence[JudgedPairRow]:
        """The next pairs that nobody ruled on, by number; those up to `after` are taken as ruled on, unless all went."""

        def question(conn: sqlite3.Connection) -> Sequence[JudgedPairRow]:
            (last,) = conn.execute(LAST_PAIR).fetchone()
            return _entries(conn, UNJUDGED, (after if after <= last else 0, limit))

        return self._ask(question)

    def recently_counted(self, seconds: float) -> Sequence[JudgedPairRow]:
        """The pairs that counted and were started in the last `seconds` before the newest one that was ruled on."""

        def question(conn: sqlite3.Connection) -> Sequence[JudgedPairRow]:
            (last,) = conn.execute(LAST_STARTED).fetchone()
            return [] if last is None else _entries(conn, LET_IN, (last - seconds,))

        return self._ask(question)

    def evidence(self, group: PairGroup, signal: str, *, agreement: bool, limit: int) -> Sequence[EvidenceRow]:
        """The newest pairs that counted for a signal, oldest first; `agreement` leaves out those that a cache silenced."""
        values = (*_named(group), signal, agreement, limit)
        return self._ask(lambda conn: [_evidence(row) for row in conn.execute(EVIDENCE, values)])

    def last_judged(self) -> int:
        """The number of the last pair that was ruled on, 0 without one."""
        return self._ask(lambda conn: int(conn.execute(LAST_RULED).fetchone()[0]))

    def identities_of(self, model: str, until: float) -> Sequence[IdentityRow]:
        """Every serving identity of a model, of any provider, that began up to `until` (epoch seconds), oldest first."""
        return self._ask(lambda conn: identity_queries.identities_of(conn, model, until))

    def pending_acknowledgements(self) -> Sequence[AcknowledgementRow]:
        """What operators answered and was not carried out yet, as in a rebuild, in its order."""
        return self._ask(lambda conn: [_answer(row) for row in conn.execute(ANSWERS)])

    def timed_answers(self, after: int, limit: int) -> Sequence[TimedRow]:
        """The next live answers that came whole, by number; numbers up to `after` are taken as known, unless all went."""
        return self._ask(lambda conn: pace_queries.timed_answers(conn, after, limit))

    def record(self, holder: str, batch: JudgementBatch) -> bool:
        """Keep all of it or nothing; False when `holder` may not judge any more."""

        def job(conn: sqlite3.Connection) -> bool:
            conn.execute("BEGIN IMMEDIATE")
            try:
                if conn.execute(HOLDS, (holder,)).fetchone() != (1,):
                    return False
                conn.executemany(RULE, [(row.reason, row.no) for row in batch.judgements])
                conn.executemany(KEEP_CASE, [(*_named(row.group), row.last_no, row.snapshot) for row in batch.group_states])
                conn.executemany(ALARM, map(_values, batch.alarms))
                conn.executemany(GIVEN, [(row.after_no, row.at, row.answer, *_named(row.group)) for row in batch.given])
                conn.executemany(APPLIED, [(no,) for no in batch.applied])
                pace_queries.keep(conn, batch.paces)
                conn.execute("COMMIT")
            finally:
                roll_back(conn)
            return True

        return self._run(job)

    def rebuild(self) -> None:
        """Let every pair be judged again from the first that is stored; alarms stay, and none is told twice."""

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
        """(place, change) of the oldest changes of state that nobody was told yet."""
        return self._ask(lambda conn: [(row[-1], _alarm(row)) for row in conn.execute(UNTOLD, (limit,))])

    def mark_sent(self, places: Sequence[int]) -> None:
        """These changes of state were told, or never will be."""
        self._run(lambda conn: conn.executemany(TOLD, [(place,) for place in places]).rowcount)

    def discard_pending(self) -> None:
        """No change of state so far will be told."""
        self._run(lambda conn: conn.execute(TELL_NOBODY).rowcount)


def _entries(conn: sqlite3.Connection, statement: str, values: Iterable[object]) -> list[JudgedPairRow]:
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
            started=row[6],
            conversation=row[7],
            fingerprint=row[8],
            kind=row[9],
            excluded=tuple(filter(None, row[10].split(","))),
            payoffs=tuple(payoffs[row[0]]),
        )
        for row in rows
    ]


def _named(group: PairGroup) -> tuple[str, str, str, str]:
    return group.route, group.model, group.provider, group.reference


def _case(row: Sequence[str]) -> GroupStateRow:
    group = PairGroup(route=row[0], model=row[1], provider=row[2], reference=row[3])
    return GroupStateRow(group=group, last_no=int(row[4]), snapshot=row[5])


def _alarm(row: Sequence[str]) -> AlarmRow:
    group = PairGroup(route=row[2], model=row[3], provider=row[4], reference=row[5])
    at, pair_id = float(row[0]), row[1]
    return AlarmRow(at=at, pair_id=pair_id, group=group, old=row[6], new=row[7], name=row[8], details=row[9])


def _evidence(row: Sequence[str]) -> EvidenceRow:
    return EvidenceRow(pair_id=row[1], started=float(row[2]), conversation=row[3], kind=row[4], payoff=int(row[5]))


def _values(row: AlarmRow) -> tuple[object, ...]:
    return row.at, row.pair_id, *_named(row.group), row.old, row.new, row.name, row.details


def _answer(row: Sequence[str]) -> AcknowledgementRow:
    group = PairGroup(route=row[4], model=row[5], provider=row[6], reference=row[7])
    return AcknowledgementRow(no=int(row[0]), after_no=int(row[1]), at=float(row[2]), answer=row[3], group=group)
