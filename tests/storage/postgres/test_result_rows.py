"""Rows become values by the names of their columns."""

from contextlib import closing

import psycopg
import pytest

from storage.judgement_rows import GroupStateRow
from storage.page_rows import OperatorActionRow
from storage.postgres.result_rows import grouped_as, period, rows_as
from storage.rows import PairGroup, SegmentCount

pytestmark = pytest.mark.slow
ACTION = "SELECT 1.0::float8 AS at, 'a' AS action, 'b' AS by, '' AS why, 'p' AS provider, '' AS model, 0::float8 AS until"


def test_columns_that_a_row_has_no_field_for_are_ignored(postgres_url):
    with closing(psycopg.connect(postgres_url)) as conn:
        [row] = rows_as(OperatorActionRow, conn.execute(f"{ACTION}, 'r' AS result, 5 AS no"))
    assert row == OperatorActionRow(at=1.0, action="a", by="b", why="", provider="p", model="", until=0.0, result="r")


def test_group_has_an_upstream_where_the_row_has_one(postgres_url):
    with closing(psycopg.connect(postgres_url)) as conn:
        group = "SELECT 'r' AS route, 'm' AS model, 'p' AS provider, 'o' AS reference"
        [state] = grouped_as(GroupStateRow, conn.execute(f"{group}, 'u' AS upstream, 3 AS last_no, '' AS snapshot"))
        [count] = grouped_as(
            SegmentCount,
            conn.execute(
                f"{group}, 's' AS segment, 'v' AS value, 't' AS signal, 'match' AS state, 1 AS count, 0 AS conversations"
            ),
        )
    assert state.group == PairGroup(route="r", model="m", provider="p", reference="o", upstream="u")
    assert count.group == PairGroup(route="r", model="m", provider="p", reference="o")


def test_period_without_an_end_lasts_for_ever():
    assert period(5.0, 0.0, limit=3) == {"since": 5.0, "until": 9e18, "first": "", "limit": 3}
