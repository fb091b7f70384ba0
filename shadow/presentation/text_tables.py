"""What the tables of a report share: their lines and columns, and how a moment is written."""

from __future__ import annotations

from datetime import UTC, datetime

from rich import box
from rich.table import Table

NAMED = 9
"""Columns that a provider's name has in a narrow terminal, as `upstream` and `reference` need."""


def moment(seconds: float) -> str:
    """A moment in UTC to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def report_table(*columns: str) -> Table:
    """A table without a frame; a column whose name begins with `<` stands to the left and may fold, the first one last."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for place, column in enumerate(columns):
        left = column.startswith("<")
        least = NAMED if not place else None
        table.add_column(
            column.strip("<"), justify="left" if left else "right", no_wrap=not left, overflow="fold", min_width=least
        )
    return table
