"""The checks that an exchange passed, as one number: each set of names is stored once, in `check_sets`.

Most answers pass the same dozen of checks, so eight bytes stand for as many rows. The number is a hash of the names: no state is
shared between the processes and connections that write.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from storage.check_sets import set_number

ADD = "INSERT OR IGNORE INTO check_sets (no, signals) VALUES (?, ?)"
OF_EXCHANGE = """
SELECT e.id AS exchange_id, '' AS pair_id, 'check' AS comparison, value AS signal, 'match' AS state, 1.0 AS score,
       '' AS reason, '' AS subject, '' AS reference
FROM exchanges e JOIN check_sets s ON s.no = e.passed, json_each(s.signals) WHERE e.id = ? ORDER BY key
"""


def add(conn: sqlite3.Connection, sets: Iterable[tuple[str, ...]]) -> None:
    """Store the sets that are not stored yet."""
    conn.executemany(ADD, [(set_number(names), json.dumps(names)) for names in sets if names])
