"""Connections keep the file private and consistent, and only one process writes it."""

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from storage.sqlite.connection import WriterLock, create_file, explain, make_private, open_reading, open_writing, store_error
from storage.store import StoreError
from storage.store_away import StoreAwayError


@pytest.fixture
def path(tmp_path):
    create_file(tmp_path / "rows.db")
    return tmp_path / "rows.db"


def test_the_writing_connection_is_set_as_the_store_promises(path):
    expected = {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "secure_delete": 1,
        "auto_vacuum": 2,
        "busy_timeout": 1_500,
        "trusted_schema": 0,
    }
    with closing(open_writing(path, 1.5)) as conn:
        assert {name: conn.execute(f"PRAGMA {name}").fetchone()[0] for name in expected} == expected


def test_bytes_booleans_and_nothing_are_stored_as_what_they_are(path):
    values = (b"", b"a\0b", True, False, None)
    with closing(open_writing(path, 1.0)) as conn:
        conn.execute("CREATE TABLE t (a, b, c, d, e)")
        conn.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", values)
        assert conn.execute("SELECT * FROM t").fetchone() == values
        kinds = conn.execute("SELECT typeof(a), typeof(b), typeof(c), typeof(d), typeof(e) FROM t").fetchone()
    assert kinds == ("blob", "blob", "integer", "integer", "null")


def test_a_reading_connection_cannot_write(path):
    with closing(open_writing(path, 1.0)) as conn:
        conn.execute("CREATE TABLE t (x)")
    with closing(open_reading(path, 1.0)) as conn, pytest.raises(sqlite3.OperationalError, match="readonly"):
        conn.execute("INSERT INTO t VALUES (1)")


def test_deleted_file_is_created_again_with_mode_600(path):
    path.unlink()
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        open_writing(path, 1.0)
    assert not path.exists()


@pytest.mark.promise("privacy.modes")
def test_files_are_closed_to_others(path):
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)
    make_private(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_lock_is_held_until_it_is_released_or_its_process_is_gone(path):
    lock = WriterLock(path)
    take = "import sys; from pathlib import Path; from storage.sqlite.connection import WriterLock; WriterLock(Path(sys.argv[1]))"
    refused = subprocess.run([sys.executable, "-c", take, str(path)], capture_output=True, text=True, check=False)
    assert "is already written by another sameweights" in refused.stderr
    lock.release()
    subprocess.run([sys.executable, "-c", take, str(path)], check=True)
    WriterLock(path).release()


def test_lock_file_with_any_content_can_be_locked(path):
    (path.parent / "rows.db-lock").write_bytes(b"\xff" * 100)
    lock = WriterLock(path)
    with pytest.raises(StoreError, match=r"\(process \d+\)"):
        WriterLock(path)
    lock.release()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_NOTADB, "is damaged or not a SQLite database"),
        (sqlite3.SQLITE_BUSY, "is locked by another program"),
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, "cannot be written or read (said so): make room on its disk"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "cannot be opened (said so)"),
    ],
)
def test_every_refusal_names_the_path_and_what_to_do(path, code, words):
    error = sqlite3.OperationalError("said so")
    error.sqlite_errorcode = code
    sentence = explain(path, error)
    assert str(path) in sentence
    assert words in sentence
    assert "[storage]" in sentence


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_SHMSIZE, True),
        (sqlite3.SQLITE_NOTADB, False),
        (sqlite3.SQLITE_READONLY, False),
        (sqlite3.SQLITE_CANTOPEN, False),
    ],
)
def test_error_of_sqlite_is_away_where_it_may_pass(path, code, passes):
    error = sqlite3.OperationalError("said so")
    error.sqlite_errorcode = code
    assert isinstance(store_error(path, error), StoreAwayError) is passes


@pytest.mark.parametrize(("number", "passes"), [(errno.ENOSPC, True), (errno.EMFILE, True), (errno.EACCES, False)])
def test_error_of_the_file_system_is_away_where_it_may_pass(path, number, passes):
    assert isinstance(store_error(path, OSError(number, "said so")), StoreAwayError) is passes


def test_full_disk_does_not_keep_the_lock_from_being_taken_and_released(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        WriterLock(path).release()
    WriterLock(path).release()


def test_repr_of_a_writer_lock_shows_whether_it_is_held(tmp_path):
    lock = WriterLock(tmp_path / "rows.db")
    assert repr(lock) == f"<WriterLock {tmp_path}/rows.db-lock held>"
    lock.release()
    assert repr(lock) == f"<WriterLock {tmp_path}/rows.db-lock released>"
