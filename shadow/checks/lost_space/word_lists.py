"""Loads the word lists of this package from `words/`: plain text, read once when a module is imported.

A line that begins with `#` is a comment; the first ones state what a list holds and where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

_FOLDER = files(__package__) / "words"


def load_words(name: str) -> frozenset[str]:
    """The words of a list, which are separated by blanks."""
    return frozenset(word for line in _lines(name) for word in line.split())


def load_table(name: str) -> dict[str, tuple[str, ...]]:
    """A table of one word a line, each with the letters that belong to it; a word may have several lines."""
    table: dict[str, tuple[str, ...]] = {}
    for line in _lines(name):
        word, *letters = line.split()
        table[word] = (*table.get(word, ()), *letters)
    return table


def _lines(name: str) -> Iterator[str]:
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
