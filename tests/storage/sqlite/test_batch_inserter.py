"""The inserter returns for each record whether it is on disk, and continues after any error."""

import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from storage.sqlite import batch_inserter
from storage.sqlite.batch_inserter import BatchInserter
from storage.sqlite.connection import open_writing
from storage.store import Outcome
from tests.conformance import exchange_record, pair_record

STORED, BAD, AWAY = Outcome.STORED, Outcome.BAD, Outcome.AWAY


@pytest.fixture
def path(tmp_path, empty_database):
    return Path(shutil.copy(empty_database, tmp_path / "rows.db"))


@pytest.fixture
def inserter(path):
    held = BatchInserter(partial(open_writing, path, 0.1))
    yield held
    held.close()


@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_bad_record_in_a_batch_is_lost_alone_at_any_place(inserter, place):
    records = [exchange_record(f"good-{n}") for n in range(8)]
    records.insert(place, exchange_record("bad", model=b"bytes"))
    assert inserter.write(records) == [BAD if n == place else STORED for n in range(9)]
    assert inserter.written == 8
    assert inserter.last_error == ""


def test_a_batch_of_bad_records_and_an_empty_one_are_answered(inserter):
    assert inserter.write([pair_record("nobody"), exchange_record("bad", response_body=3)]) == [BAD, BAD]
    assert inserter.write([]) == []


def test_losses_are_logged_once_a_minute_and_without_a_word_of_the_record(inserter, logged):
    said = logged("storage.sqlite.batch_inserter")
    for n in range(20):
        inserter.write([exchange_record(f"bad-{n}", status="a secret status")])
    assert [call.kwargs["event"] for call in said] == ["record_not_stored"]
    assert "secret" not in repr(said)


def test_when_the_database_itself_fails_a_new_connection_is_made_for_the_next_batch(inserter, path):
    hidden = path.rename(path.with_name("hidden.db"))
    assert inserter.write([exchange_record("lost"), exchange_record("too")]) == [AWAY, AWAY]
    assert "unable to open" in inserter.last_error
    hidden.rename(path)
    assert inserter.write([exchange_record("kept")]) == [STORED]
    assert inserter.last_error == ""


def test_a_connection_that_broke_is_replaced(inserter):
    inserter.run(lambda conn: conn.execute("ALTER TABLE payoffs RENAME TO gone"))
    inserter.run(lambda conn: conn.execute("PRAGMA foreign_keys = OFF"))
    assert inserter.write([exchange_record("one"), pair_record("one")]) == [AWAY, AWAY]
    assert "payoffs" in inserter.last_error
    inserter.run(lambda conn: conn.execute("ALTER TABLE gone RENAME TO payoffs"))
    assert inserter.run(lambda conn: conn.execute("PRAGMA foreign_keys").fetchone()) == (1,), "it is another connection"
    assert inserter.write([exchange_record("one"), pair_record("one")]) == [STORED, STORED]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("half"), ZeroDivisionError("half")])
def test_what_a_job_raises_passes_and_no_transaction_stays_open(inserter, error):
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY  # after which the connection is kept

    def half(conn):
        conn.execute("BEGIN IMMEDIATE")
        raise error

    with pytest.raises(type(error), match="half"):
        inserter.run(half)
    assert inserter.last_error == ("half" if isinstance(error, sqlite3.Error) else "")
    assert inserter.run(lambda conn: conn.in_transaction) is False
    assert inserter.last_error == ""


def test_repr_shows_the_connection_and_the_last_error_and_no_record(inserter):
    assert repr(inserter) == "<BatchInserter not connected, 0 written, last error ''>"
    assert inserter.write([exchange_record("one")]) == [STORED]
    assert repr(inserter) == "<BatchInserter connected, 1 written, last error ''>"


def test_losses_are_logged_again_after_a_minute(inserter, logged, monkeypatch):
    lines, now, counts = logged("storage.sqlite.batch_inserter"), [0.0], []
    monkeypatch.setattr(batch_inserter.time, "monotonic", lambda: now[0])
    for moment in (1_000.0, 1_059.5, 1_060.0, 1_119.5, 1_120.0):
        now[0] = moment
        inserter.write([exchange_record("bad", response_body=3)])
        counts.append(len(lines))
    assert counts == [1, 1, 2, 2, 3]
    assert lines[0].kwargs["kind"] == "TypeError"


def test_after_each_batch_that_was_stored_the_database_is_seen_to_and_its_errors_are_ignored(path):
    calls = []

    def after(conn):
        conn.execute("BEGIN")
        calls.append(conn.execute("SELECT count(*) FROM exchanges").fetchone()[0])
        raise sqlite3.OperationalError("full")

    with closing(BatchInserter(partial(open_writing, path, 0.1), after_batch=after)) as held:
        assert held.write([]) == []
        assert held.write([exchange_record("one")]) == [STORED]
        assert held.write([exchange_record("one"), exchange_record("two")]) == [Outcome.KNOWN, STORED]
        assert (held.last_error, held.written) == ("", 2)
        assert held.run(lambda conn: conn.in_transaction) is False
        path.rename(path.with_name("hidden.db"))
        held.close()
        assert held.write([exchange_record("three")]) == [AWAY]
    assert calls == [1, 2]


@pytest.mark.parametrize(
    ("code", "kept"),
    [(sqlite3.SQLITE_BUSY, True), (sqlite3.SQLITE_LOCKED, True), (sqlite3.SQLITE_FULL, True), (sqlite3.SQLITE_IOERR, False)],
)
def test_connection_is_kept_after_an_error_that_passes_by_itself(inserter, code, kept):
    def fails(conn):
        error = sqlite3.OperationalError("made")
        error.sqlite_errorcode = code | 5 << 8  # an extended code
        raise error

    inserter.write([exchange_record("one")])
    with pytest.raises(sqlite3.OperationalError, match="made"):
        inserter.run(fails)
    assert ("not connected" in repr(inserter)) is not kept


def test_file_that_is_no_longer_in_its_place_is_opened_anew(path):
    in_place, opened = [True], []

    def connect():
        opened.append(open_writing(path, 0.1))
        return opened[-1]

    with closing(BatchInserter(connect, in_place=lambda: in_place[0])) as held:
        for place in (True, True, False):
            in_place[0] = place
            assert held.run(lambda conn: conn.execute("SELECT 1").fetchone()) == (1,)
    assert len(opened) == 2
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
