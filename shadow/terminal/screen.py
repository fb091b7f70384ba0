"""What standard output shows: its columns and whether it shows colours, and text wrapped to it."""

from __future__ import annotations

import os
import shutil
import sys

WIDTH = 100
"""Columns of the output without a terminal and without COLUMNS."""


def is_colored() -> bool:
    """Whether standard output is a terminal that shows colours, and no variable forbids them."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """Columns of the terminal, or of COLUMNS where that is set; else `WIDTH`."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size((WIDTH, 24)).columns
    return WIDTH


def wrapped(text: str, *, indent: int = 0) -> str:
    """The text in lines of the terminal's width, words whole; those after the first begin behind `indent` spaces."""
    import textwrap  # noqa: PLC0415 - what most commands do without

    return textwrap.fill(text, columns(), break_long_words=False, break_on_hyphens=False, subsequent_indent=" " * indent)
