"""server_facts(): what a PostgreSQL server and its standby permit and how far they are, in sentences; changes nothing."""

from __future__ import annotations

from contextlib import closing
from typing import NamedTuple

import psycopg

from storage.postgres.postgres_connection import connect
from storage.postgres.schema_steps import lossy_encoding

PRIMARY = """
SELECT current_setting('server_version'), pg_is_in_recovery(),
       has_schema_privilege(current_schema(), 'CREATE') AND pg_has_role(current_user, c.relowner, 'USAGE')
FROM pg_class c WHERE c.oid = to_regclass('exchanges')
"""
"""A day of records is a new partition, which the owner of the table alone creates."""
STANDBY = """
SELECT pg_is_in_recovery(), CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
  ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END::float8
"""


class ServerFact(NamedTuple):
    """One thing that was found, and whether it is as it should be."""

    works: bool
    text: str


def server_facts(url: str, read_url: str) -> list[ServerFact]:
    """What is found at the primary and, where `read_url` names one, at the standby; StoreError where either is away."""
    with closing(connect(url, reading=True)) as conn:
        found = [_primary(conn)]
    if read_url:
        with closing(connect(read_url, reading=True)) as conn:
            found.append(_standby(conn))
    return found


def _primary(conn: psycopg.Connection) -> ServerFact:
    row = conn.execute(PRIMARY).fetchone()
    if row is None:
        return ServerFact(works=True, text="its tables are not there yet; serve creates them")
    version, follows, may_write = row
    if follows:
        return ServerFact(works=False, text="it is a standby, which accepts no records: name the primary in url")
    if not may_write:
        return ServerFact(works=False, text="this user does not own the tables, or may not create one a day: use their owner")
    if why := lossy_encoding(conn):
        return ServerFact(works=False, text=f"it {why}")
    return ServerFact(works=True, text=f"PostgreSQL {version.split()[0]}, this user may write")


def _standby(conn: psycopg.Connection) -> ServerFact:
    row = conn.execute(STANDBY).fetchone()
    assert row is not None  # since the statement has no FROM
    follows, seconds = row
    if not follows:
        return ServerFact(works=True, text="read_url_env does not name a standby: the server accepts writes")
    return ServerFact(works=True, text=f"the standby is {max(0.0, seconds):,.0f} s behind")
