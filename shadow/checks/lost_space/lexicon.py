"""The English words by which a lost space is recognised, and the words that only look like two of them joined."""

from __future__ import annotations

from shadow.checks.lost_space.word_lists import load_words

FUNCTION_WORDS = load_words("english_function_words")
"""Words of three letters and more that build sentences; few longer words begin or end with one."""
COMMON_WORDS = load_words("english_common_words")
"""Words that most texts are made of, in the form of the dictionary and some others."""
FURTHER_WORDS = load_words("english_further_words")
"""Less common words of general and technical prose, in the form of the dictionary."""
UNDIVIDED_WORDS = load_words("english_undivided_words")
"""Words, names and identifiers that are two words of these lists by their letters only."""

SELDOM_IN_LONGER_WORDS = load_words("english_seldom_in_longer_words")
"""Words that hardly ever begin or end a longer one: beside one of these, any joined half of three letters is a lost space."""
LEFT_HALVES = SELDOM_IN_LONGER_WORDS | load_words("english_left_halves")
"""Words that may be the left half where the right half is a word seen elsewhere."""
RIGHT_HALVES = SELDOM_IN_LONGER_WORDS | load_words("english_right_halves")
"""Words that may be the right half where the left half is a word seen elsewhere."""
COMMON_HALVES = LEFT_HALVES | RIGHT_HALVES | load_words("english_other_halves")
"""Words common enough that two of them joined are a lost space, unless the two together are a word."""
UNDIVIDED_STEMS = load_words("english_undivided_stems")
"""Words and names that are two of the halves by their letters only, or that are compounds of them."""
_ENDINGS = ("ing", "ers", "ed", "er", "es", "s", "d")


def is_undivided(word: str) -> bool:
    """Whether a word is one of `UNDIVIDED_STEMS` or an inflection of it: foraging, forager, foraged of forage."""
    if word in UNDIVIDED_STEMS:
        return True
    stems = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
    return any(stem in UNDIVIDED_STEMS or f"{stem}e" in UNDIVIDED_STEMS for stem in stems)
