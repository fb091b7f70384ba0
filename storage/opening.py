"""open_store(), open_reader(), record_preparer(): the configured store; the only module that lists the engines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from storage.prepared_records import PreparedRecord, RecordPreparer
from storage.sqlite.sqlite_reader import open_sqlite_reader
from storage.sqlite.sqlite_store import SqliteStore
from storage.storage_config import StorageConfig, is_server
from storage.store import Reader, Store, StoreError

__all__ = [
    "OpenedReader",
    "PreparedRecord",
    "RecordPreparer",
    "check_url",
    "database_name",
    "database_path",
    "is_absent",
    "open_reader",
    "open_store",
    "own_folder",
    "record_preparer",
    "server_state",
    "server_url",
    "store_url",
]
SCHEME = "sqlite:///"
NO_DRIVER = "[storage] url names a PostgreSQL database, and its driver is not installed: pip install 'sameweights[fleet]'"


class OpenedReader(Reader, Protocol):
    """A reader that `open_reader` opened."""

    def close(self) -> None:
        """Release its connections."""


def open_store(config: StorageConfig) -> Store:
    """The store for writing and reading, its schema brought up to date; StoreError, in one sentence, when it cannot be opened."""
    url = store_url(config)
    if not is_server(url):
        return SqliteStore(database_path(url), config)
    checked = _checked_url(url)
    from storage.postgres.postgres_store import PostgresStore  # noqa: PLC0415 - only who configures it waits for its driver

    return PostgresStore(checked, config, read_url=read_url(config))


def open_reader(config: StorageConfig) -> OpenedReader:
    """The store for reading only, also beside one that writes; StoreError when it is absent, older or newer. `close` it."""
    url = store_url(config)
    if not is_server(url):
        return open_sqlite_reader(database_path(url))
    checked = _checked_url(url)
    from storage.postgres.postgres_reader import open_postgres_reader  # noqa: PLC0415 - as above

    return open_postgres_reader(read_url(config) or checked)


def store_url(config: StorageConfig, environ: Mapping[str, str] = os.environ) -> str:
    """The URL of the store: of `url_env` where that names a variable, else `url`; StoreError for a variable that is not set."""
    return _of_variable("url_env", config.url_env, environ) or config.url


def read_url(config: StorageConfig, environ: Mapping[str, str] = os.environ) -> str:
    """The URL of the standby that pages and reports read, "" where none is named; StoreError as `store_url`."""
    url = _of_variable("read_url_env", config.read_url_env, environ)
    if url and not is_server(url):
        raise StoreError(f"[storage] the variable {config.read_url_env} of read_url_env must begin with postgresql://")
    return _checked_url(url) if url else ""


def check_url(config: StorageConfig, environ: Mapping[str, str] = os.environ) -> None:
    """StoreError where `open_store` would refuse the URL or its variable; nothing is opened and no connection is made."""
    url = store_url(config, environ)
    if is_server(url):
        _checked_url(url)
        read_url(config, environ)
    else:
        database_path(url)


def server_state(config: StorageConfig) -> Sequence[tuple[bool, str]]:
    """(whether it is as it should be, sentence) for a PostgreSQL server and its standby; none for a file. StoreError as above."""
    url = store_url(config)
    if not is_server(url):
        return []
    checked = _checked_url(url)
    from storage.postgres.server_facts import server_facts  # noqa: PLC0415 - as above

    return server_facts(checked, read_url(config))


def database_name(config: StorageConfig) -> str:
    """The database in words, without user and password; StoreError as `store_url`."""
    url = store_url(config)
    if not is_server(url):
        return f"database {database_path(url)}"
    checked = _checked_url(url)
    from storage.postgres.postgres_connection import place  # noqa: PLC0415 - as above

    return place(checked)


def server_url(url: str) -> str:
    """The URL of a PostgreSQL database; StoreError for any other, or where the driver is not installed."""
    if not is_server(url):
        raise StoreError("the database to copy to is a PostgreSQL one: write postgresql://USER@HOST/DATABASE")
    return _checked_url(url)


def is_absent(config: StorageConfig) -> bool:
    """Whether the file of the database does not exist yet; never of a server."""
    url = store_url(config)
    return not is_server(url) and not database_path(url).exists()


def own_folder(config: StorageConfig) -> Path:
    """Where files beside the database are: its folder, or that of the process where it is on a server."""
    url = store_url(config)
    return Path.cwd() if is_server(url) else database_path(url).parent


def database_path(url: str) -> Path:
    """The file of `sqlite:///relative.db`, `sqlite:////absolute.db` or a bare path; links resolved, `~` is the home folder."""
    scheme, separator, _ = url.partition("://")
    if separator and scheme != "sqlite":
        raise StoreError(
            f"[storage] url begins with '{scheme}://', which is not known: write sqlite:///FILE, a bare path, or postgresql://..."
        )
    name = url.removeprefix(SCHEME)
    if not name or "\0" in name or (name == url and url.startswith("sqlite:")) or (name != url and "?" in name):
        raise StoreError(f"[storage] url {url!r} names no database file: write sqlite:///FILE, or a bare path")
    return Path(name).expanduser().resolve()


def record_preparer() -> RecordPreparer:
    """What prepares records for `Store.add_prepared`, in any process."""
    return RecordPreparer()


def _of_variable(key: str, name: str, environ: Mapping[str, str]) -> str:
    if name and not environ.get(name):
        raise StoreError(f"[storage] the variable {name} of {key} is not set: set it to a URL, or remove {key}")
    return environ[name] if name else ""


def _checked_url(url: str) -> str:
    try:
        from storage.postgres.postgres_connection import checked_url  # noqa: PLC0415 - as above
    except ImportError as error:
        raise StoreError(NO_DRIVER) from error
    return checked_url(url)
