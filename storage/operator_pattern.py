"""`Pattern`: an operator's regular expression in RE2, whose time is linear in the text.

One search is linear in its text; all matches of one text together are not. So they are counted, and a text with too many is
masked whole.
"""

from __future__ import annotations

import re
from typing import Protocol

MATCHES = 50_000
"""Matches of a pattern in one text."""
READ_BYTES = 256 * 1024 * 1024
"""Bytes behind the matches of one text, for a pattern without a longest match: after each match it may read to the end again."""
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")
_GROUPS = ("secret", "key")
_KNOWN = {
    "invalid perl operator": "look-around is not supported; write the part to remove as a group (?P<secret>...)",
    "invalid escape sequence": "it supports neither back references nor \\Z; write the text out, or \\z for its end",
    "invalid repetition size": "it repeats at most a thousand times; write * or + instead",
    "pattern too large": "write it shorter, or as two patterns",
}
_ADVICE = "see https://github.com/google/re2/wiki/Syntax for the supported syntax"


class TooManyMatchesError(Exception):
    """A text with more matches of a pattern than are searched."""


class _Match(Protocol):
    def span(self, group: int) -> tuple[int, int]:
        """Begin and end of a group; (-1, -1) where it is not part of the match."""


class Pattern:
    """A compiled pattern; ValueError, a sentence that quotes it, for one that RE2 does not accept."""

    def __init__(self, pattern: str) -> None:
        import re2  # noqa: PLC0415 - only an operator with patterns waits for it

        options = re2.Options()
        options.log_errors = False
        try:
            self._engine = re2.compile(pattern, options)
        except re2.error as error:
            raise ValueError(_sentence(pattern, error.args[0])) from None
        groups = self._engine.groupindex
        self._groups = [groups[name] for name in _GROUPS if name in groups]
        self._unbounded = _UNBOUNDED.search(pattern) is not None

    def is_in(self, data: bytes) -> bool:
        """Whether the pattern matches anywhere."""
        return self._engine.search(data) is not None

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Begin and end of each match: of the group `secret` or `key` where the pattern has one, else of the whole match."""
        found: list[tuple[int, int]] = []
        read_bytes = 0
        for match in self._engine.finditer(data):
            span = match.span()
            found.append(self._part(match, span))
            read_bytes += len(data) - span[1] if self._unbounded else 0
            if len(found) > MATCHES or read_bytes > READ_BYTES:
                raise TooManyMatchesError
        return found

    def masked(self, data: bytes) -> bytes:
        """`data` with an asterisk for each byte of each match; TooManyMatchesError where there are too many."""
        parts, done = [], 0
        for start, end in self.spans(data):
            parts += [data[done:start], b"*" * (end - start)]
            done = end
        return b"".join((*parts, data[done:])) if parts else data

    def masked_text(self, text: str) -> str:
        """`text` with an asterisk for each character of each match; only asterisks where there are too many matches."""
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
    """The pattern itself; ValueError when RE2 does not accept it."""
    Pattern(pattern)
    return pattern


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _sentence(pattern: str, error: object) -> str:
    message = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    advice = next((words for start, words in _KNOWN.items() if message.startswith(start)), _ADVICE)
    return f"{pattern!r} is not a regular expression of RE2, the engine of linear time: {message}; {advice}"
