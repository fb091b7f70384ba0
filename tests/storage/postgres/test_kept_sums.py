"""Sums kept while rows are written and deleted are those that counting the rows gives."""

from contextlib import closing

import psycopg
import pytest

from storage.postgres.kept_sums import BOUNDS, OF_ROWS
from storage.postgres.row_deletion import drop_rows
from storage.postgres.schema_steps import BY_DAY
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
