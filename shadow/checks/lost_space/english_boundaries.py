"""English: boundaries between two runs of letters that stand inside no word, by a word on one side and letters on the other.

The other run may be unknown: no word continues with `th` after `and`, or ends in `ing` before `the`.
"""

from __future__ import annotations

from shadow.checks.lost_space.word_lists import load_table, load_words

CONTINUATIONS = load_table("english_continuations")
"""Words that begin sentences and their parts, each with all letters that can follow it inside a longer word."""
BEGINNINGS = load_table("english_beginnings")
"""Words of the same kind, each with all letters that can stand before it at the end of a longer word."""

CLOSINGS = ("ations", "ously", "ically", "ities", "ements", "ingly", "edly", "ably", "ness", "nesses", "ively", "ially", "ually")
"""Endings after which hardly any word continues."""
SHORTEST_RUN = 3
"""Letters of the other run from which it counts."""

BEHIND_TO = load_words("english_behind_to")
BEHIND_A = load_words("english_behind_a")
"""Words that make another word behind `a` or `to`."""
BEHIND_TWO_LETTERS = load_table("english_behind_two_letters")
"""Words of two letters, each with the beginnings of what makes a longer word behind it."""
BEFORE_TWO_LETTERS = {word: frozenset(others) for word, others in load_table("english_before_two_letters").items()}
"""Words of two letters, each with the words that make a longer one before it."""
BEFORE_A = load_words("english_before_a")
"""Beginnings that `a` completes to another word."""
BEFORE_NAMES = load_words("english_before_names")
"""Words after which a capital begins a name of its own."""


def is_between_words(left: str, right: str) -> bool:
    """Whether two runs of small letters meet as inside no English word; one of the two is a word of the tables."""
    if len(right) >= SHORTEST_RUN and left in CONTINUATIONS and not right.startswith(CONTINUATIONS[left]):
        return True
    return len(left) > SHORTEST_RUN and right in BEGINNINGS and not left.endswith(BEGINNINGS[right])


def precedes_a_name(left: str, right: str) -> bool:
    """Whether a run that begins with a capital follows a word that begins no identifier (`toString`, `forEach`)."""
    return left in BEFORE_NAMES and len(right) > 2 and right[0].isupper() and right[1:].islower()


def is_beside_two_letters(left: str, right: str, known: frozenset[str]) -> bool:
    """Whether a known word meets one of two letters, or `a`, with which it makes no other."""
    if left in {"to", "a"}:
        return len(right) > 2 and right in known and right not in (BEHIND_TO if left == "to" else BEHIND_A)
    if left in BEHIND_TWO_LETTERS:
        return len(right) > 3 and right in known and not right.startswith(BEHIND_TWO_LETTERS[left])
    if right in BEFORE_TWO_LETTERS:
        return len(left) > 3 and left in known and left not in BEFORE_TWO_LETTERS[right]
    return right == "a" and len(left) > 3 and left in known and left not in BEFORE_A


def is_after_an_ending(left: str, right: str, known: frozenset[str]) -> bool:
    """Whether the left run ends as long words end, and a known word follows."""
    return len(right) > SHORTEST_RUN and right in known and len(left) > 6 and left.endswith(CLOSINGS)
