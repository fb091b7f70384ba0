"""UnansweredCommits: transactions whose commit got no answer, and the records that they stored after all.

A server that ends, or a network that is cut, may take the answer to a commit and not the commit. What that stored is then known
to the store at the next attempt, as is what another process stored meanwhile: only the number of the transaction separates
the two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import psycopg
from psycopg import errors

MOST = 16
"""Transactions that are remembered; of a record that is not offered again none is taken."""
NUMBER = "SELECT pg_current_xact_id_if_assigned()::text"
STATUS = "SELECT pg_xact_status(%s::text::xid8)"


@dataclass(slots=True)
class _Unanswered:
    number: str
    records: set[Hashable]
    is_committed: bool = False


class UnansweredCommits:
    """At most `MOST` of them, the latest; for one thread only."""

    def __init__(self) -> None:
        self._commits: deque[_Unanswered] = deque(maxlen=MOST)

    def __repr__(self) -> str:
        return f"<UnansweredCommits {len(self._commits)}>"

    def add(self, number: str, records: Iterable[Hashable]) -> None:
        """The commit of this transaction, which would store these records, got no answer."""
        self._commits.append(_Unanswered(number, set(records)))

    def look(self, conn: psycopg.Connection) -> None:
        """Find out what became of each, as far as the server knows now."""
        for commit in [each for each in self._commits if not each.is_committed]:
            found = is_committed(conn, commit.number)
            if found is False:
                self._commits.remove(commit)
            commit.is_committed = bool(found)

    def stored(self, record: Hashable) -> bool:
        """Whether one of them stored this record."""
        return any(commit.is_committed and record in commit.records for commit in self._commits)

    def forget(self, records: Iterable[Hashable]) -> None:
        """The owner of these records knows what became of them."""
        known = set(records)
        for commit in list(self._commits):
            commit.records -= known
            if not commit.records:
                self._commits.remove(commit)


def number_of(conn: psycopg.Connection) -> str:
    """The number of the open transaction; "" where it has written nothing."""
    [(number,)] = conn.execute(NUMBER).fetchall()
    return str(number or "")


def is_committed(conn: psycopg.Connection, number: str) -> bool | None:
    """Whether a transaction of this server was committed; None while it goes on. One that the server does not know was not."""
    try:
        with conn.transaction():
            [(status,)] = conn.execute(STATUS, (number,)).fetchall()
    except errors.InvalidParameterValue:  # a number that comes later, of a server that was restored from a backup
        return False
    return None if status == "in progress" else status == "committed"


def was_committed(conn: psycopg.Connection, number: str) -> bool:
    """Whether a transaction was committed; psycopg.OperationalError while it goes on."""
    found = is_committed(conn, number)
    if found is None:
        raise psycopg.OperationalError("the server has not ended the transaction of a connection that has ended")
    return found
