import sqlite3
from contextlib import closing

import pytest

from storage.rows import PairGroup, ToolCallRow
from storage.sqlite.query_rows import group_of, one_moment, period, rows_as


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("CREATE TABLE calls (no, exchange_id, position, call_id, name, arguments, outcome)")
        conn.execute("INSERT INTO calls VALUES (7, 'a', 0, 'c', 'f', '{}', 'valid')")
        conn.commit()
    return path


def test_rows_take_their_fields_by_name_and_ignore_other_columns(path):
    with closing(sqlite3.connect(path)) as conn:
        [row] = rows_as(ToolCallRow, conn.execute("SELECT * FROM calls"))
    assert row == ToolCallRow(exchange_id="a", position=0, call_id="c", name="f", arguments="{}", outcome="valid")


def test_statements_of_one_moment_do_not_see_what_is_written_between_them(path):
    count = "SELECT count(*) FROM calls"
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, closing(sqlite3.connect(path)) as writer:
        with one_moment(reader):
            assert reader.execute(count).fetchone() == (1,)
            writer.execute("DELETE FROM calls")
            writer.commit()
            assert reader.execute(count).fetchone() == (1,)
        assert reader.execute(count).fetchone() == (0,)


def test_transaction_of_one_moment_ends_with_an_error_too(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        with pytest.raises(ZeroDivisionError), one_moment(reader):
            _ = 1 / 0
        assert not reader.in_transaction


@pytest.mark.parametrize(("until", "end"), [(0.0, 9e18), (5.0, 5.0)])
def test_period_without_an_end_has_no_bound(until, end):
    assert period(1.0, until) == (1.0, end)


def test_group_is_read_from_the_first_four_columns():
    row = ("default", "m", "p", "r", "more")
    assert group_of(row) == PairGroup(route="default", model="m", provider="p", reference="r")
