"""The SQL of the names that records have, found by their indexes without reading the rows between two names; for both engines."""

from __future__ import annotations

STORED_KINDS = {"upstream": "pairs", "tag": "exchanges", "tenant": "exchanges", "conversation": "exchanges"}
"""The table of each kind of name; its column is called as the kind."""
ALL = """
WITH RECURSIVE names(name) AS (
  SELECT min({kind}) FROM {table} WHERE {kind} <> ''
  UNION ALL
  SELECT (SELECT min({kind}) FROM {table} WHERE {kind} > name AND {kind} <> '') FROM names WHERE name IS NOT NULL
)
SELECT name FROM names WHERE name IS NOT NULL LIMIT {limit}
"""
ONE = "SELECT {kind} FROM (SELECT {kind} FROM {table} WHERE {kind} = {name} AND {kind} <> '' LIMIT 1) one LIMIT {limit}"


def names_statement(kind: str, name: str, *, placeholder: str) -> tuple[str, tuple[str, ...]]:
    """The statement for names of a kind in their order, or for `name` alone where it is not empty, and its values but the limit,
    which comes last; ValueError for a kind without a column.
    """
    if kind not in STORED_KINDS:
        raise ValueError(f"no column holds names of the kind {kind!r}")
    statement = (ONE if name else ALL).format(kind=kind, table=STORED_KINDS[kind], name=placeholder, limit=placeholder)
    return statement, (name,) if name else ()
