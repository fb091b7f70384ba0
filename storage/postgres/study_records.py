"""`PostgresStudyStore`: the tables of studies; each write is one transaction, so that a kill at any moment leaves whole rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import psycopg

from storage.postgres.result_rows import RunTransaction, rows_as
from storage.postgres.row_deletion import SLICE, drop_all
from storage.postgres.spending_hours import add_spending
from storage.prepared_records import PreparedRecord, Record
from storage.rows import CUT_REQUEST, NOT_HELD, ErasureResult, ExchangeRecord
from storage.spending import NOTHING, Spending
from storage.study_rows import RecordedCallRow, RecordedFilter, RunResultRow, RunRow, SetbackRow, StudyRequestRow, StudyRow

STUDY = ("id", "kind", "name", "begun", "plan", "policy", "seed", "version", "ended", "outcome")
REQUEST = ("key", "row_id", "target", "repeat", "block", "state", "exchange_id", "tries")
RUN = (
    *("target", "task", "block", "outcome", "detail", "score", "points", "touched"),
    *("begun", "seconds", "tools_seconds", "world"),
)
RESULT = ("place", "position", "source", "is_error", "alterations", "seconds", "text")
CALL = ("name", "arguments", "text", "is_error")


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608 - our own names


STUDIES = f"SELECT {', '.join(STUDY)} FROM studies ORDER BY no"  # noqa: S608 - every name is a constant of this file
STUDY_NO = "SELECT no FROM studies WHERE id = %s"
BEGIN_STUDY = f"""
{_insert("studies", STUDY)} ON CONFLICT (id) DO UPDATE
SET plan = excluded.plan, policy = excluded.policy, version = excluded.version, ended = 0, outcome = ''
"""
END_STUDY = "UPDATE studies SET ended = %s, outcome = %s, plan = coalesce(nullif(%s, ''), plan) WHERE id = %s"
_STATE = "CASE WHEN q.state = 'asked' AND e.id IS NOT NULL THEN 'answered' ELSE q.state END AS state"
_OF_STUDY = """
FROM study_requests q JOIN studies s ON s.no = q.study_no LEFT JOIN exchanges e ON e.id = q.exchange_id WHERE s.id = %s
"""
REQUESTS = f"""
SELECT q.key, q.row_id, q.target, q.repeat, q.block, {_STATE}, q.exchange_id, q.tries {_OF_STUDY} ORDER BY q.no
"""
REQUEST_COUNTS = f"SELECT {_STATE}, count(*) {_OF_STUDY} GROUP BY 1 ORDER BY 1"
RUN_COUNT = "SELECT count(*) FROM runs r JOIN studies s ON s.no = r.study_no WHERE s.id = %s"
DELETED_PAIRS = "SELECT coalesce(sum(d.pairs), 0) FROM deleted_pairs d JOIN studies s ON s.no = d.study_no WHERE s.id = %s"
WRITE_REQUEST = f"""
{_insert("study_requests", ("study_no", *REQUEST))} ON CONFLICT (study_no, key) DO UPDATE
SET state = excluded.state, exchange_id = excluded.exchange_id, tries = excluded.tries
"""
NAMED = ("provider", "model", "route", "tag", "conversation")
"""Columns that a `RecordedFilter` names."""
RECORDED = f"""
SELECT id FROM exchanges WHERE role = 'primary' AND method = 'POST' AND unread NOT IN ('{CUT_REQUEST}', '{NOT_HELD}')
AND started >= %(since)s{{}} ORDER BY started DESC, no DESC LIMIT %(limit)s
"""  # noqa: S608 - every name is a constant
UNUSED_BLOCKS = "UPDATE study_requests SET block = -1 WHERE study_no = %s"
NUMBER_BLOCK = "UPDATE study_requests SET block = %s WHERE study_no = %s AND key = %s"
CONVERSATION = """
SELECT id FROM exchanges WHERE conversation = %s AND conversation <> '' AND provider = %s ORDER BY started, no LIMIT %s
"""
SETBACKS = """
SELECT q.key, b.at, b.reason, b.waited
FROM setbacks b JOIN study_requests q ON q.no = b.request_no JOIN studies s ON s.no = q.study_no WHERE s.id = %s ORDER BY b.no
"""
INSERT_SETBACK = """
INSERT INTO setbacks (request_no, at, reason, waited)
SELECT q.no, %s, %s, %s FROM study_requests q JOIN studies s ON s.no = q.study_no WHERE s.id = %s AND q.key = %s
"""
RUNS = f"SELECT r.no, {', '.join(f'r.{name}' for name in RUN)} FROM runs r WHERE r.study_no = %s ORDER BY r.no"  # noqa: S608 - as above
STEPS = "SELECT run_no, exchange_id FROM steps WHERE run_no IN (SELECT no FROM runs WHERE study_no = %s) ORDER BY run_no, place"
RESULTS = f"""
SELECT run_no, {", ".join(RESULT)} FROM results WHERE run_no IN (SELECT no FROM runs WHERE study_no = %s)
ORDER BY run_no, place, position
"""  # noqa: S608 - as above
INSERT_RUN = f"{_insert('runs', ('study_no', *RUN, 'steps'))} RETURNING no"
INSERT_STEP = _insert("steps", ("run_no", "place", "exchange_id"))
INSERT_RESULT = _insert("results", ("run_no", *RESULT))
CALLS = f"SELECT {', '.join(CALL)} FROM recordings WHERE study_no = %s ORDER BY no"  # noqa: S608 - as above
INSERT_CALL = _insert("recordings", ("study_no", *CALL))
EXCHANGES_OF_STUDY = """
SELECT id FROM exchanges WHERE id IN (
  SELECT exchange_id FROM study_requests WHERE study_no = %s
  UNION SELECT exchange_id FROM steps WHERE run_no IN (SELECT no FROM runs WHERE study_no = %s)
) LIMIT %s
"""
DELETE_STUDY = "DELETE FROM studies WHERE no = %s"
WriteRows = Callable[[psycopg.Connection, Sequence[PreparedRecord]], object]


class PostgresStudyQueries:
    """Queries about studies."""

    def __init__(self, query: RunTransaction) -> None:
        self._query = query

    def studies(self) -> Sequence[StudyRow]:
        """Every study of this database, in the order in which they began."""
        return self._query(lambda conn: rows_as(StudyRow, conn.execute(STUDIES)))

    def requests(self, study_id: str) -> Sequence[StudyRequestRow]:
        """The requests of a study, in the order in which they were sent first; one whose answer is stored is `answered`."""
        return self._query(lambda conn: rows_as(StudyRequestRow, conn.execute(REQUESTS, (study_id,))))

    def request_counts(self, study_id: str) -> Mapping[str, int]:
        """The requests of a study by state, states as `requests` has them."""
        return self._query(lambda conn: dict(conn.execute(REQUEST_COUNTS, (study_id,)).fetchall()))

    def run_count(self, study_id: str) -> int:
        """The runs of a study."""
        return self._query(lambda conn: sum(int(count) for (count,) in conn.execute(RUN_COUNT, (study_id,))))

    def deleted_pairs(self, study_id: str) -> int:
        """How many pairs of a tournament were deleted: those of its route that started within it."""
        return self._query(lambda conn: sum(int(count) for (count,) in conn.execute(DELETED_PAIRS, (study_id,))))

    def setbacks(self, study_id: str) -> Sequence[SetbackRow]:
        """The tries that gave no answer, in their order."""
        return self._query(lambda conn: rows_as(SetbackRow, conn.execute(SETBACKS, (study_id,))))

    def runs(self, study_id: str) -> Sequence[RunRow]:
        """The runs of a study with their steps and results, in the order in which they ended."""
        return self._query(lambda conn: _runs(conn, study_id))

    def conversation(self, key: str, provider: str, limit: int) -> Sequence[str]:
        """The ids of a conversation's exchanges with one provider, in the order in which they began."""
        return self._query(lambda conn: [row[0] for row in conn.execute(CONVERSATION, (key, provider, limit))])

    def recorded_requests(self, wanted: RecordedFilter) -> Sequence[str]:
        """The ids of the newest live requests of the filter that were held whole, newest first."""
        names = [name for name in NAMED if getattr(wanted, name)]
        conditions = "".join(f" AND {name} = %({name})s" for name in names)
        conditions += "" if wanted.conversation or wanted.unsampled else " AND drawn"
        values = {**{name: getattr(wanted, name) for name in names}, "since": wanted.since, "limit": wanted.limit}
        return self._query(lambda conn: [found for (found,) in conn.execute(RECORDED.format(conditions), values)])

    def recorded_calls(self, study_id: str) -> Sequence[RecordedCallRow]:
        """The recorded tool calls of a study, in their order."""

        def query(conn: psycopg.Connection) -> Sequence[RecordedCallRow]:
            found = rows_as(RecordedCallRow, conn.execute(CALLS, (_study_no(conn, study_id),)))
            return [replace(call, is_error=bool(call.is_error)) for call in found]

        return self._query(query)


class PostgresStudyStore(PostgresStudyQueries):
    """The same, and what a study writes; each method returns when it is on disk."""

    def __init__(
        self, query: RunTransaction, run: RunTransaction, *, prepare: Callable[[Record], PreparedRecord], write_rows: WriteRows
    ) -> None:
        super().__init__(query)
        self._run = run
        self._prepare = prepare
        self._write_rows = write_rows

    def begin(self, study: StudyRow) -> None:
        """Store a study; one of the same id keeps its requests and its beginning, and is open again."""
        self._run(lambda conn: conn.execute(BEGIN_STUDY, _values(study, STUDY)).rowcount)

    def number_blocks(self, study_id: str, blocks: Mapping[str, int]) -> None:
        """Store the block of each request by its key, as the plan of this run numbers it; -1 for those that it does not need."""

        def job(conn: psycopg.Connection) -> None:
            no = _study_no(conn, study_id)
            conn.execute(UNUSED_BLOCKS, (no,))
            conn.cursor().executemany(NUMBER_BLOCK, [(block, no, key) for key, block in blocks.items()])

        self._run(job)

    def end(self, study_id: str, ended: float, outcome: str, plan: str = "") -> None:
        """Store when the study ended, and how; `plan` takes the place of the stored one unless it is empty."""
        self._run(lambda conn: conn.execute(END_STUDY, (ended, outcome, plan, study_id)).rowcount)

    def ask(self, study_id: str, request: StudyRequestRow, at: float = 0.0, most: Spending = NOTHING) -> None:
        """Store that a request is sent at `at`, under the id of its exchange, and the most that it can cost as spent."""

        def job(conn: psycopg.Connection) -> None:
            _write_request(conn, study_id, request)
            add_spending(conn, at, most)

        self._run(job)

    def set_back(self, study_id: str, setback: SetbackRow, change: Spending = NOTHING) -> None:
        """Store one try of a request that gave no answer, and what it cost less the most that it could have."""

        def job(conn: psycopg.Connection) -> None:
            conn.execute(INSERT_SETBACK, (setback.at, setback.reason, setback.waited, study_id, setback.key))
            add_spending(conn, setback.at, change)

        self._run(job)

    def answer(self, study_id: str, request: StudyRequestRow, record: ExchangeRecord, change: Spending = NOTHING) -> None:
        """Store an answer, the state of its request, and what it cost less the most that it could have; all or nothing."""

        def job(conn: psycopg.Connection) -> None:
            self._write_rows(conn, [self._prepare(record)])
            _write_request(conn, study_id, request)
            add_spending(conn, record.exchange.started, change)

        self._run(job)

    def add_run(self, study_id: str, run: RunRow, exchanges: Sequence[ExchangeRecord] = ()) -> None:
        """Store a run with its steps, results and those of its exchanges that are not stored yet, all or nothing."""

        def job(conn: psycopg.Connection) -> None:
            self._write_rows(conn, [self._prepare(record) for record in exchanges])
            values = (_study_no(conn, study_id), *_values(run, RUN), len(run.steps))
            [(no,)] = conn.execute(INSERT_RUN, values).fetchall()
            with conn.cursor() as cursor:
                cursor.executemany(INSERT_STEP, [(no, place, step) for place, step in enumerate(run.steps)])
                cursor.executemany(INSERT_RESULT, [(no, *_values(result, RESULT)) for result in run.results])

        self._run(job)

    def add_recorded_calls(self, study_id: str, calls: Sequence[RecordedCallRow]) -> None:
        """Store tool calls with their results."""

        def job(conn: psycopg.Connection) -> None:
            no = _study_no(conn, study_id)
            conn.cursor().executemany(INSERT_CALL, [(no, *_values(call, CALL)) for call in calls])

        self._run(job)

    def forget(self, study_id: str) -> ErasureResult:
        """Delete a study with its requests, runs, exchanges and pairs for good; StoreError when the database refuses."""
        no = self._query(lambda conn: _study_no(conn, study_id))
        gone = drop_all(self._run, EXCHANGES_OF_STUDY, (no, no, SLICE))
        self._run(lambda conn: conn.execute(DELETE_STUDY, (no,)).rowcount)
        return ErasureResult(exchanges=gone, log_emptied=False)


def _study_no(conn: psycopg.Connection, study_id: str) -> int:
    """The number of a study; 0 where there is none, which no row refers to."""
    found = conn.execute(STUDY_NO, (study_id,)).fetchone()
    return int(found[0]) if found else 0


def _write_request(conn: psycopg.Connection, study_id: str, request: StudyRequestRow) -> None:
    conn.execute(WRITE_REQUEST, (_study_no(conn, study_id), *_values(request, REQUEST)))


def _values(row: object, names: Sequence[str]) -> tuple[object, ...]:
    """The values of a row; a truth value as the number that its column holds."""
    values = (getattr(row, name) for name in names)
    return tuple(int(value) if isinstance(value, bool) else value for value in values)


def _runs(conn: psycopg.Connection, study_id: str) -> Sequence[RunRow]:
    no = (_study_no(conn, study_id),)
    steps: dict[int, list[str]] = defaultdict(list)
    for run_no, exchange_id in conn.execute(STEPS, no):
        steps[run_no].append(exchange_id)
    results: dict[int, list[RunResultRow]] = defaultdict(list)
    for run_no, *values in conn.execute(RESULTS, no):
        row = RunResultRow(**dict(zip(RESULT, values, strict=True)))
        results[run_no].append(replace(row, is_error=bool(row.is_error)))
    return [
        RunRow(**dict(zip(RUN, values, strict=True)), steps=tuple(steps[run_no]), results=tuple(results[run_no]))
        for run_no, *values in conn.execute(RUNS, no)
    ]
