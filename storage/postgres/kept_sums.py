"""Sums kept beside the rows: findings and traffic by stretches of ten minutes, sets of checks, evident pairs, handovers.

They are written in the transaction of their rows, in the order of their keys, so that two workers never wait for each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import psycopg

from storage import unkept_sums
from storage.check_sets import set_number
from storage.evidence_rules import NEVER
from storage.postgres.kept_tokens import add_tokens, subtract_tokens
from storage.rollup_keys import CREDIBLE, STRETCH, SUMS, Key, Passed
from storage.unkept_sums import UnkeptBatch

ADD_COUNTS = """
INSERT INTO tallies (began, route, model, provider, reference, comparison, signal, state, control_reason, times)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (began, route, model, provider, reference, comparison, signal, state, control_reason)
DO UPDATE SET times = tallies.times + excluded.times
"""
OF_ROWS = f"""
count(*) AS requests, count(*) FILTER (WHERE model <> '' OR method = 'POST') AS asked,
count(*) FILTER (WHERE failure <> '') AS failures,
count(*) FILTER (WHERE failure = '' AND coalesce(status, 0) >= 400) AS errors,
coalesce(sum(CASE WHEN prompt_tokens > {CREDIBLE} THEN {CREDIBLE} ELSE prompt_tokens END), 0)::bigint AS prompt_tokens,
coalesce(sum(CASE WHEN completion_tokens > {CREDIBLE} THEN {CREDIBLE} ELSE completion_tokens END), 0)::bigint AS completion_tokens
"""
"""`least` would take the other value for an absent one."""
BOUNDS = """
max(CASE WHEN failure = '' AND status < 400 THEN prompt_tokens END) AS accepted,
min(CASE WHEN (unread <> '' OR status >= 400) AND EXISTS (
  SELECT 1 FROM checks c WHERE c.exchange_id = e.id AND comparison = 'check' AND signal = 'context_limit' AND state = 'differ'
) THEN request_size END) AS refused
"""
_BEGAN = f"floor(started / {STRETCH})::bigint * {STRETCH}"
_COUNTED = f"SELECT {_BEGAN} AS began, provider, model, role, {OF_ROWS}"
ADD_TRAFFIC = f"""
INSERT INTO passages (began, provider, model, role, {", ".join(SUMS)}, accepted, refused)
{_COUNTED}, {BOUNDS} FROM exchanges e WHERE id = ANY(%s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (began, provider, model, role) DO UPDATE SET
{", ".join(f"{name} = passages.{name} + excluded.{name}" for name in SUMS)},
accepted = greatest(passages.accepted, excluded.accepted), refused = least(passages.refused, excluded.refused)
"""
GOING_TRAFFIC = f"{_COUNTED} FROM exchanges WHERE id = ANY(%s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
TAKE_TRAFFIC = f"""
UPDATE passages SET {", ".join(f"{name} = {name} - %s" for name in SUMS)}
WHERE began = %s AND provider = %s AND model = %s AND role = %s
"""  # noqa: S608 - our own constants
EMPTY = (
    "DELETE FROM tallies WHERE began = ANY(%s) AND times <= 0",
    "DELETE FROM passages WHERE began = ANY(%s) AND requests <= 0",
)
ADD_SETS = "INSERT INTO check_sets (no, signals) VALUES (%s, %s) ON CONFLICT DO NOTHING"
ADD_SOURCE = """
INSERT INTO handovers (source, stored) VALUES (%s, %s)
ON CONFLICT (source) DO UPDATE SET stored = handovers.stored + excluded.stored, at = now()
"""
_NEVER = ", ".join(f"'{name}'" for name in NEVER)
DIFFERS = f"""EXISTS (
  SELECT 1 FROM findings f JOIN findings s ON s.pair_id = f.pair_id AND s.comparison = 'self' AND s.signal = f.signal
  WHERE f.pair_id = p.id AND f.comparison = 'cross' AND f.state = 'differ' AND s.state = 'match'
    AND f.signal NOT IN ({_NEVER}){{}}
)"""  # noqa: S608 - our own constants
"""The two answers differ in a signal, and the reference agrees with itself."""
FAILS_ALONE = """EXISTS (
  SELECT 1 FROM checks f WHERE f.exchange_id = p.subject_id AND f.state = 'differ'{} AND (
    EXISTS (
      SELECT 1 FROM exchanges r JOIN check_sets s ON s.no = r.passed
      WHERE r.id = p.reference_id AND s.signals::jsonb ? f.signal
    ) OR EXISTS (
      SELECT 1 FROM checks c WHERE c.exchange_id = p.reference_id AND c.signal = f.signal AND c.state = 'match'
    )
  )
)"""
"""The provider's answer failed a check that the reference's passed; a reference without an answer passed none."""
MARK = f"UPDATE pairs p SET evident = true WHERE id = ANY(%s) AND ({DIFFERS.format('')} OR {FAILS_ALONE.format('')})"  # noqa: S608 - as above
OF_PAIRS = f"""
SELECT {_BEGAN}, route, model, provider, p.reference, comparison, signal, state, control_reason, count(*)
FROM pairs p JOIN findings f ON f.pair_id = p.id WHERE p.id = ANY(%(ids)s) AND f.pair_id = ANY(%(ids)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""  # noqa: S608 - our own constants
OF_EXCHANGES = f"""
SELECT {_BEGAN}, route, model, provider, e.reference, comparison, signal, state, '', count(*)
FROM exchanges e JOIN checks c ON c.exchange_id = e.id WHERE e.id = ANY(%(ids)s) AND c.exchange_id = ANY(%(ids)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - our own constants
OF_PASSED = f"""
SELECT {_BEGAN}, route, model, provider, reference, 'check', value, 'match', '', count(*)
FROM exchanges e JOIN check_sets s ON s.no = passed, jsonb_array_elements_text(s.signals::jsonb)
WHERE id = ANY(%(ids)s) GROUP BY 1, 2, 3, 4, 5, 7
"""  # noqa: S608 - our own constants


def add(
    conn: psycopg.Connection,
    exchanges: Sequence[str],
    pairs: Sequence[str],
    counts: Mapping[Key, int],
    passed: Mapping[Passed, int],
) -> None:
    """Count the rows of these new exchanges and pairs, and mark the pairs that are evidence; the rows are written already."""
    with conn.cursor() as cursor:
        if sets := sorted({(set_number(names), json.dumps(names)) for *_, names in passed}):
            cursor.executemany(ADD_SETS, sets)
        if pairs:
            cursor.execute(MARK, (list(pairs),))
        if counts:
            cursor.executemany(ADD_COUNTS, [(*map(_text, key), times) for key, times in sorted(counts.items())])
        if exchanges:
            cursor.execute(ADD_TRAFFIC, (list(exchanges),))
            add_tokens(conn, exchanges)


def add_unkept(conn: psycopg.Connection, batch: UnkeptBatch) -> None:
    """Count the exchanges that get no row."""
    with conn.cursor() as cursor:
        for statement, rows in unkept_sums.statements(batch, "%s"):
            cursor.executemany(statement, [tuple(map(_text, row)) for row in rows])


def count_sources(conn: psycopg.Connection, counts: Mapping[str, int]) -> None:
    """Count what the open transaction stores, by source."""
    if counts:
        with conn.cursor() as cursor:
            cursor.executemany(ADD_SOURCE, sorted(counts.items()))


def subtract(conn: psycopg.Connection, exchanges: Sequence[str], pairs: Sequence[str]) -> None:
    """Subtract what is about to be deleted. The bounds of a stretch go with its last exchange."""
    found = [*conn.execute(OF_PAIRS, {"ids": list(pairs)})]
    found += [row for statement in (OF_EXCHANGES, OF_PASSED) for row in conn.execute(statement, {"ids": list(exchanges)})]
    traffic = conn.execute(GOING_TRAFFIC, (list(exchanges),)).fetchall()
    with conn.cursor() as cursor:
        if found:
            cursor.executemany(ADD_COUNTS, sorted((*key, -times) for *key, times in found))
        if traffic:
            cursor.executemany(TAKE_TRAFFIC, [(*row[4:], *row[:4]) for row in traffic])
    for statement, rows in zip(EMPTY, (found, traffic), strict=True):
        conn.execute(statement, (sorted({began for began, *_ in rows}),))
    subtract_tokens(conn, exchanges)


def _text(value: object) -> object:
    return value.replace("\0", "\ufffd") if type(value) is str and "\0" in value else value
