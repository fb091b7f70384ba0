"""Tables of the schema: strict, without empty columns but the optional ones, and gone with their parent's rows."""

import sqlite3

import pytest
from sqlite_utils import Database

from storage.sqlite.strict_table import strict_table


@pytest.fixture
def db():
    made = Database(memory=True, execute_plugins=False)
    strict_table(made, "pairs", {"no": int, "id": str}, key="no")
    strict_table(
        made, "findings", {"pair_no": int, "score": float}, optional=frozenset({"score"}), parent=("pair_no", "pairs", "no")
    )
    made.execute("PRAGMA foreign_keys = ON")
    yield made
    made.close()


def test_column_refuses_another_type(db):
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT value in REAL"):
        db.execute("INSERT INTO findings VALUES (1, 'half')")


def test_only_optional_columns_may_be_empty(db):
    db.execute("INSERT INTO pairs VALUES (1, 'a')")
    db.execute("INSERT INTO findings VALUES (1, NULL)")
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        db.execute("INSERT INTO pairs VALUES (2, NULL)")


def test_rows_go_with_their_parent(db):
    db.execute("INSERT INTO pairs VALUES (1, 'a')")
    db.execute("INSERT INTO findings VALUES (1, 0.5)")
    db.execute("DELETE FROM pairs")
    assert db.execute("SELECT count(*) FROM findings").fetchone() == (0,)
