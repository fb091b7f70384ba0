import sqlite3
from contextlib import closing

import pytest

from storage.recorded_names import names_statement

TENANTS = ["b", "a", "", "b", "c", "a"]


def names(limit, name=""):
    """The tenants of six exchanges, one of which has none."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE TABLE exchanges (tenant TEXT)")
        conn.executemany("INSERT INTO exchanges VALUES (?)", [(tenant,) for tenant in TENANTS])
        statement, values = names_statement("tenant", name, placeholder="?")
        return [found for (found,) in conn.execute(statement, (*values, limit))]


@pytest.mark.parametrize(("limit", "found"), [(2, ["a", "b"]), (3, ["a", "b", "c"]), (4, ["a", "b", "c"])])
def test_each_name_is_found_once_in_its_order_up_to_the_limit_and_none_that_is_empty(limit, found):
    assert names(limit) == found


def test_one_name_is_found_alone_where_a_record_has_it():
    assert names(9, "b") == ["b"]
    assert names(9, "d") == []


@pytest.mark.parametrize("kind", ["model", ""])
def test_kind_without_a_column_is_refused(kind):
    with pytest.raises(ValueError, match="no column holds names of the kind"):
        names_statement(kind, "", placeholder="?")
