"""Finds the line of each key of a TOML text, which tomllib does not report; tomllib must have parsed the text before."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys, and positions in lists, from 0."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""+'
    r"|'''.*?'''+"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|\n|[\[\]{},=.]"
    r"|[A-Za-z0-9_+:\-]+",
    re.DOTALL,
)


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Every key path of the text with the line (from 1) on which it is first written."""
    scan = _Scan(text)
    scan.document()
    return scan.found


def nearest_line(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of the path, or of the nearest table around it: where a missing key would have to be written."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _unquoted(token: str) -> str:
    return token[1:-1] if token[0] in "\"'" else token


@dataclass(slots=True)
class _Scan:
    """A reader of keys only; values are passed over, since tomllib has read them already."""

    text: str
    found: dict[KeyPath, int] = field(default_factory=dict)
    tokens: list[tuple[str, int]] = field(default_factory=list)
    at: int = 0
    items: dict[KeyPath, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        breaks = [found.start() for found in re.finditer("\n", self.text)]
        for found in _TOKEN.finditer(self.text):
            if not found.group().startswith("#"):
                self.tokens.append((found.group(), bisect_left(breaks, found.start()) + 1))

    def document(self) -> None:
        prefix: KeyPath = ()
        while self.at < len(self.tokens):
            if self._take("\n"):
                continue
            if self._take("["):
                prefix = self._header()
            else:
                self._assignment(prefix)

    def _peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "\n"

    def _take(self, token: str) -> bool:
        if self.at < len(self.tokens) and self._peek() == token:
            self.at += 1
            return True
        return False

    def _note(self, path: KeyPath) -> None:
        self.found.setdefault(path, self.tokens[min(self.at, len(self.tokens) - 1)][1])

    def _header(self) -> KeyPath:
        many = self._take("[")
        path = self._keys((), inside_items=True)
        if many:
            self.items[path] = self.items.get(path, -1) + 1
            path = (*path, self.items[path])
            self.at -= 1
            self._note(path)
        while self.at < len(self.tokens) and not self._take("\n"):
            self.at += 1
        return path

    def _keys(self, prefix: KeyPath, *, inside_items: bool = False) -> KeyPath:
        path = prefix
        while self.at < len(self.tokens) and self._peek() not in {"]", "=", "\n"}:
            if self._take("."):
                continue
            if inside_items and path in self.items:
                path = (*path, self.items[path])
            path = (*path, _unquoted(self._peek()))
            self._note(path)
            self.at += 1
        return path

    def _assignment(self, prefix: KeyPath) -> None:
        path = self._keys(prefix)
        if not self._take("="):
            self.at += 1  # never reached in valid TOML; keeps the scan total
            return
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._take("["):
            self._items(path)
        elif self._take("{"):
            while self.at < len(self.tokens) and not self._take("}"):
                if not (self._take(",") or self._take("\n")):
                    self._assignment(path)
        else:
            while self.at < len(self.tokens) and self._peek() not in {"\n", ",", "]", "}"}:
                self.at += 1

    def _items(self, path: KeyPath) -> None:
        position = 0
        while self.at < len(self.tokens) and not self._take("]"):
            if not any(self._take(token) for token in (",", "\n", "}")):
                self._note((*path, position))
                self._value((*path, position))
                position += 1
