"""faulty(): the live answers that failed a check, sampled or not, with the reasons."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from storage.rows import AnswerFilter, FaultyAnswer

FILTERS = {
    "provider": "e.provider = :provider",
    "model": "e.model = :model",
    "since": "e.started >= :since",
    "until": "e.started < :until",
    "before_id": "(e.started, e.no) < (SELECT started, no FROM exchanges WHERE id = :before_id)",
}
"""What each field of an AnswerFilter adds to the condition when it is not empty."""
EVER = "EXISTS (SELECT 1 FROM tallies t WHERE t.comparison = 'check' AND t.state = 'differ'{})"
"""Evaluated once and first: a check that never failed ends the search before any answer is read."""
FAILED = "EXISTS (SELECT 1 FROM checks c WHERE c.exchange_no = e.no AND c.state = 'differ'{})"
NEWEST = " ORDER BY e.started DESC, e.no DESC LIMIT :limit"
ANSWERS = """
SELECT e.id, e.started, e.route, e.provider, e.model, e.status,
  coalesce((SELECT min(p.id) FROM pairs p WHERE p.subject_id = e.id), '')
FROM exchanges e WHERE e.role = 'primary' AND """
REASONS = """
SELECT e.id, c.signal, c.reason FROM exchanges e JOIN checks c ON c.exchange_no = e.no
WHERE e.id IN (SELECT value FROM json_each(?)) AND c.state = 'differ' ORDER BY c.rowid
"""


def faulty(conn: sqlite3.Connection, wanted: AnswerFilter) -> list[FaultyAnswer]:
    """The newest `limit` live answers of the filter in which a check failed, each with all its failed checks."""
    values = {name: getattr(wanted, name) for name in AnswerFilter.__slots__}
    conditions = [condition for name, condition in FILTERS.items() if values[name]]
    ever, failed = (
        part.format(f" AND {alias}.signal = :signal" * bool(wanted.signal)) for part, alias in ((EVER, "t"), (FAILED, "c"))
    )
    found = conn.execute(ANSWERS + " AND ".join([ever, *conditions, failed]) + NEWEST, values).fetchall()
    reasons = _reasons(conn, [row[0] for row in found])
    names = ("id", "started", "route", "provider", "model", "status", "pair_id")
    return [FaultyAnswer(**dict(zip(names, row, strict=True)), checks=tuple(reasons[row[0]])) for row in found]


def _reasons(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    reasons = defaultdict(list)
    for exchange_id, signal, reason in conn.execute(REASONS, (json.dumps(ids),)):
        reasons[exchange_id].append((signal, reason))
    return reasons
