"""open_store(), open_reader(), record_preparer(): the configured store; the only module that lists the engines."""

from __future__ import annotations

from pathlib import Path

from storage.prepared_records import PreparedRecord, RecordPreparer
from storage.sqlite.sqlite_reader import SqliteReader, open_sqlite_reader
from storage.sqlite.sqlite_store import SqliteStore
from storage.storage_config import StorageConfig
from storage.store import Store, StoreError

__all__ = ["PreparedRecord", "RecordPreparer", "database_path", "open_reader", "open_store", "record_preparer"]
SCHEME = "sqlite:///"


def open_store(config: StorageConfig) -> Store:
    """The store for writing and reading, its schema brought up to date; StoreError, in one sentence, when it cannot be opened."""
    return SqliteStore(database_path(config.url), config)


def open_reader(config: StorageConfig) -> SqliteReader:
    """The store for reading only, also beside one that writes; StoreError when it is absent, older or newer. `close` it."""
    return open_sqlite_reader(database_path(config.url))


def database_path(url: str) -> Path:
    """The file of `sqlite:///relative.db`, `sqlite:////absolute.db` or a bare path; links resolved, `~` is the home folder."""
    scheme, separator, _ = url.partition("://")
    if separator and scheme != "sqlite":
        raise StoreError(f"[storage] url begins with '{scheme}://', which is not known: write sqlite:///FILE, or a bare path")
    name = url.removeprefix(SCHEME)
    if not name or "\0" in name or (name == url and url.startswith("sqlite:")) or (name != url and "?" in name):
        raise StoreError(f"[storage] url {url!r} names no database file: write sqlite:///FILE, or a bare path")
    return Path(name).expanduser().resolve()


def record_preparer() -> RecordPreparer:
    """What prepares records for `Store.add_prepared`, in any process."""
    return RecordPreparer()
