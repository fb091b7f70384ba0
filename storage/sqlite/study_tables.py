"""SqliteStudyStore: the tables of studies; each write is one transaction, so that a kill at any moment leaves whole rows."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol, TypeVar

from storage.prepared_records import RecordPreparer
from storage.rows import CUT_REQUEST, NOT_HELD, ErasureResult, ExchangeRecord
from storage.spending import NOTHING, Spending, spend
from storage.sqlite import retention
from storage.sqlite.erasure import erase
from storage.sqlite.query_rows import one_moment, rows_as
from storage.sqlite.record_insertion import insert_statement, roll_back, write_rows
from storage.study_rows import RecordedCallRow, RecordedFilter, RunResultRow, RunRow, SetbackRow, StudyRequestRow, StudyRow

Result = TypeVar("Result")
STUDY = ("id", "kind", "name", "begun", "plan", "policy", "seed", "version", "ended", "outcome")
REQUEST = ("key", "row_id", "target", "repeat", "block", "state", "exchange_id", "tries")
RUN = (
    *("target", "task", "block", "outcome", "detail", "score", "points", "touched"),
    *("begun", "seconds", "tools_seconds", "world"),
)
RESULT = ("place", "position", "source", "is_error", "alterations", "seconds", "text")
CALL = ("name", "arguments", "text", "is_error")

STUDIES = f"SELECT {', '.join(STUDY)} FROM studies ORDER BY no"  # noqa: S608 - every name is a constant of this file
STUDY_NO = "SELECT no FROM studies WHERE id = ?"
BEGIN_STUDY = f"""
{insert_statement("studies", STUDY)} ON CONFLICT (id) DO UPDATE
SET plan = excluded.plan, policy = excluded.policy, version = excluded.version, ended = 0, outcome = ''
"""
END_STUDY = "UPDATE studies SET ended = ?, outcome = ?, plan = coalesce(nullif(?, ''), plan) WHERE id = ?"
_STATE = "CASE WHEN q.state = 'asked' AND e.no IS NOT NULL THEN 'answered' ELSE q.state END AS state"
_OF_STUDY = """
FROM study_requests q JOIN studies s ON s.no = q.study_no LEFT JOIN exchanges e ON e.id = q.exchange_id WHERE s.id = ?
"""
REQUESTS = f"""
SELECT q.key, q.row_id, q.target, q.repeat, q.block, {_STATE}, q.exchange_id, q.tries {_OF_STUDY} ORDER BY q.no
"""
REQUEST_COUNTS = f"SELECT {_STATE}, count(*) {_OF_STUDY} GROUP BY 1 ORDER BY 1"
RUN_COUNT = "SELECT count(*) FROM runs r JOIN studies s ON s.no = r.study_no WHERE s.id = ?"
DELETED_PAIRS = "SELECT coalesce(sum(d.pairs), 0) FROM deleted_pairs d JOIN studies s ON s.no = d.study_no WHERE s.id = ?"
WRITE_REQUEST = f"""
{insert_statement("study_requests", ("study_no", *REQUEST))} ON CONFLICT (study_no, key) DO UPDATE
SET state = excluded.state, exchange_id = excluded.exchange_id, tries = excluded.tries
"""
NAMED = ("provider", "model", "route", "tag", "conversation")
"""Columns that a `RecordedFilter` names."""
RECORDED = f"""
SELECT id FROM exchanges WHERE role = 'primary' AND method = 'POST' AND unread NOT IN ('{CUT_REQUEST}', '{NOT_HELD}')
AND started >= :since{{}} ORDER BY started DESC, no DESC LIMIT :limit
"""  # noqa: S608 - every name is a constant
UNUSED_BLOCKS = "UPDATE study_requests SET block = -1 WHERE study_no = ?"
NUMBER_BLOCK = "UPDATE study_requests SET block = ? WHERE study_no = ? AND key = ?"
CONVERSATION = """
SELECT id FROM exchanges WHERE conversation = ? AND conversation != '' AND provider = ? ORDER BY started, no LIMIT ?
"""
SETBACKS = """
SELECT q.key, b.at, b.reason, b.waited
FROM setbacks b JOIN study_requests q ON q.no = b.request_no JOIN studies s ON s.no = q.study_no
WHERE s.id = ? ORDER BY b.rowid
"""
INSERT_SETBACK = """
INSERT INTO setbacks (request_no, at, reason, waited)
SELECT q.no, ?, ?, ? FROM study_requests q JOIN studies s ON s.no = q.study_no
WHERE s.id = ? AND q.key = ?
"""
RUNS = f"SELECT r.no, {', '.join(f'r.{name}' for name in RUN)} FROM runs r WHERE r.study_no = ? ORDER BY r.no"  # noqa: S608 - as above
STEPS = "SELECT run_no, exchange_id FROM steps WHERE run_no IN (SELECT no FROM runs WHERE study_no = ?) ORDER BY run_no, place"
RESULTS = f"""
SELECT run_no, {", ".join(RESULT)} FROM results WHERE run_no IN (SELECT no FROM runs WHERE study_no = ?)
ORDER BY run_no, place, position
"""  # noqa: S608 - as above
INSERT_RUN = insert_statement("runs", ("study_no", *RUN, "steps"))
INSERT_STEP = insert_statement("steps", ("run_no", "place", "exchange_id"))
INSERT_RESULT = insert_statement("results", ("run_no", *RESULT))
CALLS = f"SELECT {', '.join(CALL)} FROM recordings WHERE study_no = ? ORDER BY no"  # noqa: S608 - as above
INSERT_CALL = insert_statement("recordings", ("study_no", *CALL))
EXCHANGES_OF_STUDY = """
SELECT id FROM exchanges WHERE id IN (
  SELECT exchange_id FROM study_requests WHERE study_no = ?
  UNION SELECT exchange_id FROM steps WHERE run_no IN (SELECT no FROM runs WHERE study_no = ?)
) LIMIT ?
"""
DELETE_STUDY = "DELETE FROM studies WHERE no = ?"


class RunJob(Protocol):
    """Runs a job with a connection: in the writer's thread, or in the caller's to read."""

    def __call__(self, job: Callable[[sqlite3.Connection], Result], /) -> Result:
        """The job's result."""


class StudyReader:
    """Queries about studies."""

    def __init__(self, query: RunJob) -> None:
        self._query = query

    def studies(self) -> Sequence[StudyRow]:
        """Every study of this database, in the order in which they began."""
        return self._query(lambda conn: list(rows_as(StudyRow, conn.execute(STUDIES))))

    def requests(self, study_id: str) -> Sequence[StudyRequestRow]:
        """The requests of a study, in the order in which they were sent first; one whose answer is stored is `answered`."""
        return self._query(lambda conn: list(rows_as(StudyRequestRow, conn.execute(REQUESTS, (study_id,)))))

    def request_counts(self, study_id: str) -> Mapping[str, int]:
        """The requests of a study by state, states as `requests` has them."""
        return self._query(lambda conn: dict(conn.execute(REQUEST_COUNTS, (study_id,)).fetchall()))

    def run_count(self, study_id: str) -> int:
        """The runs of a study."""
        return self._query(lambda conn: int(conn.execute(RUN_COUNT, (study_id,)).fetchone()[0]))

    def deleted_pairs(self, study_id: str) -> int:
        """How many pairs of a tournament were deleted: those of its route that started within it."""
        return self._query(lambda conn: int(conn.execute(DELETED_PAIRS, (study_id,)).fetchone()[0]))

    def setbacks(self, study_id: str) -> Sequence[SetbackRow]:
        """The tries that gave no answer, in their order."""
        return self._query(lambda conn: list(rows_as(SetbackRow, conn.execute(SETBACKS, (study_id,)))))

    def runs(self, study_id: str) -> Sequence[RunRow]:
        """The runs of a study with their steps and results, in the order in which they ended."""
        return self._query(lambda conn: _runs(conn, study_id))

    def conversation(self, key: str, provider: str, limit: int) -> Sequence[str]:
        """The ids of a conversation's exchanges with one provider, in the order in which they began."""
        return self._query(lambda conn: [row[0] for row in conn.execute(CONVERSATION, (key, provider, limit))])

    def recorded_requests(self, wanted: RecordedFilter) -> Sequence[str]:
        """The ids of the newest live requests of the filter that were held whole, newest first."""
        names = [name for name in NAMED if getattr(wanted, name)]
        conditions = "".join(f" AND {name} = :{name}" for name in names)
        conditions += "" if wanted.conversation or wanted.unsampled else " AND drawn"
        values = {**{name: getattr(wanted, name) for name in names}, "since": wanted.since, "limit": wanted.limit}
        return self._query(lambda conn: [found for (found,) in conn.execute(RECORDED.format(conditions), values)])

    def recorded_calls(self, study_id: str) -> Sequence[RecordedCallRow]:
        """The recorded tool calls of a study, in their order."""

        def query(conn: sqlite3.Connection) -> Sequence[RecordedCallRow]:
            found = rows_as(RecordedCallRow, conn.execute(CALLS, (_study_no(conn, study_id),)))
            return [replace(call, is_error=bool(call.is_error)) for call in found]

        return self._query(query)


class SqliteStudyStore(StudyReader):
    """The same, and what a study writes; each method returns when it is on disk."""

    def __init__(self, query: RunJob, run: RunJob) -> None:
        super().__init__(query)
        self._run = run

    def begin(self, study: StudyRow) -> None:
        """Store a study; one of the same id keeps its requests and its beginning, and is open again."""
        self._run(lambda conn: conn.execute(BEGIN_STUDY, _values(study, STUDY)).rowcount)

    def number_blocks(self, study_id: str, blocks: Mapping[str, int]) -> None:
        """Store the block of each request by its key, as the plan of this run numbers it; -1 for those that it does not need."""

        def job(conn: sqlite3.Connection) -> None:
            with _transaction(conn):
                no = _study_no(conn, study_id)
                conn.execute(UNUSED_BLOCKS, (no,))
                conn.executemany(NUMBER_BLOCK, [(block, no, key) for key, block in blocks.items()])

        self._run(job)

    def end(self, study_id: str, ended: float, outcome: str, plan: str = "") -> None:
        """Store when the study ended, and how; `plan` takes the place of the stored one unless it is empty."""
        self._run(lambda conn: conn.execute(END_STUDY, (ended, outcome, plan, study_id)).rowcount)

    def ask(self, study_id: str, request: StudyRequestRow, at: float = 0.0, most: Spending = NOTHING) -> None:
        """Store that a request is sent at `at`, under the id of its exchange, and the most that it can cost as spent."""

        def job(conn: sqlite3.Connection) -> None:
            with _transaction(conn):
                _write_request(conn, study_id, request)
                spend(conn, at, most)

        self._run(job)

    def set_back(self, study_id: str, setback: SetbackRow, change: Spending = NOTHING) -> None:
        """Store one try of a request that gave no answer, and what it cost less the most that it could have."""

        def job(conn: sqlite3.Connection) -> None:
            with _transaction(conn):
                conn.execute(INSERT_SETBACK, (setback.at, setback.reason, setback.waited, study_id, setback.key))
                spend(conn, setback.at, change)

        self._run(job)

    def answer(self, study_id: str, request: StudyRequestRow, record: ExchangeRecord, change: Spending = NOTHING) -> None:
        """Store an answer, the state of its request, and what it cost less the most that it could have; all or nothing."""

        def job(conn: sqlite3.Connection) -> None:
            with _transaction(conn):
                write_rows(conn, [RecordPreparer().prepare(record)])
                _write_request(conn, study_id, request)
                spend(conn, record.exchange.started, change)

        self._run(job)

    def add_run(self, study_id: str, run: RunRow, exchanges: Sequence[ExchangeRecord] = ()) -> None:
        """Store a run with its steps, results and those of its exchanges that are not stored yet, all or nothing."""

        def job(conn: sqlite3.Connection) -> None:
            with _transaction(conn):
                preparer = RecordPreparer()
                write_rows(conn, [preparer.prepare(record) for record in exchanges])
                values = (_study_no(conn, study_id), *_values(run, RUN), len(run.steps))
                no = conn.execute(INSERT_RUN, values).lastrowid
                conn.executemany(INSERT_STEP, [(no, place, step) for place, step in enumerate(run.steps)])
                conn.executemany(INSERT_RESULT, [(no, *_values(result, RESULT)) for result in run.results])

        self._run(job)

    def add_recorded_calls(self, study_id: str, calls: Sequence[RecordedCallRow]) -> None:
        """Store tool calls with their results."""

        def job(conn: sqlite3.Connection) -> None:
            with _transaction(conn):
                no = _study_no(conn, study_id)
                conn.executemany(INSERT_CALL, [(no, *_values(call, CALL)) for call in calls])

        self._run(job)

    def forget(self, study_id: str) -> ErasureResult:
        """Delete a study with its requests, runs, exchanges and pairs for good; StoreError when the database refuses."""
        no = self._query(lambda conn: _study_no(conn, study_id))
        chosen = EXCHANGES_OF_STUDY, (no, no, retention.SLICE)
        result = erase(self._run, lambda conn: retention.drop(conn, *chosen))
        self._run(lambda conn: conn.execute(DELETE_STUDY, (no,)).rowcount)
        return result


@contextmanager
def _transaction(conn: sqlite3.Connection) -> Iterator[None]:
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        conn.execute("COMMIT")
    finally:
        roll_back(conn)


def _study_no(conn: sqlite3.Connection, study_id: str) -> int:
    """The number of a study; 0 where there is none, which no row refers to."""
    found = conn.execute(STUDY_NO, (study_id,)).fetchone()
    return int(found[0]) if found else 0


def _write_request(conn: sqlite3.Connection, study_id: str, request: StudyRequestRow) -> None:
    conn.execute(WRITE_REQUEST, (_study_no(conn, study_id), *_values(request, REQUEST)))


def _values(row: object, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in names)


def _runs(conn: sqlite3.Connection, study_id: str) -> Sequence[RunRow]:
    with one_moment(conn):
        no = (_study_no(conn, study_id),)
        steps: dict[int, list[str]] = defaultdict(list)
        for run_no, exchange_id in conn.execute(STEPS, no):
            steps[run_no].append(exchange_id)
        results: dict[int, list[RunResultRow]] = defaultdict(list)
        of_run = [run_no for run_no, *_ in conn.execute(RESULTS, no)]
        for run_no, result in zip(of_run, rows_as(RunResultRow, conn.execute(RESULTS, no)), strict=True):
            results[run_no].append(replace(result, is_error=bool(result.is_error)))
        numbers = [run_no for run_no, *_ in conn.execute(RUNS, no)]
        runs = list(rows_as(RunRow, conn.execute(RUNS, no)))
    return [
        replace(run, steps=tuple(steps[run_no]), results=tuple(results[run_no]))
        for run_no, run in zip(numbers, runs, strict=True)
    ]
