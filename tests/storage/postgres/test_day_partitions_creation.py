"""Which statements create the partitions of a day, and when none is needed; a connection without a server."""

from contextlib import contextmanager

import pytest

from storage.postgres.day_partitions import NAMES, NO_SUMS, DayPartitions, day_name, first_id
from storage.postgres.identity_rows import IDENTITY_LOCK
from storage.postgres.judgement_tables import NUMBER_LOCK
from storage.postgres.schema_steps import BY_DAY, MIGRATION_LOCK

LOCK = "SELECT pg_advisory_xact_lock(%s)"


class Connection:
    """Answers which days have partitions, and writes down what else is executed."""

    def __init__(self, *days: str) -> None:
        self.days = days
        self.executed: list[object] = []

    def execute(self, statement: str, values: tuple[object, ...] = ()):
        if statement == NAMES:
            return [(day,) for day in self.days]
        self.executed.append((statement, *values) if values else statement)
        return []

    @contextmanager
    def transaction(self):
        self.executed.append("BEGIN")
        yield
        self.executed.append("COMMIT")

    def created(self) -> list[str]:
        """The days that were created."""
        first = f"CREATE TABLE {BY_DAY[0]}_"
        return [each.removeprefix(first)[:8] for each in self.executed if str(each).startswith(first)]


def test_day_is_created_in_a_transaction_that_waits_two_seconds_for_readers_and_for_other_hosts_of_any_release():
    conn = Connection("20241003")
    DayPartitions().ensure(conn, [20_000])
    assert conn.executed[:3] == ["BEGIN", "SET LOCAL lock_timeout = '2s'", (LOCK, 7_361_002)]
    assert conn.executed[3] == (
        f"CREATE TABLE {BY_DAY[0]}_20241004 PARTITION OF {BY_DAY[0]} FOR VALUES FROM ('019254d38000') TO ('019259f9dc00')"
    )
    assert len(conn.executed) == 3 + len(BY_DAY) + 1
    assert conn.executed[-1] == "COMMIT"


def test_locks_of_different_matters_are_different_and_those_of_every_release():
    assert (MIGRATION_LOCK, NUMBER_LOCK, IDENTITY_LOCK) == (7_361_001, 7_361_003, 7_361_004)


def test_day_that_is_known_needs_no_statement_until_it_is_forgotten():
    conn, partitions = Connection("20241004"), DayPartitions()
    partitions.ensure(conn, [])
    assert conn.executed == []
    partitions.ensure(conn, [20_000])
    assert (conn.created(), repr(partitions)) == ([], "<DayPartitions 1 days>")
    before = len(conn.executed)
    partitions.ensure(conn, [20_000])
    assert len(conn.executed) == before
    partitions.forget()
    partitions.ensure(conn, [20_000])
    assert len(conn.executed) == 2 * before


def test_first_days_of_a_store_come_with_the_two_before_and_without_sums():
    conn = Connection()
    DayPartitions().ensure(conn, [20_001, 20_000])
    assert conn.created() == ["20241002", "20241003", "20241004", "20241005"]
    assert conn.executed.count(NO_SUMS) == 1
    assert NO_SUMS not in Connection("20241001").executed


@pytest.mark.parametrize(("day", "created"), [(18_262, ["20200101"]), (18_263, ["20200101", "20200102"])])
def test_no_day_before_2020_is_created(day, created):
    conn = Connection()
    DayPartitions().ensure(conn, [day])
    assert conn.created() == created


def test_ids_need_the_days_that_they_begin_with():
    conn = Connection("20241004")
    DayPartitions().ensure_ids(conn, [f"{(20_001 * 86_400 + 5) * 1_000:012x}aaaa", "no-time", f"{20_000 * 86_400_000:012x}"])
    assert conn.created() == ["20241005"]


def test_day_has_its_name_in_utc():
    assert [day_name(day) for day in (0, 18_261, 20_000)] == ["19700101", "20191231", "20241004"]


@pytest.mark.parametrize(("since", "begin"), [(86_400.0, ""), (86_400.5, "0000000001f4"), (86_401.0, "0000000003e8")])
def test_ids_of_a_period_begin_a_day_before_it(since, begin):
    assert first_id(since) == begin
