"""The shared format of the report's tables."""

from __future__ import annotations

from rich import box
from rich.table import Table

NAMED = 9
"""Least width of the provider's column in a narrow terminal, in characters: that of `upstream` and `reference`."""


def report_table(*columns: str) -> Table:
    """A table without a frame; a column whose name begins with `<` is left-aligned and may wrap, the first one last."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for place, column in enumerate(columns):
        left = column.startswith("<")
        least = NAMED if not place else None
        table.add_column(
            column.strip("<"), justify="left" if left else "right", no_wrap=not left, overflow="fold", min_width=least
        )
    return table
