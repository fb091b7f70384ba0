"""What a sweep deletes at the bounds of its days, what is summed, and which files a store opens; SQLite alone."""

import os
import sqlite3
from contextlib import closing

import pytest

from storage.sqlite import sqlite_store as sqlite_store_module
from storage.sqlite.sqlite_store import SqliteStore, claim_writer
from storage.storage_config import StorageConfig
from storage.store import BusyError, StoreError
from tests.conformance import DAY, PATIENCE, START, exchange_record, pair_record

NOW = START + 30 * DAY


def rows(path, table: str) -> int:
    with closing(sqlite3.connect(path)) as conn:
        return conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture
def path(sqlite_store, tmp_path):
    return tmp_path / "store.db"


def put(store, *records) -> None:
    for record in records:
        (store.add_pair if hasattr(record, "pair") else store.add_exchange)(record)
    assert store.flush(PATIENCE)


def test_more_exchanges_than_one_transaction_deletes_go_in_one_sweep(sqlite_store):
    put(sqlite_store, *(exchange_record(f"{number}", calls=0, checks=0, started=START - 1) for number in range(501)))
    assert sqlite_store.sweep(NOW) == 501


def test_ids_of_exchanges_without_a_row_go_after_a_day_and_their_sums_after_thirty(sqlite_store, path):
    name = f"{int(START * 1_000):012x}"
    put(sqlite_store, exchange_record(name)._replace(kept=False))
    found = []
    for now in (START + DAY, START + DAY + 1, START + 31 * DAY):
        sqlite_store.sweep(now)
        found.append((rows(path, "unkept_ids"), rows(path, "unkept_passages")))
    assert found == [(1, 1), (0, 1), (0, 0)]


def test_summed_hours_are_not_summed_again_and_go_with_their_pairs(sqlite_store, path):
    for number, started in enumerate((START - 2 * 3_600, START)):
        put(sqlite_store, exchange_record(f"{number}", started=started), pair_record(f"{number}", started=started))
    assert [sqlite_store.sum_hours(PATIENCE), sqlite_store.sum_hours(PATIENCE), rows(path, "hour_sums")] == [1, 0, 1]
    sqlite_store.sweep(START + 60 * DAY)
    assert (rows(path, "hour_sums"), rows(path, "pair_hours")) == (0, 0)


def test_space_that_a_sweep_frees_is_cut_off_the_file_and_its_log_is_emptied(sqlite_store, path):
    put(sqlite_store, *(exchange_record(f"{number}", response_body=os.urandom(100_000)) for number in range(20)))
    before = sqlite_store.extent()[0]
    assert sqlite_store.sweep(NOW + 1) == 20
    assert sqlite_store.extent()[0] < before - 20 * 100_000
    assert path.with_name("store.db-wal").stat().st_size == 0


def test_database_that_was_moved_is_created_again_and_logged_once_by_its_path(sqlite_store, path, logged):
    lines = logged("storage.sqlite.sqlite_store")
    put(sqlite_store, exchange_record("before"))
    path.rename(path.with_name("moved.db"))
    put(sqlite_store, exchange_record("after"))
    put(sqlite_store, exchange_record("later"))
    assert [(call.kwargs["event"], call.kwargs["path"]) for call in lines] == [("database_replaced", str(path))]
    assert sqlite_store.exchange("after")


def test_write_ahead_log_that_was_deleted_is_logged_by_its_path(sqlite_store, path, logged):
    lines = logged("storage.sqlite.sqlite_store")
    for name in ("one", "two"):
        put(sqlite_store, exchange_record(name))
    path.with_name("store.db-wal").unlink()
    put(sqlite_store, exchange_record("three"))
    assert [(call.kwargs["event"], call.kwargs["path"]) for call in lines] == [("wal_file_deleted", str(path))]


@pytest.mark.parametrize(("more", "is_checked"), [(0, True), (1, False)])
def test_damage_is_found_at_the_start_in_a_file_of_the_size_that_is_checked_and_in_no_larger_one(
    empty_database, tmp_path, monkeypatch, more, is_checked
):
    path = tmp_path / "damaged.db"
    whole = bytearray(empty_database.read_bytes())
    with closing(sqlite3.connect(empty_database)) as conn:
        (root,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'idx_pairs_upstream'").fetchone()
        (page,) = conn.execute("PRAGMA page_size").fetchone()
    whole[(root - 1) * page : root * page] = b"\xff" * page
    path.write_bytes(whole)
    monkeypatch.setattr(sqlite_store_module, "CHECKED_BYTES", len(whole) - more)
    if is_checked:
        with pytest.raises(StoreError, match=r"is damaged \(.*\): move it away, or change url"):
            SqliteStore(path, StorageConfig())
    else:
        SqliteStore(path, StorageConfig()).close()


def test_store_that_was_closed_can_be_closed_again_and_its_file_opened(sqlite_store, path):
    with pytest.raises(StoreError, match="is already written by another"):
        SqliteStore(path, StorageConfig())
    sqlite_store.close()
    sqlite_store.close()
    SqliteStore(path, StorageConfig()).close()
    assert sqlite_store.orders is None


def test_file_that_is_refused_is_not_held(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"no database " * 1_000)
    for _ in range(2):
        with pytest.raises(StoreError) as refused:
            claim_writer(path, 0.1)
        assert not isinstance(refused.value, BusyError)
