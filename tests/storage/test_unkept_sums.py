"""Exchanges without a row count as those with one, in both engines."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import rollup_keys, unkept_sums
from storage.erasure_choice import ErasureChoice
from storage.prepared_records import RecordPreparer
from storage.rows import RowCoverage
from storage.sqlite import exchange_queries, pair_queries, query_rows, token_rollups, traffic_rollups
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import insert
from storage.store import Outcome
from tests.conformance import DAY, PATIENCE, START, exchange_record, pair_record

BEGUN = START // 600 * 600
TOKENS = st.none() | st.integers(0, 2**62)
ANSWERS = st.fixed_dictionaries(
    {
        "started": st.sampled_from([BEGUN, BEGUN + 599, BEGUN + 600, BEGUN + 90_000]),
        "model": st.sampled_from(["", "qwen"]),
        "method": st.sampled_from(["GET", "POST"]),
        "status": st.sampled_from([None, 200, 399, 400, 500]),
        "failure": st.sampled_from(["", "closed"]),
        "prompt_tokens": TOKENS,
        "completion_tokens": TOKENS,
        "usage_state": st.sampled_from(["", "certain", "no_usage"]),
        "fresh_tokens": st.none() | st.integers(0, 100),
        "cached_tokens": st.none() | st.integers(0, 100),
        "cache_write_tokens": st.none() | st.integers(0, 100),
        "cache_write_1h_tokens": st.none() | st.integers(0, 100),
        "cost": st.none() | st.just(0.25),
    }
)
PERIODS = [(0.0, 0.0), (BEGUN - DAY, BEGUN + DAY), (BEGUN + 600, BEGUN + 600_000)]


def unkept(name, **more):
    return exchange_record(name, **more)._replace(kept=False)


def figures(conn):
    return [
        (
            list(exchange_queries.traffic(conn, *period)),
            token_rollups.token_sums(conn, *query_rows.period(*period)),
            pair_queries.signal_counts(conn, *period),
            conn.execute(traffic_rollups.LIMITS, rollup_keys.period(*query_rows.period(*period))).fetchall(),
        )
        for period in PERIODS
    ]


@pytest.fixture(scope="module")
def empty():
    """A database in memory without a row, of which each example has copies."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn)
        yield conn


@given(st.lists(ANSWERS, min_size=1, max_size=12))
def test_exchanges_without_rows_count_as_those_with_rows(empty, answers):
    found = []
    for kept in (True, False):
        records = [
            exchange_record(f"{place:028x}", checks=0, **answer)._replace(passed=("usage",), kept=kept)
            for place, answer in enumerate(answers)
        ]
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
            empty.backup(conn)
            insert(conn, list(map(RecordPreparer().prepare, records)))
            found.append(figures(conn))
    assert found[0] == found[1]


def test_an_exchange_without_a_row_is_counted_and_not_found(store):
    outcomes = []
    store.add_exchange(unkept("e1"), outcomes.append)
    assert store.flush(PATIENCE)
    assert outcomes == [Outcome.STORED]
    assert store.exchange("e1") is None
    assert [line.requests for line in store.traffic(0, 0)] == [1]


def test_an_exchange_without_a_row_that_comes_again_is_known_and_counted_once(store):
    outcomes = []
    for _ in range(2):
        store.add_exchange(unkept("e1"), outcomes.append)
        assert store.flush(PATIENCE)
    assert outcomes == [Outcome.STORED, Outcome.KNOWN]
    assert [line.requests for line in store.traffic(0, 0)] == [1]


def test_exchange_is_known_with_a_row_and_without_one(store):
    store.add_exchange(exchange_record("row"))
    store.add_exchange(unkept("no-row"))
    assert store.flush(PATIENCE)
    assert [store.is_known(name) for name in ("row", "no-row", "none")] == [True, True, False]


def test_the_coverage_names_rows_pairs_and_what_has_no_row(store):
    for name in ("a1", "a2", "a3"):
        store.add_exchange(unkept(name))
    for name in ("p1", "b1", "b2"):
        store.add_exchange(exchange_record(name))
    store.add_pair(pair_record("p1"))
    assert store.flush(PATIENCE)
    assert store.row_coverage(0, 0) == RowCoverage(rows=3, paired=1, unkept=3)


def test_the_coverage_counts_no_subject_of_a_candidates_pair_as_a_live_request(store):
    store.add_exchange(unkept("a1"))
    store.add_exchange(exchange_record("p1"))
    store.add_pair(pair_record("p1"))
    for name in ("c1", "c2", "c3"):
        store.add_exchange(exchange_record(name, role="candidate", provider="other"))
        store.add_pair(pair_record(name, provider="other"))
    assert store.flush(PATIENCE)
    assert store.row_coverage(0, 0) == store.row_coverage(START - 9, START + 9) == RowCoverage(rows=1, paired=1, unkept=1)


def test_the_coverage_of_one_provider_counts_its_requests_alone(store):
    store.add_exchange(unkept("a1"))
    store.add_exchange(exchange_record("p1"))
    store.add_exchange(exchange_record("q1", provider="other"))
    store.add_pair(pair_record("p1"))
    assert store.flush(PATIENCE)
    provider = exchange_record("x").exchange.provider
    assert store.row_coverage(0, 0, provider) == RowCoverage(rows=1, paired=1, unkept=1)
    assert store.row_coverage(0, 0, "other") == RowCoverage(0, 0, 0)
    assert store.row_coverage(START - 9, START + 9, provider) == RowCoverage(rows=1, paired=1, unkept=1)


def test_the_coverage_is_zero_where_every_exchange_has_a_row(store):
    store.add_exchange(exchange_record("b1"))
    assert store.flush(PATIENCE)
    assert store.row_coverage(0, 0) == RowCoverage(0, 0, 0)


@pytest.mark.parametrize(("age", "left"), [(30 * DAY + 599, 1), (30 * DAY + 600, 0)])
def test_a_sweep_deletes_sums_of_a_stretch_once_its_end_is_older_than_the_days_kept(store, age, left):
    store.add_exchange(unkept("e1", started=BEGUN))
    assert store.flush(PATIENCE)
    store.sweep(BEGUN + age)
    assert len(store.traffic(0, 0)) == left


def test_forgetting_all_before_a_moment_deletes_the_sums_before_it(store):
    store.add_exchange(unkept("e1"))
    assert store.flush(PATIENCE)
    store.forget(ErasureChoice(before=START + 600))
    assert store.traffic(0, 0) == []


def test_forgetting_a_conversation_leaves_sums_which_name_none(store):
    store.add_exchange(unkept("e1"))
    assert store.flush(PATIENCE)
    store.forget(ErasureChoice(conversation="talk-1"))
    assert [line.requests for line in store.traffic(0, 0)] == [1]


def test_times_and_statuses_are_read_from_drawn_exchanges_alone(store):
    store.add_exchange(exchange_record("drawn"))
    store.add_exchange(exchange_record("faulty", drawn=False, status=500, seconds=9.0))
    assert store.flush(PATIENCE)
    assert {line[-1] for line in store.latencies(0, 0, 100) if line[3] == "seconds"} == {1.5}
    assert [line[3:] for line in store.judgements.response_statuses(0, 0, 100)] == [(200, 1)]
    assert store.exchange("faulty").drawn is False


def test_ids_without_rows_are_known_for_a_day():
    assert unkept_sums.known_since(86_400.0) == "0" * 12
    assert unkept_sums.known_since(86_401.0) == f"{1_000:012x}"
