"""The secret of an installation is drawn once, stored, and printed nowhere."""

import sqlite3
from contextlib import closing

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError


def test_the_secret_is_drawn_once_and_the_same_after_a_restart(tmp_path):
    found = []
    for _ in range(2):
        with closing(open_store(StorageConfig(url=f"{tmp_path}/one.db"))) as store:
            found += [store.secret(), store.secret()]
    assert len(set(found)) == 1
    assert len(found[0]) == 32


def test_two_installations_draw_two_secrets(tmp_path):
    found = set()
    for name in ("one.db", "other.db"):
        with closing(open_store(StorageConfig(url=f"{tmp_path}/{name}"))) as store:
            found.add(store.secret())
    assert len(found) == 2


def test_a_secret_stored_meanwhile_stands(tmp_path):
    with closing(open_store(StorageConfig(url=f"{tmp_path}/one.db"))) as store:
        with closing(sqlite3.connect(tmp_path / "one.db")) as other:
            other.execute("INSERT INTO secrets (name, value) VALUES ('installation', ?)", (b"x" * 32,))
            other.commit()
        assert store.secret() == b"x" * 32


def test_a_secret_that_the_store_cannot_keep_is_reported(tmp_path):
    with closing(open_store(StorageConfig(url=f"{tmp_path}/one.db"))) as store:
        with closing(sqlite3.connect(tmp_path / "one.db")) as other:
            other.execute("DROP TABLE secrets")
        with pytest.raises(StoreError, match="no such table: secrets"):
            store.secret()
