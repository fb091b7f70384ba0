"""Traffic and limits kept by stretches are those that counting the rows would give, for any period."""

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import rollup_keys
from storage.sqlite import exchange_queries, released_sql, retention, traffic_rollups
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import migrate
from tests.conformance import START, exchange_record, finding
from tests.storage.sqlite.inserted import put

TRAFFIC = f"""
SELECT provider, model, role, {traffic_rollups.OF_ROWS} FROM exchanges
WHERE started >= :since AND started < :until GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
LIMITS = (
    f"SELECT provider, model, {traffic_rollups.BOUNDS} FROM exchanges WHERE started >= :since AND started < :until GROUP BY 1, 2"
)
PERIODS = [(0, 9e18), (START, 9e18), (START + 1, START + 2), (START + 600, START + 1_200), (START + 333.3, START + 3_333.3)]


def same(conn, since, until) -> bool:
    """Whether stretches and rows tell the same."""
    asked = {"since": since, "until": until}
    kept = conn.execute(traffic_rollups.TRAFFIC, rollup_keys.period(since, until)).fetchall()
    return kept == conn.execute(TRAFFIC, asked).fetchall()


def fill(conn, count: int = 40) -> None:
    """One exchange every two minutes and a bit: good ones, broken ones, and some refused for their length."""
    for n in range(count):
        name, refused = f"e{n}", n % 7 == 0
        record = exchange_record(name, started=START + n * 137.5, provider=f"near-{n % 2}", prompt_tokens=n, checks=0)
        checks = (finding("context_limit", "differ", exchange_id=name, comparison="check"),) if refused else ()
        row = record.exchange._replace(status=400 if refused else 200, failure="broken" if n % 5 == 1 else "", request_size=n)
        put(conn, record._replace(exchange=row, findings=checks))


@pytest.mark.parametrize(("since", "until"), PERIODS)
def test_the_sums_and_limits_are_those_of_the_rows(conn, since, until):
    fill(conn)
    assert same(conn, since, until)
    kept = conn.execute(traffic_rollups.LIMITS, rollup_keys.period(since, until)).fetchall()
    assert kept == conn.execute(LIMITS, {"since": since, "until": until}).fetchall()


def test_traffic_sums_count_requests_failures_errors_and_tokens(conn):
    fill(conn)
    rows = exchange_queries.traffic(conn, 0, 0)
    assert sum(row.requests for row in rows) == 40
    assert {row.failures > 0 and row.errors > 0 and row.prompt_tokens > 0 for row in rows} == {True}
    assert conn.execute(traffic_rollups.LIMITS, rollup_keys.period(0, 9e18)).fetchall() == [
        ("near-0", "qwen", 38, 0),
        ("near-1", "qwen", 39, 7),
    ]


def test_the_sums_stay_those_of_the_rows_while_the_oldest_rows_are_deleted(conn):
    fill(conn)
    while retention.drop_older(conn, START + 1e9, 7):
        assert same(conn, 0, 9e18)
    assert exchange_queries.traffic(conn, 0, 0) == []
    assert conn.execute("SELECT count(*) FROM passages").fetchone() == (0,)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 2)), max_size=12), st.integers(0, 3_000), st.integers(0, 3_000))
def test_any_traffic_in_any_batches_is_counted_once(tmp_path_factory, moments, since, length):
    path = tmp_path_factory.mktemp("store") / "store.db"
    create_file(path)
    with closing(open_writing(path, 1.0)) as conn:
        migrate(conn)
        for n, (moment, twice) in enumerate(moments):
            put(conn, *[exchange_record(f"e{n}", started=START + moment, checks=0)] * (twice + 1))
        assert same(conn, START + since, START + since + length)
        assert same(conn, 0, 9e18)


def test_a_provider_that_claims_more_tokens_than_a_number_holds_spoils_no_sum(conn):
    for n in range(3):
        put(conn, exchange_record(f"e{n}", started=START, prompt_tokens=2**63 - 1, checks=0))
    (row,) = exchange_queries.traffic(conn, 0, 0)
    assert row.prompt_tokens == 3 * rollup_keys.CREDIBLE


def test_what_an_older_version_stored_is_counted_when_the_table_is_made(conn):
    fill(conn, 5)
    conn.execute("DROP TABLE passages")
    conn.execute("ALTER TABLE checks RENAME COLUMN signal TO aspect")
    conn.execute(released_sql.PASSAGES)
    conn.execute(released_sql.PASSAGES_OF_EXCHANGES)
    conn.execute("ALTER TABLE checks RENAME COLUMN aspect TO signal")
    assert same(conn, 0, 9e18)
