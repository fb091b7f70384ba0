"""forget(): deletes chosen exchanges at once and for good: rows, the pages that held them, and the write-ahead log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from storage.rows import ErasureResult
from storage.sqlite import retention
from storage.store import ErasureChoice, StoreError

Run = Callable[[Callable[[sqlite3.Connection], int]], int]
"""Runs a job with the writing connection and returns its result."""


def forget(run: Run, chosen: ErasureChoice) -> ErasureResult:
    """Delete the chosen exchanges; StoreError when the database refuses."""
    return erase(run, lambda conn: retention.drop(conn, *_found(chosen)))


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


def _found(chosen: ErasureChoice) -> tuple[str, tuple[object, ...]]:
    given = {"conversation = ?": chosen.conversation, "tag = ?": chosen.tag, "started < ?": chosen.before}
    kept = {condition: value for condition, value in given.items() if value}
    where = " AND ".join(kept)
    return f"SELECT id FROM exchanges WHERE {where} LIMIT ?", (*kept.values(), retention.SLICE)  # noqa: S608 - conditions of this file
