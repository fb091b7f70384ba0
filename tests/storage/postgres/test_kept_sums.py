"""Sums kept while rows are written and deleted are those that counting the rows gives."""

from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from storage.postgres.kept_sums import BOUNDS, OF_ROWS
from storage.postgres.row_deletion import drop_rows
from storage.postgres.schema_steps import BY_DAY
from storage.rows import PairFilter
from tests.conformance import exchange_record, finding, pair_record
from tests.storage.postgres.same_records import put_records

pytestmark = pytest.mark.slow
COUNTED_FINDINGS = """
SELECT floor(started / 600)::bigint * 600, route, model, provider, p.reference, comparison, signal, state, control_reason,
       count(*)
FROM pairs p JOIN findings ON pair_id = id GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
UNION ALL
SELECT began, route, model, provider, reference, 'check', signal, state, '', sum(times)::bigint FROM (
  SELECT floor(started / 600)::bigint * 600 AS began, route, model, provider, e.reference, signal, state, 1 AS times
  FROM exchanges e JOIN checks ON exchange_id = id
  UNION ALL
  SELECT floor(started / 600)::bigint * 600, route, model, provider, reference, value, 'match', 1
  FROM exchanges e JOIN check_sets s ON s.no = passed, jsonb_array_elements_text(s.signals::jsonb)
) checked GROUP BY 1, 2, 3, 4, 5, 7, 8
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
KEPT_FINDINGS = "SELECT * FROM tallies ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"
SUMS = "began, provider, model, role, requests, asked, failures, errors, prompt_tokens, completion_tokens"
COUNTED_TRAFFIC = f"""
SELECT floor(started / 600)::bigint * 600, provider, model, role, {OF_ROWS}, {BOUNDS} FROM exchanges e
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
KEPT_TRAFFIC = "SELECT * FROM passages ORDER BY 1, 2, 3, 4"


def test_sums_are_those_of_the_rows_while_rows_come_and_go(postgres_store, postgres_url):
    put_records(postgres_store)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert conn.execute(KEPT_FINDINGS).fetchall() == conn.execute(COUNTED_FINDINGS).fetchall() != []
        assert conn.execute(KEPT_TRAFFIC).fetchall() == conn.execute(COUNTED_TRAFFIC).fetchall() != []
        while drop_rows(conn, "SELECT id FROM exchanges ORDER BY started LIMIT %s", (150,)):
            assert conn.execute(KEPT_FINDINGS).fetchall() == conn.execute(COUNTED_FINDINGS).fetchall()
            left = [row[:10] for row in conn.execute(KEPT_TRAFFIC)]
            assert left == [row[:10] for row in conn.execute(COUNTED_TRAFFIC)], "the bounds go with the last exchange"
        for table in (*BY_DAY, "tallies", "passages"):
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def put_few(store):
    """Two live exchanges with a pair each, the reference agreeing with itself in the first alone, and one without a row."""
    for name in ("one", "two"):
        assert store.add_exchange(exchange_record(name)._replace(passed=("stop", "usage"), source="run/3"))
    assert store.add_exchange(exchange_record("unkept")._replace(kept=False, source="run/4"))
    own = finding("text", "match", exchange_id="one", pair_id="one", comparison="self")
    for name, more in (("one", (own,)), ("two", ())):
        pair = pair_record(name, {"text": "differ", "usage": "match"})
        assert store.add_pair(replace(pair, findings=(*pair.findings, *more)))
    assert store.flush(20)


def test_few_records_are_counted_with_those_that_have_no_row_and_by_their_source_and_evidence_is_marked(
    postgres_store, postgres_url
):
    put_few(postgres_store)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert conn.execute(KEPT_FINDINGS).fetchall() == conn.execute(COUNTED_FINDINGS).fetchall() != []
        assert conn.execute(KEPT_TRAFFIC).fetchall() == conn.execute(COUNTED_TRAFFIC).fetchall() != []
        assert conn.execute("SELECT sum(answers)::int, sum(fresh)::int FROM token_sums").fetchall() == [(4, 4)]
    assert [row.pair.id for row in postgres_store.pairs(PairFilter(evidence=True))] == ["one"]
    assert postgres_store.row_coverage(0.0, 0.0) == (2, 2, 1)
    assert postgres_store.begin_run("run") == {3: 2, 4: 1}


def test_sums_and_rows_of_what_is_deleted_go_and_those_of_others_stay(postgres_store, postgres_url):
    put_few(postgres_store)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert drop_rows(conn, "SELECT id FROM exchanges WHERE id = %s", ("one",)) == 2
        assert conn.execute(KEPT_FINDINGS).fetchall() == conn.execute(COUNTED_FINDINGS).fetchall() != []
        assert [row[:10] for row in conn.execute(KEPT_TRAFFIC)] == [row[:10] for row in conn.execute(COUNTED_TRAFFIC)]
        assert conn.execute("SELECT sum(answers)::int FROM token_sums").fetchall() == [(2,)]
        sizes = {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in (*BY_DAY, "rulings")}
        assert drop_rows(conn, "SELECT id FROM exchanges WHERE id = %s", ("two",)) == 2
        left = [
            conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in (*sizes, "tallies", "passages", "token_sums")
        ]
    rows = {"exchanges": 2, "payloads": 2, "tool_calls": 4, "checks": 6, "pairs": 1, "findings": 2, "payoffs": 1, "rulings": 1}
    assert {table: size for table, size in sizes.items() if size} == rows
    assert set(left) == {(0,)}
