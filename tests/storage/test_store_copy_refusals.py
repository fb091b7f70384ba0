"""Why a file is not copied, in a sentence, after which it can be written again; no server is there."""

import sqlite3

import psycopg
import pytest

from storage import store_copy
from storage.sqlite.connection import WriterLock
from storage.store import StoreError
from storage.store_copy import copy_store

URL = "postgresql://me:word@there/records"


@pytest.fixture
def path(sqlite_store, tmp_path):
    sqlite_store.close()
    return tmp_path / "store.db"


def test_file_that_is_not_there_is_refused_before_a_server_is_looked_for(tmp_path):
    with pytest.raises(StoreError, match="does not exist: name the file of the installation that moves"):
        copy_store(tmp_path / "none.db", URL)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("odd"), "cannot be opened (odd): check its rights"),
        (
            psycopg.OperationalError("no word"),
            "nothing was copied: the PostgreSQL database records at there cannot be reached (no ***)",
        ),
        (StoreError("a sentence"), "a sentence"),
    ],
)
def test_error_of_either_database_is_a_sentence_and_the_file_can_be_written_again(path, monkeypatch, error, words):
    def fails(url):
        assert url == URL
        raise error

    monkeypatch.setattr(store_copy, "migrate_at", fails)
    with pytest.raises(StoreError) as raised:
        copy_store(path, URL)
    assert words in str(raised.value)
    assert (str(path) in str(raised.value)) == isinstance(error, sqlite3.Error)
    WriterLock(path).release()


class Answering:
    """A connection that answers a statement by rows."""

    def __init__(self, rows) -> None:
        self._rows = rows

    def execute(self, statement):
        return type("Found", (), {"fetchall": lambda _: self._rows[statement]})()


@pytest.mark.parametrize(("connections", "room", "wanted"), [(100, "6,400", "30"), (7, "448", "429"), (3_001, "192,064", "1")])
def test_locks_that_are_needed_are_named_with_the_setting_that_suffices(connections, room, wanted):
    server = Answering({store_copy.LOCKS_A_DAY: [(30,)], store_copy.LOCKS: [(64, connections)]})
    sentence = store_copy._locks_needed(server, URL, 100)
    assert "the file has records of 100 days, whose tables need up to 3,000 locks in one transaction" in sentence
    assert f"the PostgreSQL database records at there has room for about {room}: " in sentence
    assert f"set max_locks_per_transaction to {wanted} for the time of the copy" in sentence
