"""What a database says of its own schema, without the code of its steps."""

import os
import subprocess
import sys
from contextlib import closing

import pytest

from storage.opening import open_store
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import SCHEMA
from storage.sqlite.schema_state import STEPS, pending, why_not_ours
from storage.storage_config import StorageConfig


def test_the_names_of_the_steps_are_those_of_the_migrations_in_their_order():
    assert list(STEPS) == [step.name for step in SCHEMA._migrations]


def test_a_new_database_is_ours_and_pending(tmp_path):
    create_file(tmp_path / "new.db")
    with closing(open_writing(tmp_path / "new.db", 1.0)) as conn:
        assert why_not_ours(conn) == ""
        assert pending(conn)


def test_a_database_is_pending_until_its_last_step(tmp_path):
    path = tmp_path / "one.db"
    open_store(StorageConfig(url=f"sqlite:///{path}")).close()
    with closing(open_writing(path, 1.0)) as conn:
        assert not pending(conn)
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (STEPS[-1],))
        assert pending(conn)
        assert why_not_ours(conn) == ""


def test_a_database_with_one_step_more_is_a_newer_versions(tmp_path):
    path = tmp_path / "one.db"
    open_store(StorageConfig(url=f"sqlite:///{path}")).close()
    with closing(open_writing(path, 1.0)) as conn:
        assert "newer version" in why_not_ours(conn, STEPS[:-1])


def test_a_database_with_another_table_is_another_programs(tmp_path):
    create_file(tmp_path / "other.db")
    with closing(open_writing(tmp_path / "other.db", 1.0)) as conn:
        conn.execute("CREATE TABLE notes (text TEXT)")
        assert "another program" in why_not_ours(conn)


@pytest.mark.slow
def test_a_current_database_is_opened_without_the_code_of_the_migrations(tmp_path):
    url = f"sqlite:///{tmp_path / 'one.db'}"
    open_store(StorageConfig(url=url)).close()
    code = (
        "import sys; from storage.opening import open_store; from storage.storage_config import StorageConfig; "
        f"open_store(StorageConfig(url={url!r})).close(); "
        "print([name for name in ('sqlite_utils', 'numpy', 'storage.sqlite.migrations') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."}, text=True) == "[]\n"
