"""A new SQLite database, and the same records in both engines."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from storage.opening import open_store
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import migrate
from storage.storage_config import StorageConfig
from storage.store import Store
from tests.storage.postgres.same_records import put_records


@pytest.fixture
def conn(tmp_path):
    create_file(tmp_path / "store.db")
    with closing(open_writing(tmp_path / "store.db", 1.0)) as conn:
        migrate(conn)
        yield conn


@pytest.fixture(scope="session")
def both(postgres_server, tmp_path_factory) -> Iterator[tuple[Store, Store]]:
    """Two stores that hold the same records: of SQLite, and of PostgreSQL."""
    url = postgres_server.empty()
    path = tmp_path_factory.mktemp("both") / "store.db"
    with closing(open_store(StorageConfig(url=str(path)))) as one, closing(open_store(StorageConfig(url=url))) as other:
        for store in (one, other):
            put_records(store)
        yield one, other
    postgres_server.drop(url)
