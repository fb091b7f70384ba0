"""Retention: deletes exchanges that are too old or too many, with their pairs, in slices so that writing goes on in between.

The file shrinks during a sweep: freed pages are overwritten with zeros (`secure_delete`), moved to the end of the file and cut
off (`incremental_vacuum`). At the end the write-ahead log is emptied into the file and truncated, unless a reader is active;
then the next sweep does it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from storage import unkept_sums
from storage.sqlite import finding_rollups, token_rollups, traffic_rollups
from storage.sqlite.body_chains import detach
from storage.sqlite.record_insertion import roll_back

SLICE = 500
"""Exchanges deleted in one transaction."""
PAGES = 1_000
"""Pages cut off the file in one transaction."""
CHECKPOINT_MILLISECONDS = 100
"""How long the writer waits for readers before it leaves the log for the next sweep."""

OLDEST = "SELECT id FROM exchanges WHERE started < ? ORDER BY started, no LIMIT ?"
OF_TENANT = "SELECT id FROM exchanges WHERE tenant = ? AND tenant <> '' AND started < ? ORDER BY started LIMIT ?"
PAIRS = """
WITH going(id) AS (SELECT value FROM json_each(?))
SELECT no, subject_id, reference_id, control_id FROM pairs WHERE subject_id IN (SELECT id FROM going)
UNION SELECT no, subject_id, reference_id, control_id FROM pairs WHERE reference_id IN (SELECT id FROM going)
UNION SELECT no, subject_id, reference_id, control_id FROM pairs WHERE control_id IN (SELECT id FROM going)
"""
DELETE_PAIRS = "DELETE FROM pairs WHERE no IN (SELECT value FROM json_each(?))"
DELETE_EXCHANGES = "DELETE FROM exchanges WHERE id IN (SELECT value FROM json_each(?))"
NUMBERS = "SELECT coalesce(max(no) - min(no) + 1, 0) FROM exchanges"


def drop_older(conn: sqlite3.Connection, before: float, limit: int = SLICE) -> int:
    """Delete at most about `limit` exchanges started before `before` (epoch seconds), oldest first; the number deleted."""
    return drop(conn, OLDEST, (before, limit))


def drop_of_tenant(conn: sqlite3.Connection, tenant: str, before: float) -> int:
    """Delete a slice of the exchanges of a tenant that started before `before` (epoch seconds); the number deleted."""
    return drop(conn, OF_TENANT, (tenant, before, SLICE))


def drop(conn: sqlite3.Connection, chosen: str, values: tuple[object, ...]) -> int:
    """Delete the exchanges whose ids the statement `chosen` selects, with all that refers to them; the number deleted.

    A pair is deleted with any of its exchanges, and so are its other exchanges, because half a pair is no evidence; with a
    reference's answer that several candidates were compared with, all their pairs are.
    """
    conn.execute("BEGIN IMMEDIATE")
    try:
        going = {row for (row,) in conn.execute(chosen, values)}
        numbers = _listed(with_pairs(conn, going))
        finding_rollups.subtract(conn, _listed(going), numbers)
        traffic_rollups.subtract(conn, _listed(going))
        token_rollups.subtract(conn, _listed(going))
        detach(conn, _listed(going))
        conn.execute(DELETE_PAIRS, (numbers,))
        gone = conn.execute(DELETE_EXCHANGES, (_listed(going),)).rowcount
        conn.execute("COMMIT")
    except BaseException:
        roll_back(conn)
        raise
    return gone


def trim_sums(conn: sqlite3.Connection, before: float) -> int:
    """Delete the sums of exchanges without a row of the stretches that ended at `before` (epoch seconds) or earlier; how many."""
    return sum(conn.execute(statement, (before,)).rowcount for statement in unkept_sums.trims("?"))


def trim_ids(conn: sqlite3.Connection, now: float) -> None:
    """Delete the ids of exchanges without a row that were known long enough at `now`."""
    conn.execute("DELETE FROM unkept_ids WHERE id < ?", (unkept_sums.known_since(now),))


def with_pairs(conn: sqlite3.Connection, going: set[str]) -> set[int]:
    """The numbers of all pairs that hold one of the exchanges `going`, to which their other exchanges are added."""
    numbers: set[int] = set()
    reached = going
    while reached:
        pairs = conn.execute(PAIRS, (_listed(reached),)).fetchall()
        numbers.update(no for no, *_ in pairs)
        reached = {exchange for _, *others in pairs for exchange in others if exchange} - going
        going |= reached
    return numbers


def drop_excess(conn: sqlite3.Connection, max_bytes: int) -> int:
    """Delete a slice of the oldest exchanges while more than `max_bytes` are in use; the number deleted, 0 at the end."""
    used = used_bytes(conn)
    (numbers,) = conn.execute(NUMBERS).fetchone()
    if used <= max_bytes or not numbers:
        return 0
    excess = math.ceil((used - max_bytes) / used * numbers)
    deleted = drop_older(conn, math.inf, min(excess, SLICE))
    for statement in unkept_sums.trims("(SELECT min(started) FROM exchanges)"):
        conn.execute(statement)
    return deleted


def keep_within(conn: sqlite3.Connection, max_bytes: int) -> None:
    """Delete the oldest exchanges while the database and its log are larger than `max_bytes`, and free the space.

    Called after each batch, so that the files exceed the limit by at most one batch and a log of a hundredth of the limit.
    """
    room = max_bytes - max_bytes // 50
    while used_bytes(conn) > room and drop_excess(conn, room):
        pass
    while _pragma(conn, "page_count") * _pragma(conn, "page_size") > room and shrink(conn):
        pass
    if _log_bytes(conn) > max_bytes // 100:
        checkpoint(conn)


def _log_bytes(conn: sqlite3.Connection) -> int:
    _, _, file = conn.execute("PRAGMA database_list").fetchone()
    log = Path(f"{file}-wal")
    return log.stat().st_size if file and log.exists() else 0


def extent(conn: sqlite3.Connection) -> tuple[int, float]:
    """Bytes of the file and its log, and when the oldest exchange started (epoch seconds); 0 without one."""
    (oldest,) = conn.execute("SELECT min(started) FROM exchanges").fetchone()
    return _pragma(conn, "page_count") * _pragma(conn, "page_size") + _log_bytes(conn), oldest or 0.0


def used_bytes(conn: sqlite3.Connection) -> int:
    """Bytes of the database in use: the size of the file without its free pages."""
    return (_pragma(conn, "page_count") - _pragma(conn, "freelist_count")) * _pragma(conn, "page_size")


def shrink(conn: sqlite3.Connection) -> int:
    """Cut some free pages off the file; how many, 0 when there are none (or the file was created without `auto_vacuum`)."""
    before = _pragma(conn, "freelist_count")
    conn.executescript(f"PRAGMA incremental_vacuum({PAGES})")  # because a cursor ends after its first page, having no columns
    return before - _pragma(conn, "freelist_count")


def checkpoint(conn: sqlite3.Connection) -> bool:
    """Empty the write-ahead log into the file and cut it to nothing; False when a reader prevented it."""
    previous = _pragma(conn, "busy_timeout")
    conn.execute(f"PRAGMA busy_timeout = {CHECKPOINT_MILLISECONDS}")
    try:
        busy, _, _ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        conn.execute(f"PRAGMA busy_timeout = {previous}")
    return not busy


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    (value,) = conn.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _listed(values: Iterable[object]) -> str:
    return json.dumps(list(values))
