"""A new database, open for writing."""

from contextlib import closing

import pytest

from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import migrate


@pytest.fixture
def conn(tmp_path):
    create_file(tmp_path / "store.db")
    with closing(open_writing(tmp_path / "store.db", 1.0)) as conn:
        migrate(conn)
        yield conn
