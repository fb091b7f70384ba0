"""strict_table(): creates a STRICT table, as the steps of the schema do."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.db import ForeignKey, Table


def strict_table(
    db: Database,
    name: str,
    columns: dict[str, type],
    *,
    optional: frozenset[str] = frozenset(),
    key: str | None = None,
    parent: tuple[str, str, str] | None = None,
) -> Table:
    """A STRICT table; every column but the `optional` is NOT NULL; the rows go with their `parent` row."""
    links = [ForeignKey(name, *parent, on_delete="CASCADE")] if parent else []
    return db.table(name).create(columns, pk=key, not_null=set(columns) - optional - {key}, foreign_keys=links, strict=True)
