"""rows_as(), grouped_as(): the rows of a cursor as values of the store, by the names of the columns.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import psycopg

from storage.postgres.day_partitions import first_id
from storage.rows import PairGroup

FOREVER = 9e18
GROUP = ("route", "model", "provider", "reference", "upstream")
Row = TypeVar("Row")
Result = TypeVar("Result")
Values = dict[str, object]
Fetched = Sequence[tuple[Any, ...]]
Results = psycopg.Cursor[Any]


class RunTransaction(Protocol):
    """Runs a job with a connection and returns its result: in a transaction that reads, or by the writer."""

    def __call__(self, job: Callable[[psycopg.Connection], Result], /) -> Result:
        """Errors of the server come as StoreError."""


def rows_as(kind: type[Row], cursor: Results) -> list[Row]:
    """Each row as a value, its fields taken from the columns of the same name; other columns are ignored."""
    known = kind.__annotations__
    names = [(place, column.name) for place, column in enumerate(cursor.description or ()) if column.name in known]
    return [kind(**{name: row[place] for place, name in names}) for row in cursor]


def grouped_as(kind: Callable[..., Row], cursor: Results) -> list[Row]:
    """As `rows_as`, of rows that begin with route, model, provider, reference and perhaps upstream, which become `group`."""
    names = [column.name for column in cursor.description or ()]
    width = 5 if names[4:5] == ["upstream"] else 4
    return [kind(group=group_of(row[:width]), **dict(zip(names[width:], row[width:], strict=True))) for row in cursor]


def group_of(row: Sequence[Any]) -> PairGroup:
    """The group of these columns: route, model, provider, reference, and the upstream where there is a fifth."""
    return PairGroup(**dict(zip(GROUP, row, strict=False)))


def period(since: float, until: float, **more: object) -> Values:
    """The parameters of a period: its ends, and `first`, before every id in it.

    With `first` each joined table reads the partitions of the period alone: a join by id reads all of them.
    """
    return {"since": since, "until": until or FOREVER, "first": first_id(since), **more}
