"""Connections to the database file, which is private to its owner and in WAL mode, and the lock of its one writer."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from storage.store import BusyError, StoreError
from storage.store_away import StoreAwayError

BUSY_SECONDS = 5.0
"""How long a statement waits for the lock of another connection before it fails."""
WAL_LIMIT = 64 * 1024 * 1024
"""The write-ahead log is cut back to this many bytes whenever a checkpoint has emptied it."""
CHECKPOINT_PAGES = 4_000
PRIVATE = 0o600
FILES = ("", "-wal", "-shm", "-lock")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_PASSING = frozenset({*_FULL, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of the file system that may pass."""
_PASSING_CODES = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
)
"""Those of SQLite; where the disk is full it has SQLITE_IOERR too."""

# sqlite3 stores these so anyway, but first looks in vain for an adapter of each value, which costs an exception
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(type(None), lambda none: none)


def create_file(path: Path) -> None:
    """Create the database file if it is absent, with mode 600; SQLite gives -wal and -shm the same mode.

    OSError where the file system refuses; StoreError when the path is no regular file or its folder does not exist.
    """
    if not path.parent.is_dir():
        raise StoreError(f"the folder of the database {path} does not exist: create it, or change url in [storage]")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW, PRIVATE))
    if not stat.S_ISREG(path.stat().st_mode):
        raise StoreError(f"the database {path} is not a regular file: name a file in [storage] url")


def identity(path: Path) -> tuple[int, int] | None:
    """(device, inode) of the file at a path; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def make_private(path: Path) -> None:
    """Set the mode of the database's files to 600."""
    for suffix in FILES:
        with suppress(OSError):  # absent, or owned by another user
            Path(f"{path}{suffix}").chmod(PRIVATE)


def open_writing(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """The connection that writes, in autocommit mode with explicit transactions; not bound to a thread."""
    conn = _connect(path, "rw", busy_seconds)
    try:
        conn.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only while the file is empty
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = NORMAL")
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute("PRAGMA secure_delete = ON")
        conn.execute("PRAGMA temp_store = MEMORY")
        conn.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        conn.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:
        conn.close()
        raise
    return conn


def open_reading(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection that cannot write; it does not wait for the writer, nor does the writer wait for it."""
    return _connect(path, "ro", busy_seconds)


def store_error(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """An error of the file system or of SQLite in one sentence: StoreAwayError for what may pass, else StoreError."""
    may_pass = error.errno in _PASSING if isinstance(error, OSError) else _code(error) in _PASSING_CODES
    return (StoreAwayError if may_pass else StoreError)(explain(path, error))


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def explain(path: Path, error: sqlite3.Error | OSError) -> str:
    """An error of the file system or of SQLite as one sentence with what to do."""
    full = f"the database {path} cannot be written, the disk is full: make room, or change url in [storage]"
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return full
        return f"the database {path} cannot be written ({error.strerror}): change url in [storage], or the rights of its folder"
    match _code(error):
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"the database {path} is damaged or not a SQLite database ({error}): move it away, or change url in [storage]"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"the database {path} is locked by another program: end it, or change url in [storage]"
        case sqlite3.SQLITE_FULL:
            return full
        case sqlite3.SQLITE_IOERR:
            return f"the database {path} cannot be written or read ({error}): make room on its disk, or change url in [storage]"
        case sqlite3.SQLITE_CONSTRAINT | sqlite3.SQLITE_MISMATCH:
            return f"the database {path} refused a row ({error}): report it as a defect of sameweights"
        case _:
            return f"the database {path} cannot be opened ({error}): check its rights and its disk, or change url in [storage]"


class WriterLock:
    """The right to write one database file, held by one process at a time until `release` or the process's end.

    An advisory flock(2) on a file of its own beside the database (`-lock`), because closing any other descriptor of the
    database itself would drop SQLite's own locks. The file stays when the lock is released, since removing it would race.
    """

    def __init__(self, path: Path) -> None:
        name = f"{path}-lock"
        try:
            self._file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, PRIVATE)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise StoreError(f"{name} is a symbolic link, which is not followed: remove it") from None
        self._name = name
        self._held = True
        self.identity = identity(Path(name))
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise BusyError(
                f"the database {path} is already written by another sameweights (process {holder}): "
                "stop that one, or give this one another url in [storage]"
            ) from None
        with suppress(OSError):  # because the number is for the message above alone, and a full disk does not take it
            os.truncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def __repr__(self) -> str:
        return f"<WriterLock {self._name} {'held' if self._held else 'released'}>"

    def release(self) -> None:
        """Release the lock, so that another process can take it."""
        self._held = False
        os.close(self._file)


def _connect(path: Path, mode: str, busy_seconds: float) -> sqlite3.Connection:
    conn = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=busy_seconds
    )
    try:
        conn.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        conn.close()
        raise
    return conn
