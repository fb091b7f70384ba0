"""A store opens, or the error states in one sentence the file, what is wrong with it and what to do."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.opening import check_url, database_path, open_reader, open_store
from storage.sqlite.migrations import SCHEMA
from storage.sqlite.sqlite_store import SqliteStore
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import PATIENCE, exchange_record, exchange_row, offered


def config(url) -> StorageConfig:
    return StorageConfig(url=str(url), batch_seconds=0.01)


def filled(path: Path, exchanges: int = 1) -> None:
    with closing(open_store(config(path))) as store:
        for n in range(exchanges):
            store.add_exchange(exchange_record(f"one-{n}"))
        assert store.flush(PATIENCE)


def refused(url, opening=open_store) -> str:
    with pytest.raises(StoreError) as raised:
        opening(config(url))
    sentence = str(raised.value)
    assert "\n" not in sentence
    return sentence


def test_an_address_is_relative_absolute_or_a_bare_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert database_path("sqlite:///relative.db") == tmp_path / "relative.db"
    assert database_path("sqlite:///deep/er.db") == tmp_path / "deep/er.db"
    assert database_path(f"sqlite:///{tmp_path}/absolute.db") == tmp_path / "absolute.db"
    assert database_path("bare.db") == tmp_path / "bare.db"
    assert database_path("~/bare.db") == tmp_path / "home/bare.db"
    assert database_path("what?.db") == tmp_path / "what?.db"


def test_two_names_of_one_file_are_one_store(tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    with closing(open_store(config(tmp_path / "real.db"))):
        assert "real.db is already written by another sameweights" in refused(tmp_path / "link.db")


@pytest.mark.parametrize("name", ["plain.db", "a b%20c?d#e.db", "größe.db"])
def test_a_store_opens_under_any_name_and_a_reader_beside_it(tmp_path, name):
    with closing(open_store(config(tmp_path / name))) as store:
        assert offered(store.add_exchange, exchange_record("one")).result(PATIENCE)
        with closing(open_reader(config(tmp_path / name))) as reader:
            assert reader.exchange("one") == exchange_row("one")
    with closing(open_reader(config(tmp_path / name))) as reader:
        assert reader.exchange("one") == exchange_row("one"), "with no writer too"
    assert (tmp_path / name).is_file()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:rows.db", "sqlite://rows.db", "sqlite:///rows.db?mode=ro", "a\0b"]
)
def test_an_address_that_names_no_file_is_refused(url):
    assert "names no database file: write sqlite:///FILE, or a bare path" in refused(url)


def test_an_engine_that_is_not_known_is_refused_without_its_password():
    assert refused("mysql://someone:secret@host/rows") == (
        "[storage] url begins with 'mysql://', which is not known: write sqlite:///FILE, a bare path, or postgresql://..."
    )


@pytest.mark.parametrize(
    "url", ["mysql://u:p@h/d", "sqlite:///", "postgresql://sw@db.example", "postgresql://sw:a@b@db.example/d"]
)
def test_a_url_that_no_store_opens_is_refused_alike_before_anything_is_opened(url):
    assert refused(url, lambda one: check_url(one, {})) == refused(url)


def test_a_url_that_may_be_opened_is_checked_without_a_file_or_a_server(tmp_path):
    check_url(config(tmp_path / "absent" / "a.db"), {})
    check_url(config("postgresql://sw@nowhere.invalid/sw"), {})
    assert not (tmp_path / "absent").exists()


def test_a_missing_folder_is_named_and_not_made(tmp_path):
    sentence = refused(tmp_path / "absent" / "rows.db")
    assert f"the folder of the database {tmp_path}/absent/rows.db does not exist: create it" in sentence
    assert not (tmp_path / "absent").exists()


def test_what_cannot_be_written_is_refused_with_the_reason(tmp_path):
    (tmp_path / "file").touch()
    assert "does not exist: create it" in refused(tmp_path / "file" / "rows.db"), "a file where a folder is expected"
    assert f"{tmp_path} cannot be written (Is a directory)" in refused(tmp_path)
    assert "cannot be written (" in refused("/proc/rows.db")
    assert "the database /dev/full is not a regular file" in refused("/dev/full")
    assert "cannot be written (File name too long)" in refused(tmp_path / ("n" * 300))


def test_a_lock_file_that_cannot_be_made_is_a_sentence_too(tmp_path):
    (tmp_path / "rows.db-lock").mkdir()
    assert "rows.db cannot be written (Is a directory)" in refused(tmp_path / "rows.db")


def test_a_failed_opening_leaves_no_lock_behind(tmp_path):
    path = tmp_path / "rows.db"
    path.write_bytes(b"something else" * 100)
    refused(path)
    path.unlink()
    filled(path)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"dear diary, " * 1_000)
    for opening in (open_store, open_reader):
        assert "notes.txt is damaged or not a SQLite database" in refused(path, opening)
    assert path.read_bytes() == b"dear diary, " * 1_000


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE bookmarks (title TEXT)")
    path.chmod(0o644)
    before = path.read_bytes()
    for opening in (open_store, open_reader):
        assert "other.db is a SQLite database of another program: change url" in refused(path, opening)
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_damaged_database_is_refused(tmp_path):
    path = tmp_path / "rows.db"
    filled(path, exchanges=300)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "rows.db is damaged" in refused(path), "cut off"
    noise = random.Random(1).randbytes(40_000)
    path.write_bytes(whole[:-60_000] + noise + whole[-60_000 + len(noise) :])
    assert "rows.db is damaged" in refused(path), "scribbled over"


def test_an_empty_file_becomes_a_store(tmp_path):
    (tmp_path / "rows.db").touch()
    filled(tmp_path / "rows.db")


def test_a_database_of_a_newer_version_is_refused_by_writer_and_reader(tmp_path):
    path = tmp_path / "rows.db"
    filled(path)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('sameweights', 'm999_later', '')")
    for opening in (open_store, open_reader):
        sentence = refused(path, opening)
        assert f"{path} was written by a newer version of sameweights: install that version" in sentence


def test_a_reader_does_not_touch_a_database_of_an_older_version(tmp_path):
    path = tmp_path / "rows.db"
    filled(path)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (SCHEMA._migrations[-1].name,))
    assert "rows.db was written by an older version of sameweights: start sameweights serve once" in refused(path, open_reader)


def test_a_reader_makes_no_file(tmp_path):
    sentence = refused(tmp_path / "rows.db", open_reader)
    assert f"the database {tmp_path}/rows.db does not exist: start sameweights serve with it" in sentence
    assert not list(tmp_path.iterdir())


def test_a_database_locked_by_another_program_is_refused(tmp_path):
    path = tmp_path / "rows.db"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"rows\.db is locked by another program: end it"):
            SqliteStore(path, config(path), busy_seconds=0.1)
        other.execute("ROLLBACK")
    filled(path)
