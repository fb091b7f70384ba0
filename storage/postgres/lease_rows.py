"""The judge's lease in a server: taken, renewed and checked by its clock, so that the clocks of the hosts do not matter."""

from __future__ import annotations

import psycopg

FIRST_LEASE = """
INSERT INTO leases (name, holder, until) SELECT 'judge', '', 0 WHERE NOT EXISTS (SELECT 1 FROM leases WHERE name = 'judge')
ON CONFLICT DO NOTHING
"""
CLAIM = """
UPDATE leases SET holder = %(holder)s, until = extract(epoch FROM clock_timestamp()) + %(seconds)s WHERE name IN (
  SELECT name FROM leases
  WHERE name = 'judge' AND (holder IN (%(holder)s, '') OR until <= extract(epoch FROM clock_timestamp())) FOR UPDATE SKIP LOCKED
)
"""
"""Takes nothing while another process is in the middle of a transaction that writes judgements."""
RENEW = """
UPDATE leases SET until = extract(epoch FROM clock_timestamp()) + %s WHERE name = 'judge' AND holder = %s
"""
"""Also of a lease that has run out, as when the server was away: until another process takes it, nothing has changed."""
HOLDER = """
SELECT holder, (until - extract(epoch FROM clock_timestamp()))::float8 FROM leases
WHERE name = 'judge' AND holder <> '' AND until > extract(epoch FROM clock_timestamp())
"""
HOLDS = "SELECT true FROM leases WHERE name = 'judge' AND holder = %s FOR SHARE"
"""No process takes the lease before the transaction that asks this has ended."""
IDLE_BOUND = "SET LOCAL idle_in_transaction_session_timeout = '3s'"
"""Shorter than the lease: a judge that is stopped in the middle of a transaction does not keep the next one from judging."""
RELEASE = "UPDATE leases SET holder = '' WHERE name = 'judge' AND holder = %s"


def claim(conn: psycopg.Connection, holder: str, seconds: float) -> bool:
    """Take or renew the lease; False while another process holds it."""
    conn.execute(FIRST_LEASE)
    return conn.execute(CLAIM, {"holder": holder, "seconds": seconds}).rowcount > 0


def renew(conn: psycopg.Connection, holder: str, seconds: float) -> bool:
    """Renew the lease; False when another process has had it since, or it was released."""
    return conn.execute(RENEW, (seconds, holder)).rowcount > 0


def release(conn: psycopg.Connection, holder: str) -> None:
    """Give the lease back."""
    conn.execute(RELEASE, (holder,))


def is_held(conn: psycopg.Connection, holder: str) -> bool:
    """Whether no other process has taken the lease; none does before this transaction ends, which may wait for little."""
    conn.execute(IDLE_BOUND)
    return conn.execute(HOLDS, (holder,)).fetchone() == (True,)


def holder_of(conn: psycopg.Connection) -> tuple[str, float]:
    """(process that has the lease, seconds that are left of it); ("", 0.0) where none has it."""
    name, left = conn.execute(HOLDER).fetchone() or ("", 0.0)
    return str(name), float(left)
