"""A real PostgreSQL server for the tests of one process, started from Debian's binaries, with an empty store for each test.

`initdb` refuses root, so root starts it as the user postgres.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage.postgres.postgres_store import migrate_at
from tests.ports import free_port

PATIENCE = "180"
"""Seconds that `pg_ctl` waits."""
SETTINGS = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60"),
    *("wal_level=replica", "max_wal_senders=4", "autovacuum=off"),
)
ENCODING = ("--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync", "--username=sw")

ROWS = """
SELECT CASE WHEN relkind = 'S' THEN 'ALTER SEQUENCE ' || oid::regclass || ' RESTART' ELSE 'DELETE FROM ' || oid::regclass END
FROM pg_class
WHERE relkind IN ('S', 'r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace AND relname <> 'schema_steps'
ORDER BY relname = 'pair_hours'
"""
"""The statements that delete all rows, in an order that foreign keys allow, since they cascade. Changes of hours are deleted
last, because a trigger counts each pair that is deleted.
"""


def binaries() -> Path | None:
    """The folder of the newest installed server; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


def as_server(*command: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Runs a command as a user that a server accepts; raises with its output when it fails."""
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, check=False, cwd="/", env=env, **user, **more)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done


class PostgresServer:
    """One server; `database()` is the URL of a new database that has the tables, or none."""

    def __init__(self, folder: Path) -> None:
        home = binaries()
        assert home is not None
        self._bin, self._data, self.port = home, folder / "data", free_port()
        self._made = False
        self._names = map("test_{}".format, itertools.count())
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        as_server(str(home / "initdb"), "-D", str(self._data), *ENCODING)
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{setting}\n" for setting in (*SETTINGS, f"port={self.port}", "listen_addresses='127.0.0.1'"))
            conf.write("unix_socket_directories=''\n")
        self.start()

    @property
    def data(self) -> Path:
        """The folder of its files."""
        return self._data

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        log = str(self._data / "log")
        self._control("-l", log, "start", stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        """End it, and its connections."""
        self._control("-m", "fast", "stop")

    def _control(self, *words: str, **more: object) -> None:
        as_server(str(self._bin / "pg_ctl"), "-D", str(self._data), "-w", "-t", PATIENCE, *words, **more)

    @contextlib.contextmanager
    def standby(self, folder: Path) -> Iterator["PostgresServer"]:
        """A hot standby of this server, which follows it."""
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        other = PostgresServer.__new__(PostgresServer)
        other._bin, other._data, other.port = self._bin, folder / "standby", free_port()
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "sw", "-D", str(other._data))
        as_server(str(self._bin / "pg_basebackup"), *place, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        with (other._data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(f"port={other.port}\n")
        other.start()
        try:
            yield other
        finally:
            other.stop()

    def url(self, name: str, user: str = "sw") -> str:
        """The URL of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple]:
        """The rows of one statement, outside of a transaction."""
        with contextlib.closing(psycopg.connect(self.url(database), autocommit=True)) as conn:
            cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> str:
        """The URL of a new database without a table."""
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def database(self) -> str:
        """The URL of the database that has the tables, without a row: made once, since a new one costs a checkpoint."""
        if not self._made:
            self.execute("CREATE DATABASE made")
            migrate_at(self.url("made"))
            self._made = True
        return self.url("made")

    def clear(self) -> None:
        """Delete every row of that database; its days stay."""
        found = self.execute(ROWS, "made")
        self.execute(";".join(["BEGIN", *(statement for (statement,) in found), "COMMIT"]), "made")

    def drop(self, url: str) -> None:
        """Delete a database and end its connections."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed: apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="sameweights-postgres-"))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database with the tables and without a row."""
    yield postgres_server.database()
    postgres_server.clear()
