"""The shared format of the report's tables, and how a table fits a narrow terminal without breaking a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import StringIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

NAMED = 9
"""Least width of the provider's column in a narrow terminal, in characters: that of `upstream` and `reference`."""
_WIDEST = 10_000
_INDENT = 4
_NARROWEST = 12
_READ = 20_000
_WORD = re.compile(r"[^\W\d_]+")
_SHORT = 40
"""Most characters of a cell that shares a line with others."""


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


def fitted(part: RenderableType, width: int) -> RenderableType:
    """The part for `width` columns: a table whose words do not fit becomes lines, a row under its first cell.

    A word that alone is wider than the terminal is folded, as there is no other place for it.
    """
    if isinstance(part, Padding) and isinstance(part.renderable, Table):
        inside = fitted(part.renderable, width - part.left - part.right)
        return Padding(inside, (part.top, part.right, part.bottom, part.left))
    if not isinstance(part, Table):
        return part
    if part.expand:
        return part if _side_by_side(part, width) else Group(*_stacked(part))
    least, natural = _widths(part)
    room = width - _frame(part, natural)
    if sum(least) > room:
        return Group(*_stacked(part))
    for column, columns in zip(part.columns, _shared(least, natural, room), strict=True):
        column.width = columns
    return part


def _side_by_side(table: Table, width: int) -> bool:
    """Whether equal columns after the first, which names the rows, are wide enough for every word of letters in them."""
    label = max((cell_len(line) for cell in _cells(table.columns[0], table) for line in cell.split("\n")), default=0)
    each = (width - label - 3 * len(table.columns) - 1) // max(len(table.columns) - 1, 1)
    texts = (cell for column in table.columns[1:] for cell in _cells(column, table))
    return each >= _NARROWEST and not any(cell_len(word) > each for text in texts for word in _WORD.findall(text[:_READ]))


def _widths(table: Table) -> tuple[list[int], list[int]]:
    """Of each column the width of its longest word and of its longest line, within the most that the column may have."""
    lines = [[line for cell in _cells(column, table) for line in cell.split("\n")] for column in table.columns]
    natural = [max([column.min_width or 0, *map(cell_len, own)]) for column, own in zip(table.columns, lines, strict=True)]
    words = [max([0, *(cell_len(word) for line in own for word in line.split())]) for own in lines]
    least = [
        longest if column.no_wrap else max(word, column.min_width or 0)
        for column, longest, word in zip(table.columns, natural, words, strict=True)
    ]
    most = [column.max_width or _WIDEST for column in table.columns]
    return list(map(min, least, most)), list(map(min, natural, most))


def _cells(column: Column, table: Table) -> Iterator[str]:
    if table.show_header:
        yield _plain(column.header)
    yield from map(_plain, column.cells)


def _plain(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else f"{cell}"


def _frame(table: Table, natural: Sequence[int]) -> int:
    """The columns that borders and padding take."""
    console = Console(file=StringIO(), width=_WIDEST)
    return Measurement.get(console, console.options, table).maximum - sum(natural)


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """The room shared among the columns: each gets its longest word, then the narrowest columns all of their lines first."""
    widths, left = list(least), room - sum(least)
    for place in sorted(range(len(widths)), key=lambda place: natural[place]):
        more = min(natural[place] - widths[place], left)
        widths[place] += more
        left -= more
    return widths


def _stacked(table: Table) -> Iterator[RenderableType]:
    """Each row as its first cell, and below it the others: short ones on one line, each with its header."""
    headers = [_plain(column.header).replace("\n", " ") if table.show_header else "" for column in table.columns]
    for row, cells in zip(table.rows, zip(*(list(column.cells) for column in table.columns), strict=True), strict=True):
        texts = [cell if isinstance(cell, Text) else Text(_plain(cell), style=row.style or "") for cell in cells]
        yield texts[0]
        short = Text(" · ").join(_labelled(headers, texts, long=False))
        yield from (Padding(each, (0, 0, 0, _INDENT)) for each in (short, *_labelled(headers, texts, long=True)) if each.plain)


def _labelled(headers: Sequence[str], texts: Sequence[Text], *, long: bool) -> Iterator[Text]:
    for header, text in zip(headers[1:], texts[1:], strict=True):
        if text.plain and long == (len(text.plain) > _SHORT or "\n" in text.plain):
            yield Text.assemble((f"{header} " if header else "", "dim"), text)
