"""The rhythm of a stream: where nearly every boundary of its pieces stands at a space, one that does not has lost its own.

Servers that send whole words have this rhythm, in any language that has spaces, without a list of words. A stream of tokens
has a boundary without a space at every comma, so it has no such rhythm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, repeat
from operator import sub
from typing import NamedTuple

SINGLE_WORDS_FROM = 30
"""Boundaries at a space from which a stream of single words with their punctuation has a rhythm."""
GROUPS_FROM = 80
"""The same for a stream whose pieces begin or end with a space and hold any number of words."""
MOST_ODD = 0.02
"""Share of boundaries without a space up to which a stream has the rhythm."""
REACH = 48
"""Characters on either side of a boundary; a longer run without a space is a token of its own kind, cut for its length."""

_BOUNDARY = "\0"
_TIGHT = re.compile("\0(?<!\\s\0)(?!\\s)")
_LETTER = "[^\\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
"""A letter or digit of a script that puts spaces between its words."""
_QUOTES = "\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb*`"
_LEFT = re.compile(rf"\s[({_QUOTES}]{{0,4}}({_LETTER}+(?:['\u2019-]{_LETTER}+)*)[,.;:!?\u2026%){_QUOTES}]{{0,4}}$")
_RIGHT = re.compile(rf"[({_QUOTES}]{{0,4}}({_LETTER}+(?:['\u2019-]{_LETTER}+)*)[,.;:!?\u2026%){_QUOTES}]{{0,4}}\s")
_MARK = re.compile(r"\s([^\w\s/\\=@#<>{}()\[\]]{1,12})$")
"""The bullet of a list, a dash or an emoji, which stand before a space too."""
_ENDED = re.compile(rf"[^\W\d_][{_QUOTES})]{{0,3}}[,.;:!?][{_QUOTES})]{{0,3}}$")


class OddBoundary(NamedTuple):
    """A boundary against the rhythm: its offset, and the two words that meet there."""

    at: int
    left: str
    right: str


def tight_boundaries(pieces: Sequence[str]) -> list[int]:
    """The offsets of the boundaries with no space on either side; pieces are not empty."""
    joined = _BOUNDARY.join(pieces)
    if joined.count(_BOUNDARY) >= len(pieces):
        # because the mark is in the text too, another that is neither a space nor a letter replaces it there
        joined = _BOUNDARY.join(piece.replace(_BOUNDARY, "\1") for piece in pieces)
    parts = _TIGHT.split(joined)
    return list(accumulate(map(sub, map(len, parts[:-1]), map(str.count, parts, repeat(_BOUNDARY)))))


def odd_boundaries(pieces: Sequence[str], text: str, tight: Sequence[int]) -> list[OddBoundary] | None:
    """The boundaries that lost their space; None where the stream has no rhythm.

    `text` is the pieces joined, `tight` are the boundaries of theirs without a space.
    """
    spaced = len(pieces) - 1 - len(tight)
    if len(tight) > 1 and len(tight) > MOST_ODD * len(pieces):
        return None
    if spaced < SINGLE_WORDS_FROM or (spaced < GROUPS_FROM and not _is_of_words(pieces)):
        return None
    return [found for at in tight if (found := _odd_boundary(text, at))]


def _is_of_words(pieces: Sequence[str]) -> bool:
    """One word a piece, punctuation included: at least two pieces are a word with a mark, and hardly any holds two words."""
    marked = inner = 0
    for piece in pieces:
        bare = piece.strip()
        inner += " " in bare
        marked += bool(_ENDED.search(bare))
    return marked >= 2 and inner <= MOST_ODD * len(pieces)


def _odd_boundary(text: str, at: int) -> OddBoundary | None:
    """The boundary, when both sides are words of prose; code, addresses and identifiers hold other marks or are longer."""
    before = " " * (at < REACH) + text[max(at - REACH, 0) : at]
    left, right = (
        _LEFT.search(before) or _MARK.search(before),
        _RIGHT.match(text[at : at + REACH] + " " * (at + REACH > len(text))),
    )
    if not left or not right or (right[1][0].isdigit() and not left[1][-1].isalpha()):
        return None
    return OddBoundary(at, left[1], right[1])
