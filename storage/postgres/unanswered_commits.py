"""`RepeatableJob` and `UnansweredCommits`: what a transaction stored whose commit got no answer is this process's own.

A server that ends, or a network that is cut, may take the answer to a commit and not the commit. What that stored is then known
to the store at the next attempt, as is what another process stored meanwhile: only the number of the transaction separates
the two. A standby that took over before it had received a transaction may give its number to another one: a record is therefore
taken for stored only where its row is read as well. Where both hold by chance, two processes count the same record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import psycopg
from psycopg import errors

Result = TypeVar("Result")
MOST = 16
"""Transactions that are remembered; of a record that is not offered again none is taken."""
NUMBER = "SELECT pg_current_xact_id_if_assigned()::text"
STATUS = "SELECT pg_xact_status(%s::text::xid8)"


def _always(_: psycopg.Connection) -> bool:
    return True


class RepeatableJob(Generic[Result]):
    """A job of a transaction, which may be called again in another one where the commit of the first got no answer.

    `is_there` returns whether what the job wrote is read; without it the number of the transaction alone decides, and what a
    standby that took over had not received is lost, as is all else that it had not received.
    """

    def __init__(
        self, job: Callable[[psycopg.Connection], Result], is_there: Callable[[psycopg.Connection], bool] = _always
    ) -> None:
        self._job = job
        self._is_there = is_there
        self.results: list[Result] = []
        """The result of the last transaction in which the job came to its end, alone."""
        self.number = ""
        """The number of that transaction; "" for none, and where it wrote nothing."""

    def __repr__(self) -> str:
        return f"<RepeatableJob {self.number}>"

    def __call__(self, conn: psycopg.Connection) -> Result:
        """The result; that of the call before, where it was committed. psycopg.OperationalError while its transaction goes on."""
        if self.number and was_committed(conn, self.number) and self._is_there(conn):
            return self.results[0]
        self.results = [self._job(conn)]
        self.number = number_of(conn)
        return self.results[0]


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
        """Find out the outcome of each, as far as the server reports it now."""
        for commit in [each for each in self._commits if not each.is_committed]:
            found = is_committed(conn, commit.number)
            if found is False:
                self._commits.remove(commit)
            commit.is_committed = bool(found)

    def take(self, record: Hashable) -> bool:
        """Whether one of them stored this record, as far as was found out; the record is forgotten."""
        having = [commit for commit in self._commits if record in commit.records]
        for commit in having:
            commit.records.remove(record)
            if not commit.records:
                self._commits.remove(commit)
        return any(commit.is_committed for commit in having)


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
