"""forget(): deletes chosen exchanges at once and permanently: rows, the pages that held them, and the write-ahead log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator

from storage.erasure_choice import ErasureChoice
from storage.rows import ErasureExtent, ErasureResult
from storage.sqlite import retention
from storage.store import StoreError

Run = Callable[[Callable[[sqlite3.Connection], int]], int]
"""Runs a job with the writing connection and returns its result."""
TOURNAMENTS = """
SELECT DISTINCT s.name FROM studies s JOIN pairs p ON p.route = s.name AND p.started >= s.begun
WHERE s.kind = 'tournament' AND s.ended = 0 AND p.no IN (SELECT value FROM json_each(?)) ORDER BY s.name
"""
STORED = "SELECT count(*) FROM exchanges WHERE id IN (SELECT value FROM json_each(?))"
EVERY = -1
"""A limit that is none (SQLite, SELECT, "The LIMIT clause")."""


def forget(run: Run, chosen: ErasureChoice) -> ErasureResult:
    """Delete the chosen exchanges; StoreError when the database refuses."""
    erased = erase(run, lambda conn: retention.drop(conn, *_found(chosen, retention.SLICE)))
    if chosen.before and not (chosen.conversation or chosen.tag):
        run(lambda conn: retention.trim_sums(conn, chosen.before))
    return erased


def extent(conn: sqlite3.Connection, chosen: ErasureChoice) -> ErasureExtent:
    """What `forget` would delete."""
    going = {id_ for (id_,) in conn.execute(*_found(chosen, EVERY))}
    pairs = retention.with_pairs(conn, going)
    (exchanges,) = conn.execute(STORED, (json.dumps(sorted(going)),)).fetchone()
    tournaments = tuple(name for (name,) in conn.execute(TOURNAMENTS, (json.dumps(sorted(pairs)),)))
    return ErasureExtent(exchanges=exchanges, pairs=len(pairs), tournaments=tournaments)


def erase(run: Run, slice_of: Callable[[sqlite3.Connection], int]) -> ErasureResult:
    """Delete by `slice_of` until it deletes none, then cut off what was freed and empty the log; StoreError on a refusal."""
    try:
        gone = sum(_slices(run, slice_of))
        for _ in _slices(run, retention.shrink):
            pass
        return ErasureResult(exchanges=gone, log_emptied=bool(run(retention.checkpoint)))
    except (sqlite3.Error, StoreError) as error:
        raise StoreError(
            f"not everything could be deleted ({error}): free disk space or unlock the database, and run it again"
        ) from error


def _slices(run: Run, job: Callable[[sqlite3.Connection], int]) -> Iterator[int]:
    while went := run(job):
        yield went


def _found(chosen: ErasureChoice, limit: int) -> tuple[str, tuple[object, ...]]:
    given = {"conversation = ?": chosen.conversation, "tag = ?": chosen.tag, "started < ?": chosen.before}
    kept = {condition: value for condition, value in given.items() if value}
    where = " AND ".join(kept)
    return f"SELECT id FROM exchanges WHERE {where} LIMIT ?", (*kept.values(), limit)  # noqa: S608 - conditions of this file
