"""How alike two texts are, at a bounded price: over words, or over characters where words are not spaced."""

from __future__ import annotations

from collections.abc import Sequence

WORDS_FROM = 8_000
"""Characters of a text whose words are compared; the comparison is quadratic."""
CHARACTERS_FROM = 2_000
"""Characters compared one by one."""
LONGEST_WORD = 12
"""Characters per word beyond which a text is taken to be written without spaces (Chinese, Japanese, Thai, one long token)."""


def text_similarity(one: str, other: str) -> float:
    """Likeness of two texts in 0..1 by their words (Indel, order counts, spacing does not); two empty ones are alike.

    Only the first 8,000 characters of each are looked at; texts without spaces by their first 2,000 characters.
    """
    if one == other:
        return 1.0
    first, second = one[:WORDS_FROM].split(), other[:WORDS_FROM].split()
    if _unspaced(one, first) or _unspaced(other, second):
        return character_similarity(one, other)
    return _likeness(first, second)


def _unspaced(text: str, words: list[str]) -> bool:
    return min(len(text), WORDS_FROM) > LONGEST_WORD * max(len(words), 1) + LONGEST_WORD


def character_similarity(one: str, other: str) -> float:
    """Likeness of two strings in 0..1 by their first 2,000 characters; equal strings are 1, whatever their length."""
    if one == other:
        return 1.0
    return min(_likeness(one[:CHARACTERS_FROM], other[:CHARACTERS_FROM]), 1.0 - 1e-9)


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - 3 MiB that only a comparison of texts needs

    return Indel.normalized_similarity(one, other)


def ratio(one: float, other: float) -> float:
    """The smaller over the larger of two amounts >= 0; 1 when both are 0."""
    larger = max(one, other)
    return min(one, other) / larger if larger > 0 else 1.0
