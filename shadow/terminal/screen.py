"""What standard output shows: its columns and whether it shows colours, and text wrapped to it."""

from __future__ import annotations

import os
import shutil
import sys

from shadow.presentation.visible_text import plain

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
    """The text, without controls, in lines of the terminal's width, words whole; later lines begin behind `indent` spaces.

    Controls get their names first, because a name is longer than its character.
    """
    import textwrap  # noqa: PLC0415 - what most commands do without

    return textwrap.fill(plain(text), columns(), break_long_words=False, break_on_hyphens=False, subsequent_indent=" " * indent)
