"""Pattern: an operator's regular expression, in an engine whose time grows with the text and never explodes (RE2).

A search is linear in its text; all matches of one text together are not, so they are counted, and a text that has too many is
given up whole: nothing of it is kept.
"""

from __future__ import annotations

import re
from typing import Protocol

MATCHES = 50_000
"""Matches of a pattern in one text."""
LOOKED_AT = 256 * 1024 * 1024
"""Bytes behind the matches of one text, for a pattern without a longest match: behind each it may look to the end again."""
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")
_GROUPS = ("secret", "key")
_KNOWN = {
    "invalid perl operator": "it knows no look-around; write what is to go as a group (?P<secret>...)",
    "invalid escape sequence": "it knows no back references and no \\Z; write the text out, or \\z for its end",
    "invalid repetition size": "it repeats a thousand times at most; write * or + in its place",
    "pattern too large": "write it shorter, or as two patterns",
}
_ADVICE = "see https://github.com/google/re2/wiki/Syntax for what it knows"


class TooManyMatchesError(Exception):
    """A text in which a pattern is found too often to look on."""


class _Match(Protocol):
    def span(self, group: int) -> tuple[int, int]:
        """Where a group begins and ends; (-1, -1) where it is not part of the match."""


class Pattern:
    """A compiled pattern; ValueError, a sentence that quotes it, for one that the engine does not take."""

    def __init__(self, pattern: str) -> None:
        import re2  # noqa: PLC0415 - only an operator with patterns waits for it

        options = re2.Options()
        options.log_errors = False
        try:
            self._engine = re2.compile(pattern, options)
        except re2.error as fault:
            raise ValueError(_sentence(pattern, fault.args[0])) from None
        groups = self._engine.groupindex
        self._groups = [groups[name] for name in _GROUPS if name in groups]
        self._unbounded = _UNBOUNDED.search(pattern) is not None

    def is_in(self, data: bytes) -> bool:
        """Whether it is found at all."""
        return self._engine.search(data) is not None

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where it is found: the group named `secret` or `key` where the pattern has one, else all of the match."""
        found: list[tuple[int, int]] = []
        looked_at = 0
        for match in self._engine.finditer(data):
            span = match.span()
            found.append(self._part(match, span))
            looked_at += len(data) - span[1] if self._unbounded else 0
            if len(found) > MATCHES or looked_at > LOOKED_AT:
                raise TooManyMatchesError
        return found

    def masked(self, data: bytes) -> bytes:
        """`data` with an asterisk for each byte of each match; TooManyMatchesError where it cannot be told."""
        parts, done = [], 0
        for start, end in self.spans(data):
            parts += [data[done:start], b"*" * (end - start)]
            done = end
        return b"".join((*parts, data[done:])) if parts else data

    def masked_text(self, text: str) -> str:
        """`text` with an asterisk for each character of each match; nothing but asterisks where it cannot be told."""
        data = text.encode("utf-8", "surrogatepass")
        try:
            spans = self.spans(data)
        except TooManyMatchesError:
            return "*" * len(text)
        parts, done = [], 0
        for start, end in spans:
            parts += [_text(data[done:start]), "*" * len(_text(data[start:end]))]
            done = end
        return "".join((*parts, _text(data[done:]))) if parts else text

    def _part(self, match: _Match, whole: tuple[int, int]) -> tuple[int, int]:
        spans = (match.span(group) for group in self._groups)
        return next((span for span in spans if span[0] >= 0), whole)


def checked(pattern: str) -> str:
    """The pattern itself; ValueError when the engine does not take it."""
    Pattern(pattern)
    return pattern


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _sentence(pattern: str, fault: object) -> str:
    told = fault.decode("utf-8", "replace") if isinstance(fault, bytes) else str(fault)
    advice = next((words for start, words in _KNOWN.items() if told.startswith(start)), _ADVICE)
    return f"{pattern!r} is no regular expression of RE2, the engine of linear time: {told}; {advice}"
