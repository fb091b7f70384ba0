"""DayPartitions: the partitions of a day, named after it, created before the first row of that day is written.

An id begins with twelve hexadecimal digits of milliseconds (`proxy.exchange_ids`). What does not begin so, or names a day
that cannot be, is in the default partitions, whose rows are deleted one by one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import psycopg

from storage.postgres.schema_steps import BY_DAY

DAY = 86_400
DAY_LOCK = 7_361_002
"""Advisory lock of the process that creates partitions."""
FIRST_DAY, LAST_DAY = 1_577_836_800 // DAY, 4_102_444_800 // DAY
"""Days since the epoch that have partitions: from 2020 on, and before 2100."""
LOCK_SECONDS = 2
"""How long the creation of a day waits for readers, which every later statement waits behind."""
SLACK = DAY
"""Seconds by which an id may be older than its exchange: a request that waited, or one of a study, which is named beforehand."""
AHEAD = 3
DEPENDED = 2
"""Days before its own that the sums of an hour depend on: requests that came a day ago, with ids that are a day older."""
NO_SUMS = "DO $$ BEGIN IF to_regclass('hour_sums') IS NOT NULL THEN DELETE FROM hour_sums; END IF; END $$"
"""Where no day has partitions, sums are of days that another version dropped. A schema of before the sums has none."""
_TIMED = re.compile(r"[0-9a-f]{12}")
NAMES = """
SELECT substr(c.relname, length('exchanges_') + 1) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'exchanges'::regclass AND c.relname ~ '^exchanges_[0-9]{8}$' ORDER BY 1
"""


def first_id(since: float) -> str:
    """The beginning of the oldest id that an exchange started at `since` (epoch seconds) or later can have; "" for any."""
    return _bound(since - SLACK) if since > SLACK else ""


def day_of(id_: str) -> int | None:
    """The day, since the epoch, of an id that begins with a time; None for others."""
    if not _TIMED.match(id_):
        return None
    day = int(id_[:12], 16) // 1_000 // DAY
    return day if FIRST_DAY <= day < LAST_DAY else None


def day_name(day: int) -> str:
    """The end of the names of a day's partitions, as in `exchanges_20261129`."""
    return time.strftime("%Y%m%d", time.gmtime(day * DAY))


class DayPartitions:
    """Knows which days have partitions; for one thread only."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def __repr__(self) -> str:
        return f"<DayPartitions {len(self._known)} days>"

    def ensure(self, conn: psycopg.Connection, days: Iterable[int]) -> None:
        """Create the partitions of these days that do not exist, in the open transaction or one of its own."""
        missing = set(days) - self._known
        if not missing:
            return
        with conn.transaction():
            conn.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            conn.execute("SELECT pg_advisory_xact_lock(%s)", (DAY_LOCK,))
            there = set(existing(conn))
            if not there:
                conn.execute(NO_SUMS)
                missing |= _before(missing)
            for day in sorted(missing):
                if day_name(day) not in there:
                    create(conn, day)
        self._known |= missing

    def ensure_ids(self, conn: psycopg.Connection, ids: Iterable[str]) -> None:
        """Create the partitions that rows of these ids need."""
        self.ensure(conn, {day for id_ in ids if (day := day_of(id_)) is not None})

    def forget(self) -> None:
        """Look at the server again before the next row: partitions were dropped."""
        self._known.clear()


def _before(days: AbstractSet[int]) -> set[int]:
    """The days that the sums of the first of these depend on: without their partitions a new store had none for two days."""
    first = min(days)
    return {day for day in range(first - DEPENDED, first) if day >= FIRST_DAY}


def existing(conn: psycopg.Connection) -> list[str]:
    """The names of the days that have partitions, oldest first."""
    return [name for (name,) in conn.execute(NAMES)]


def create(conn: psycopg.Connection, day: int) -> None:
    """Create the partitions of one day."""
    begin, end = _bound(day * DAY), _bound((day + 1) * DAY)
    for table in BY_DAY:
        conn.execute(f"CREATE TABLE {table}_{day_name(day)} PARTITION OF {table} FOR VALUES FROM ('{begin}') TO ('{end}')")


def _bound(seconds: float) -> str:
    return f"{int(seconds * 1_000):012x}"
