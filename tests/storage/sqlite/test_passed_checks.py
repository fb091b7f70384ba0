"""A set of names is stored once."""

from contextlib import closing

from storage.sqlite import passed_checks
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import migrate


def test_set_that_is_stored_already_is_stored_once(tmp_path):
    create_file(tmp_path / "rows.db")
    with closing(open_writing(tmp_path / "rows.db", 1.0)) as conn:
        migrate(conn)
        for _ in range(2):
            passed_checks.add(conn, [("usage",), (), ("usage", "stop")])
        assert conn.execute("SELECT count(*) FROM check_sets").fetchone() == (2,)
