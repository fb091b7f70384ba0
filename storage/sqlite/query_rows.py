"""rows_as(), one_moment(): rows of a cursor as values, and several statements that see one state of the database.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from storage.rows import ExchangeRow, FindingRow, PairGroup, PairRow, ToolCallRow, TrafficCount
from storage.study_rows import RecordedCallRow, RunResultRow, RunRow, SetbackRow, StudyRequestRow, StudyRow

Row = TypeVar(
    "Row",
    ExchangeRow,
    FindingRow,
    PairRow,
    ToolCallRow,
    TrafficCount,
    StudyRow,
    StudyRequestRow,
    SetbackRow,
    RunRow,
    RunResultRow,
    RecordedCallRow,
)
FOREVER = 9e18


def rows_as(kind: type[Row], cursor: sqlite3.Cursor) -> Iterator[Row]:
    """Each row as a value, its fields taken from the columns of the same name; other columns are ignored."""
    names = [name for name, *_ in cursor.description]
    known = kind.__annotations__
    for row in cursor:
        yield kind(**{name: value for name, value in zip(names, row, strict=True) if name in known})


def group_of(row: Sequence[str]) -> PairGroup:
    """The group of a row that begins with route, model, provider and reference."""
    return PairGroup(route=row[0], model=row[1], provider=row[2], reference=row[3])


def period(since: float, until: float) -> tuple[float, float]:
    """The period with an end in place of 0."""
    return since, until or FOREVER


@contextmanager
def one_moment(conn: sqlite3.Connection) -> Iterator[None]:
    """A transaction in which all statements see one state of the database, whatever is written meanwhile."""
    conn.execute("BEGIN")
    try:
        yield
    finally:
        conn.execute("COMMIT")
