"""Sums of tokens are those of SQLite, and those of the rows that are left."""

from contextlib import closing

import psycopg
import pytest

from storage.postgres.kept_tokens import subtract_tokens
from tests.storage.postgres.same_records import each_period, put_records

pytestmark = pytest.mark.slow


def test_tokens_of_any_period_are_those_of_sqlite(both):
    one, other = ([rounded(rows) for rows in each_period(store.token_sums)] for store in both)
    assert one == other
    assert one[0]


def rounded(rows) -> list[object]:
    """Sums whose cost is rounded, because the order of addition differs."""
    return [row._replace(cost=round(row.cost, 9)) for row in rows]


def test_nothing_is_left_when_all_is_subtracted(postgres_store, postgres_url):
    put_records(postgres_store)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert conn.execute("SELECT count(*) FROM token_sums").fetchone() > (0,)
        subtract_tokens(conn, [id_ for (id_,) in conn.execute("SELECT id FROM exchanges")])
        assert conn.execute("SELECT count(*) FROM token_sums").fetchone() == (0,)
