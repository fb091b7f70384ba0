"""Deletes rows: whole days by dropping their partitions, chosen exchanges one by one with their pairs and sums.

Dropping a day takes a lock that waits for every reader, and that every later statement waits behind: so it gives up after
`LOCK_MILLISECONDS`, and the next sweep tries again.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable

import psycopg
import structlog
from psycopg import errors

from storage import unkept_sums
from storage.erasure_choice import ErasureChoice
from storage.postgres import kept_hours, kept_sums
from storage.postgres.day_partitions import DAY, existing
from storage.postgres.schema_steps import BY_DAY, KEY
from storage.rows import ErasureExtent, ErasureResult
from storage.store import StoreError

log = structlog.get_logger()
SLICE = 500
"""Exchanges deleted in one transaction."""
LOCK_MILLISECONDS = 200
OTHER_OLD = "SELECT id FROM exchanges_other WHERE started < %s ORDER BY started, no LIMIT %s"
OF_TENANT = "SELECT id FROM exchanges WHERE tenant = %s AND tenant <> '' AND started < %s ORDER BY started LIMIT %s"
PAIRS = """
SELECT id, subject_id, reference_id, control_id FROM pairs
WHERE subject_id = ANY(%(ids)s) OR reference_id = ANY(%(ids)s) OR (control_id = ANY(%(ids)s) AND control_id <> '')
"""
TOURNAMENTS = """
SELECT DISTINCT s.name FROM studies s JOIN pairs p ON p.route = s.name AND p.started >= s.begun
WHERE s.kind = 'tournament' AND s.ended = 0 AND p.id = ANY(%s) ORDER BY s.name
"""
OF_PAIRS = ("findings", "payoffs", "trials", "pairs")
OF_EXCHANGES = ("payloads", "tool_calls", "checks", "exchanges")
SMALL = (
    "DELETE FROM tallies WHERE began < %s",
    "DELETE FROM passages WHERE began < %s",
    "DELETE FROM token_sums WHERE began < %s",
    *unkept_sums.trims("%s"),
)
OLD_ACTIONS = """
DELETE FROM operator_actions WHERE at < %(before)s AND until < %(before)s AND NOT (action = 'unmute' AND EXISTS (
  SELECT 1 FROM operator_actions m
  WHERE m.action = 'mute' AND m.provider = operator_actions.provider AND m.no < operator_actions.no AND m.until >= %(before)s
))
"""
"""The end of a mute stays as long as the mute, which would hold again without it."""
DROPPED_PAIRS = """
INSERT INTO deleted_pairs (study_no, pairs) SELECT s.no, count(*) FROM pairs_{} p JOIN studies s
ON s.kind = 'tournament' AND s.name = p.route AND s.begun <= p.started AND (s.ended = 0 OR p.started < s.ended)
GROUP BY s.no ORDER BY s.no
ON CONFLICT (study_no) DO UPDATE SET pairs = deleted_pairs.pairs + excluded.pairs
"""
"""Counts the pairs of a day by tournament before they are dropped, since a trigger sees deleted rows alone."""
OLD_ORDERS = "DELETE FROM orders WHERE at < now() - interval '1 day'"

Run = Callable[[Callable[[psycopg.Connection], int]], int]
"""Runs a job with the writing connection, in a transaction, and returns its result."""


def drop_rows(conn: psycopg.Connection, chosen: str, values: tuple[object, ...]) -> int:
    """Delete the exchanges whose ids the statement `chosen` selects, with all that refers to them; the number deleted.

    A pair is deleted with any of its exchanges, and so are its other exchanges, because half a pair is no evidence; with a
    reference's answer that several candidates were compared with, all their pairs are.
    """
    going = {id_ for (id_,) in conn.execute(chosen, values)}
    if not going:
        return 0
    pairs = with_pairs(conn, going)
    exchanges = sorted(going)
    # in the order in which a judge and a writer lock them: judgements, hours, and the other sums
    conn.execute("DELETE FROM rulings WHERE pair_id = ANY(%s)", (pairs,))
    kept_hours.change_hours(conn, "pairs WHERE id = ANY(%s)", (pairs,))
    kept_sums.subtract(conn, exchanges, pairs)
    for table in OF_PAIRS:
        conn.execute(f"DELETE FROM {table} WHERE {KEY[table]} = ANY(%s)", (pairs,))  # noqa: S608 - our own constants
    gone = 0
    for table in OF_EXCHANGES:
        gone = conn.execute(f"DELETE FROM {table} WHERE {KEY[table]} = ANY(%s)", (exchanges,)).rowcount  # noqa: S608 - as above
    return gone


def with_pairs(conn: psycopg.Connection, going: set[str]) -> list[str]:
    """The ids of all pairs that hold one of the exchanges `going`, to which their other exchanges are added."""
    pairs: set[str] = set()
    reached = going
    while reached:
        found = conn.execute(PAIRS, {"ids": list(reached)}).fetchall()
        pairs.update(id_ for id_, *_ in found)
        reached = {exchange for _, *others in found for exchange in others if exchange} - going
        going |= reached
    return sorted(pairs)


def drop_chosen(run: Run, chosen: ErasureChoice) -> ErasureResult:
    """Delete what was chosen; StoreError when the server refuses. Its vacuum has yet to overwrite it: `log_emptied` is False."""
    erased = drop_all(run, *_found(chosen, SLICE))
    if chosen.before and not (chosen.conversation or chosen.tag):
        run(lambda conn: trim_sums(conn, chosen.before))
    return ErasureResult(exchanges=erased, log_emptied=False)


def trim_sums(conn: psycopg.Connection, before: float) -> int:
    """Delete the sums of exchanges without a row of the stretches that ended at `before` or earlier; how many."""
    return sum(conn.execute(statement, (before,)).rowcount for statement in unkept_sums.trims("%s"))


def erasure_extent(conn: psycopg.Connection, chosen: ErasureChoice) -> ErasureExtent:
    """What `drop_chosen` would delete."""
    going = {id_ for (id_,) in conn.execute(*_found(chosen, None))}
    pairs = with_pairs(conn, going)
    row = conn.execute("SELECT count(*) FROM exchanges WHERE id = ANY(%s)", (sorted(going),)).fetchone()
    tournaments = tuple(name for (name,) in conn.execute(TOURNAMENTS, (pairs,)))
    return ErasureExtent(exchanges=int(row[0]) if row else 0, pairs=len(pairs), tournaments=tournaments)


def _found(chosen: ErasureChoice, limit: int | None) -> tuple[str, tuple[object, ...]]:
    """The statement that selects the ids of at most `limit` chosen exchanges (None for all), and its values."""
    given = {"conversation = %s": chosen.conversation, "tag = %s": chosen.tag, "started < %s": chosen.before}
    kept = {condition: value for condition, value in given.items() if value}
    statement = f"SELECT id FROM exchanges WHERE {' AND '.join(kept)} LIMIT %s"  # noqa: S608 - conditions of this file
    return statement, (*kept.values(), limit)


def drop_all(run: Run, statement: str, values: tuple[object, ...]) -> int:
    """Delete what `statement` selects, slice by slice, until it selects none; the number deleted."""
    try:
        gone = deleted = run(lambda conn: drop_rows(conn, statement, values))
        while deleted:
            deleted = run(lambda conn: drop_rows(conn, statement, values))
            gone += deleted
    except psycopg.Error as error:
        raise StoreError(f"not everything could be deleted ({error}): check the server, and run the command again") from error
    return gone


def drop_day(conn: psycopg.Connection, name: str, end: int) -> int:
    """Drop the partitions of one day, which ends at `end` (epoch seconds), with its sums; the number of its exchanges.

    0 where a reader holds them, or another host has dropped them.
    """
    try:
        with conn.transaction():
            conn.execute(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'")
            row = conn.execute(f"SELECT count(*) FROM exchanges_{name}").fetchone()  # noqa: S608 - eight digits
            conn.execute(f"DELETE FROM rulings WHERE pair_id IN (SELECT id FROM pairs_{name})")  # noqa: S608 - as above
            kept_hours.change_hours(conn, f"pairs_{name}")
            conn.execute(DROPPED_PAIRS.format(name))
            for table in BY_DAY:
                conn.execute(f"DROP TABLE {table}_{name}")
            for statement in SMALL:
                conn.execute(statement, (end,))
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        log.info("day_not_dropped", day=name, reason="a reader holds it; the next sweep tries again")
        return 0
    except errors.UndefinedTable:
        log.info("day_not_dropped", day=name, reason="another host has dropped it")
        return 0
    return int(row[0]) if row else 0


def old_days(conn: psycopg.Connection, before: float) -> list[tuple[str, int]]:
    """(name, end in epoch seconds) of the days that ended at `before` or earlier, oldest first."""
    return [(name, end) for name in existing(conn) if (end := end_of(name)) <= before]


def day_bytes(conn: psycopg.Connection) -> list[tuple[str, int]]:
    """(name, bytes on disk with indexes) of each day, oldest first; 0 bytes of one that another host drops meanwhile."""
    sizes = " + ".join(f"coalesce(pg_total_relation_size(to_regclass('{table}_' || day)), 0)" for table in BY_DAY)
    return [
        row
        for name in existing(conn)
        for row in conn.execute(f"SELECT day, {sizes} FROM (VALUES (%s)) x(day)", (name,))  # noqa: S608 - our own constants
    ]


def end_of(name: str) -> int:
    """The end (epoch seconds) of the day that a partition is named after."""
    return calendar.timegm(time.strptime(name, "%Y%m%d")) + DAY
