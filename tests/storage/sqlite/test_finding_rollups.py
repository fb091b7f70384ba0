"""Sums kept while writing and deleting are those that counting the rows would give, for any period."""

from collections import Counter

import pytest

from storage.sqlite import finding_rollups, pair_queries, released_sql, retention
from tests.conformance import START, exchange_record, pair_record
from tests.storage.sqlite.inserted import put


def from_rows(conn, since, until) -> Counter:
    rows = Counter()
    for statement in (pair_queries.SIGNAL_COUNTS, pair_queries.CHECK_COUNTS, pair_queries.PASSED_COUNTS):
        for *key, times in conn.execute(statement, (since, until or 9e18)):
            rows[tuple(key)] += times
    return rows


def asked(conn, since, until) -> Counter:
    return Counter(
        {
            (
                *(one.group.route, one.group.model, one.group.provider, one.group.reference),
                *(one.comparison, one.signal, one.state, one.control_reason),
            ): one.count
            for one in pair_queries.signal_counts(conn, since, until)
        }
    )


def fill(conn, count: int = 40, names: tuple[str, ...] = ("check_0", "usage", "stop")) -> None:
    """One exchange every two minutes and a bit, every fifth with a pair; `names` are of checks stored by name."""
    for n in range(count):
        started = START + n * 137.5
        record = exchange_record(f"e{n}", started=started, provider=f"near-{n % 2}")
        put(conn, record._replace(passed=names[n % 3 :]))
        if n % 5 == 0:
            put(conn, pair_record(f"e{n}", {"text": "differ" if n % 2 else "match"}, started=started, control_reason="random"))


PERIODS = [(0, 0), (START, 0), (START + 1, START + 2), (START + 600, START + 1_200), (START + 333.3, START + 3_333.3)]


@pytest.mark.parametrize(("since", "until"), PERIODS)
def test_the_sums_are_those_of_the_rows(conn, since, until):
    fill(conn)
    assert asked(conn, since, until) == from_rows(conn, since, until)
    assert (since, until) != (0, 0) or asked(conn, since, until)


def test_the_sums_stay_those_of_the_rows_while_the_oldest_rows_are_deleted(conn):
    fill(conn)
    while retention.drop_older(conn, START + 1e9, 7):
        assert asked(conn, 0, 0) == from_rows(conn, 0, 0)
    assert asked(conn, 0, 0) == Counter()
    assert conn.execute("SELECT count(*) FROM tallies").fetchone() == (0,)


def test_a_record_that_is_there_already_is_counted_once(conn):
    put(conn, exchange_record("one"), exchange_record("one"), pair_record("one"))
    put(conn, exchange_record("one"), pair_record("one"))
    assert asked(conn, 0, 0) == from_rows(conn, 0, 0)


def test_a_batch_that_failed_is_not_counted(conn):
    with pytest.raises(Exception, match="NOT NULL"):
        put(conn, exchange_record("one"), exchange_record("two", seconds=None))
    assert asked(conn, 0, 0) == Counter()


def test_what_an_older_version_stored_is_counted_when_the_table_is_made(conn):
    fill(conn, 12, names=())
    before = conn.execute("SELECT * FROM tallies ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9").fetchall()
    conn.execute("DROP TABLE tallies")
    for table in ("findings", "checks"):
        conn.execute(f"ALTER TABLE {table} RENAME COLUMN signal TO aspect")
    for statement in (released_sql.TALLIES, released_sql.TALLIES_OF_PAIRS, released_sql.TALLIES_OF_EXCHANGES):
        conn.execute(statement)
    assert conn.execute("SELECT * FROM tallies ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9").fetchall() == before


def test_a_report_of_whole_stretches_counts_no_row(conn):
    fill(conn)
    expected = from_rows(conn, 0, 0)
    conn.execute("DELETE FROM findings")
    assert asked(conn, 0, 0) == expected


@pytest.mark.parametrize(("days", "ordered"), [(3, True), (2.99, False)])
def test_period_of_three_days_is_read_in_the_order_of_its_groups(conn, days, ordered):
    began = int(START // 600) * 600
    fill(conn)
    plans = []
    conn.set_trace_callback(plans.append)
    found = {(*key,): times for *key, times in finding_rollups.sums(conn, began, began + int(days * 86_400))}
    conn.set_trace_callback(None)
    assert found == asked(conn, began, began + 7 * 86_400)
    assert ("idx_tallies_group" in " ".join(plans)) == ordered
