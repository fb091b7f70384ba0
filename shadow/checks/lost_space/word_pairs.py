"""Whether two words came joined: pairs of halves that hardly ever make one word, and marks that hardly ever lack a space.

A stream of tokens cuts words in two all the time, so both halves must be known, one of them a word that builds sentences
or has the ending of one (`souls`, `quickly`), and the whole must be no word. Content words that make compounds (`water`,
`fall`) are no evidence.
"""

from __future__ import annotations

import re
from itertools import islice

from shadow.checks.lost_space.english_boundaries import (
    CONTINUATIONS,
    is_after_an_ending,
    is_beside_two_letters,
    is_between_words,
)
from shadow.checks.lost_space.lexicon import COMMON_WORDS, FUNCTION_WORDS, FURTHER_WORDS, UNDIVIDED_WORDS, is_undivided
from shadow.checks.lost_space.word_lists import load_words

TWO_LETTERS = load_words("english_two_letters")
"""Words of two letters, which are evidence only beside a function word."""
BEGINS_NO_OTHER = load_words("english_begins_no_other")
"""Words that begin hardly any other: what follows them directly has lost its space."""
ENDS_NO_OTHER = BEGINS_NO_OTHER - {"whose"} | load_words("english_ends_no_other")
"""Words that end hardly any other."""
LEFT_TWO_LETTERS, RIGHT_TWO_LETTERS = frozenset({"of", "we"}), frozenset({"of", "to", "is", "we", "if", "by"})
"""Words of two letters that begin, or end, hardly any other that is two known words."""
MAY_PRECEDE_A = FUNCTION_WORDS | LEFT_TWO_LETTERS | frozenset({"to", "is", "in", "as", "by", "be", "at", "on", "or"})
"""Words after which `a` is the article."""
BEGINS_COMPOUNDS = load_words("english_begins_compounds")
"""Words of six letters and more that begin compounds."""
ENDS_COMPOUNDS = load_words("english_ends_compounds")
"""Words of five letters and more that end compounds."""
_ENDINGS = ("ed", "ing", "ly", "tion", "ment", "ness", "ity", "ous", "ive", "ful", "able", "ible", "ies", "ence", "ance")

_CLAUSE = re.compile(r"[\s(]([A-Za-z]{2,})([,;:])$")
_SENTENCE = re.compile(r"[\s(]([a-z]{2,})([.!?])$")
_OPENING = re.compile(r"([A-Za-z]+)(?=[\s,;.!?')])")
_BEFORE_CODE = re.compile(r"[\s(]([a-z]{2,})$")
_REACH = 48


def begins_a_sentence(left: str, right: str) -> bool:
    """Whether a word with a capital begins a sentence: it is one that does, and a known word follows as inside no other."""
    small = left.casefold()
    return (
        small in CONTINUATIONS
        and right in KNOWN
        and not (small + right in UNDIVIDED_WORDS or small + right in KNOWN)
        and is_between_words(small, right)
    )


def _inflections(word: str) -> set[str]:
    """A word and its usual inflections."""
    made = {word}
    if len(word) > 2:
        made |= {word + ending for ending in ("s", "ed", "ing", "ly", "er")}
    if word.endswith("e") and len(word) > 2:
        made |= {word + "d", word + "r", word[:-1] + "ing", word[:-1] + "ation"}
    if word.endswith("y") and len(word) > 2:
        made |= {word[:-1] + "ies", word[:-1] + "ied"}
    if word.endswith(("s", "x", "ch", "sh")) and len(word) > 2:
        made.add(word + "es")
    return made


KNOWN = frozenset(form for word in COMMON_WORDS | FURTHER_WORDS | FUNCTION_WORDS for form in _inflections(word))
"""Every word that counts as known."""


def are_two(left: str, right: str) -> bool:
    """Whether two runs of small letters that meet are two words rather than the halves of one."""
    if left + right in UNDIVIDED_WORDS or left + right in KNOWN or is_undivided(left + right):
        return False
    if right == "a":
        return left in MAY_PRECEDE_A or _has_ending(left) or is_beside_two_letters(left, right, KNOWN)
    if is_between_words(left, right) or is_after_an_ending(left, right, KNOWN) or is_beside_two_letters(left, right, KNOWN):
        return True
    if len(left) < 2:
        return False
    if right in ENDS_NO_OTHER or (left in BEGINS_NO_OTHER and len(right) > 2):
        return True
    if left in TWO_LETTERS or right in TWO_LETTERS:
        return _are_two_with_two_letters(left, right)
    if left not in KNOWN or right not in KNOWN:
        return False
    return left in FUNCTION_WORDS or right in FUNCTION_WORDS or _has_ending(left) or _are_long(left, right)


def _are_long(left: str, right: str) -> bool:
    """Compounds are made of short words, but for those that are made of these."""
    return len(left) > 5 and len(right) > 4 and left not in BEGINS_COMPOUNDS and right not in ENDS_COMPOUNDS


def _are_two_with_two_letters(left: str, right: str) -> bool:
    if (left in TWO_LETTERS and right in FUNCTION_WORDS | TWO_LETTERS) or (right in TWO_LETTERS and left in FUNCTION_WORDS):
        return True
    if (left in LEFT_TWO_LETTERS and right in KNOWN and len(right) > 3) or (right in RIGHT_TWO_LETTERS and left in KNOWN):
        return True
    return right in TWO_LETTERS and _has_ending(left)


def _has_ending(word: str) -> bool:
    """A known word in a form that begins hardly any compound."""
    if word not in KNOWN or len(word) < 5:
        return False
    return word.endswith(_ENDINGS) or (word.endswith("s") and not word.endswith(("ss", "us", "is")) and word[:-1] in COMMON_WORDS)


def words_at_a_mark(text: str, at: int) -> tuple[str, str] | None:
    """The words about a boundary at a comma, at the end of a sentence or at the edge of a code span that has lost its space.

    The mark must stand nowhere else in the text without a space after it, and with one at least twice: else it is a list of
    values, an address or a name.
    """
    before, after = text[max(at - _REACH, 0) : at], text[at : at + _REACH] + " " * (at + _REACH > len(text))
    opening = _OPENING.match(after)
    if after[0] == "`":
        found = _BEFORE_CODE.search(before)
        return (found[1], "`") if found and found[1] in KNOWN and (after[1].isalnum() or after[1] in "_&<$\"'-{[") else None
    if not opening or opening[1].casefold() not in KNOWN:
        return None
    if before.endswith("`"):
        # an odd mark somewhere before turns beginnings into ends, but an end has no space before it
        return ("`", opening[1]) if len(opening[1]) > 1 and opening[1].islower() and not before[-2:-1].isspace() else None
    found = _SENTENCE.search(before) if opening[1][0].isupper() else _CLAUSE.search(before)
    if not found or not (found[1].casefold() in KNOWN or (opening[1].casefold() in CONTINUATIONS and found[1].islower())):
        return None
    tight = islice(re.finditer(rf"[A-Za-z]{re.escape(found[2])}[A-Za-z]", text), 2)
    return (found[1] + found[2], opening[1]) if len(list(tight)) == 1 and text.count(f"{found[2]} ") > 1 else None
