"""A new database, open for writing."""

import shutil
from contextlib import closing

import pytest

from storage.sqlite.connection import open_writing


@pytest.fixture
def conn(tmp_path, empty_database):
    shutil.copy(empty_database, tmp_path / "store.db")
    with closing(open_writing(tmp_path / "store.db", 1.0)) as conn:
        yield conn
