"""German: boundaries between two runs of letters that stand inside no word, although most long words are made of others.

A noun that follows small letters directly has lost its space.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadow.checks.lost_space.word_lists import load_table, load_words

COMMON_WORDS = load_words("german_common_words")
"""Words by whose share a text is recognised as German."""
CONTINUATIONS = load_table("german_continuations")
"""Small words, each with all letters that can follow it inside a longer word."""
BEGINNINGS = load_table("german_beginnings")
"""Small words, each with all letters that can stand before it at the end of a longer word."""
BEFORE_NOUNS = load_words("german_before_nouns")
"""Words after which a capital begins a noun; they begin no identifier of a program."""
ADJECTIVE_ENDINGS = (
    "igen",
    "igem",
    "iger",
    "iges",
    "ischen",
    "ische",
    "lichen",
    "liche",
    "ender",
    "enden",
    "endes",
    "ierte",
    "ierten",
)
"""Endings of adjectives, after which a capital begins a noun too."""
SHARE = 0.2
"""Share of common words from which a text is taken for German."""


def is_german(words: Sequence[str]) -> bool:
    """Whether a fifth of a text's words that are written small are the common ones; nouns and names do not count."""
    small = [word for word in words if word.islower()]
    return sum(word in COMMON_WORDS for word in small) >= SHARE * len(small)


def are_two_in_german(left: str, right: str) -> bool:
    """Whether two runs of letters that meet are two words of German."""
    if right[0].isupper():
        noun = len(right) > 2 and right[1:].islower() and not right.startswith("Innen")
        return noun and left.islower() and (left in BEFORE_NOUNS or left.endswith(ADJECTIVE_ENDINGS))
    if len(right) > 2 and left in CONTINUATIONS and not right.startswith(CONTINUATIONS[left]):
        return True
    return left[1:].islower() and len(left) > 3 and right in BEGINNINGS and not left.endswith(BEGINNINGS[right])
