"""What is stored of each source is counted with it, whole or not at all, and starts at 0 with each `serve`."""

import sqlite3
from contextlib import closing

import pytest

from storage.prepared_records import RecordPreparer
from storage.source_names import source
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import insert
from tests.conformance import exchange_record as live
from tests.running import PATIENCE


def test_stored_exchanges_are_counted_by_the_worker_that_handed_them_over(store):
    for number in range(5):
        record = live(f"{number:032d}")
        store.add_exchange(record._replace(source=source("run", number % 2)))
    store.add_exchange(live("f" * 32))
    assert store.flush(PATIENCE)
    assert store.begin_run("run") == {0: 3, 1: 2}


def test_the_handover_counts_of_another_run_begin_at_zero(sqlite_store):
    store = sqlite_store
    store.add_exchange(live("1" * 32)._replace(source=source("first", 0)))
    assert store.flush(PATIENCE)
    assert store.begin_run("second") == {}
    assert store.begin_run("first") == {}


def test_a_batch_that_fails_is_not_counted():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn)
        conn.execute("CREATE TRIGGER no BEFORE INSERT ON handovers BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(sqlite3.IntegrityError):
            insert(conn, [RecordPreparer().prepare(live("1" * 32)._replace(source="run/0"))])
        assert conn.execute("SELECT count(*) FROM exchanges").fetchone() == (0,)
