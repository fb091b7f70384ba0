"""Connections keep the file private and consistent, and only one process writes it."""

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.sqlite.connection import (
    WriterLock,
    create_file,
    explain,
    identity,
    make_private,
    open_reading,
    open_writing,
    store_error,
)
from storage.sqlite.sqlite_reader import open_sqlite_reader
from storage.store import BusyError, StoreError
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
        "temp_store": 2,
        "journal_size_limit": 67_108_864,
        "wal_autocheckpoint": 4_000,
    }
    with closing(open_writing(path, 1.5)) as conn:
        assert {name: conn.execute(f"PRAGMA {name}").fetchone()[0] for name in expected} == expected


def test_bytes_numbers_and_nothing_are_stored_as_what_they_are(path):
    values = (b"", b"a\0b", True, False, None, 7, 0.5)
    with closing(open_writing(path, 1.0)) as conn:
        conn.execute("CREATE TABLE t (a, b, c, d, e, f, g)")
        conn.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        assert conn.execute("SELECT * FROM t").fetchone() == values
        kinds = conn.execute(f"SELECT {', '.join(map('typeof({})'.format, 'abcdefg'))} FROM t").fetchone()
    assert kinds == ("blob", "blob", "integer", "integer", "null", "integer", "real")


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


def test_file_that_is_no_database_is_not_kept_open_by_a_connection_that_could_not_be_made(path):
    path.write_bytes(b"no database " * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database") as refused:
        open_writing(path, 1.0)
    opened = [descriptor.resolve() for descriptor in Path("/proc/self/fd").iterdir()]
    assert path.resolve() not in opened, f"while the error is held: {refused.value}"


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
        (sqlite3.SQLITE_CORRUPT, "is damaged or not a SQLite database"),
        (sqlite3.SQLITE_BUSY, "is locked by another program"),
        (sqlite3.SQLITE_LOCKED, "is locked by another program"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "is locked by another program"),
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
        (sqlite3.SQLITE_LOCKED, True),
        (sqlite3.SQLITE_NOMEM, True),
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


@pytest.mark.parametrize(
    ("number", "passes"),
    [
        (errno.ENOSPC, True),
        (errno.EDQUOT, True),
        (errno.EIO, True),
        (errno.EMFILE, True),
        (errno.ENFILE, True),
        (errno.ENOMEM, True),
        (errno.EACCES, False),
        (errno.ENOENT, False),
    ],
)
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


def test_error_without_a_code_does_not_pass_and_is_one_of_opening(path):
    error = sqlite3.OperationalError("said so")
    assert not isinstance(store_error(path, error), StoreAwayError)
    assert "cannot be opened (said so)" in explain(path, error)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "no space"), "the disk is full: make room"),
        (OSError(errno.EDQUOT, "no quota"), "the disk is full: make room"),
        (OSError(errno.EACCES, "denied"), "cannot be written (denied): change url in [storage], or the rights of its folder"),
    ],
)
def test_refusal_of_the_file_system_names_the_path_and_what_to_do(path, error, words):
    assert explain(path, error).startswith(f"the database {path} cannot be written")
    assert words in explain(path, error)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_MISMATCH])
def test_row_that_is_refused_is_a_defect_to_be_reported(path, code):
    error = sqlite3.IntegrityError("said so")
    error.sqlite_errorcode = code
    assert explain(path, error) == f"the database {path} refused a row (said so): report it as a defect of sameweights"


def test_a_statement_waits_five_seconds_for_another_connection_unless_told_otherwise(conn, tmp_path):
    with closing(open_sqlite_reader(tmp_path / "store.db")) as reader:
        assert reader._query(lambda read: read.execute("PRAGMA busy_timeout").fetchone()) == (5_000,)


def test_database_in_a_folder_that_is_not_there_or_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(StoreError, match="does not exist: create it, or change url"):
        create_file(tmp_path / "none" / "rows.db")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="is not a regular file: name a file"):
        create_file(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "rows.db")
    with pytest.raises(OSError, match="symbolic links") as refused:
        create_file(tmp_path / "link")
    assert refused.value.errno == errno.ELOOP


def test_file_has_the_identity_of_its_inode_and_one_that_is_absent_has_none(path):
    state = path.stat()
    assert identity(path) == (state.st_dev, state.st_ino)
    path.unlink()
    assert identity(path) is None


def test_lock_file_holds_the_number_of_the_process_alone(path):
    lock = path.with_name("rows.db-lock")
    lock.write_text("123456789\n987654321\n")
    held = WriterLock(path)
    assert lock.read_text() == f"{os.getpid()}\n"
    assert held.identity == identity(lock)
    held.release()


def test_lock_of_a_process_that_left_no_number_is_of_an_unknown_one(path):
    held = WriterLock(path)
    path.with_name("rows.db-lock").write_text("")
    with pytest.raises(BusyError, match=r"\(process unknown\): stop that one"):
        WriterLock(path)
    held.release()


def test_lock_in_a_folder_that_is_not_there_is_an_error_of_the_file_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        WriterLock(tmp_path / "none" / "rows.db")
