"""Two words that came joined: which pairs of halves hardly ever make one word, and which marks hardly ever stand without a space.

A stream of tokens cuts words in two all the time, so both halves must be known, one of them a word by which sentences are
built or with the ending of one (`souls`, `quickly`), and the whole must be no word. Content words that make compounds
(`water`, `fall`) say nothing.
"""

from __future__ import annotations

import re
from itertools import islice

from shadow.checks.lost_space.joined_words import is_joined
from shadow.checks.lost_space.letter_seams import GOES_ON, has_a_seam, has_closed, is_beside_a_short_one
from shadow.checks.lost_space.lexicon import COMMON_WORDS, FUNCTION, FURTHER_WORDS, WHOLE


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHORT = _words("of to in is it as at on or an be by he we do so no if up my us me go am")
"""Words of two letters, which say something beside a word that builds sentences only."""
LEFT_ALONE = _words("with which would could because their about were into these those whose")
"""Words that begin hardly any other: whatever follows them directly has lost its space."""
RIGHT_ALONE = LEFT_ALONE - {"whose"} | _words("the of that this from they there when what for should where while")
"""Words that end hardly any other."""
LEFT_SHORT, RIGHT_SHORT = frozenset({"of", "we"}), frozenset({"of", "to", "is", "we", "if", "by"})
"""Words of two letters that begin, or end, hardly any other that is two known words."""
BEFORE_A = FUNCTION | LEFT_SHORT | frozenset({"to", "is", "in", "as", "by", "be", "at", "on", "or"})
COMPOUNDING = _words("""
    version straight static counter finger search client current common context software switch purpose member format stream
    server pretty thread module vector syntax method status session header content service ignore minimum market private
    control memory default future health follow knowledge folder develop process release return change initial connect
    double phrase invalid cipher encode environment environments duration script abstract simple relative connection single
    render dispatch option config package compatible center centre update compiler friend object command school corner
    source mirror thunder grand ground trouble master father mother brother sister police letter business weather winter
    summer butter silver spread cross family spokes states trades screen whistle water winner wonder country market butter
    basket pepper cotton rubber leather needle cattle candle bottle middle matter heaven flower finger copper timber garden
    window record report people public travel worker winter number sports
""")
"""Words of six letters and more that begin compounds."""
COMPOUNDED = _words("""
    right works worthy wards writer writers writing making maker makers keeper keeping holder holders breaking taking taker
    shooting building standing stand stands point points proof power piece person people woman women child children house
    houses board boards boat light lights screen stone stones storm storms space sheet sheets print prints place places
    paper papers father mother ground grounds berry berries fully handed headed hearted minded weight weights width worker
    workers friend master ability abilities prefix added changed less liness ended likes ships field fields water forward
    forwardly bound
""")
"""Words of five letters and more that end compounds."""
_ENDINGS = ("ed", "ing", "ly", "tion", "ment", "ness", "ity", "ous", "ive", "ful", "able", "ible", "ies", "ence", "ance")

_CLAUSE = re.compile(r"[\s(]([A-Za-z]{2,})([,;:])$")
_SENTENCE = re.compile(r"[\s(]([a-z]{2,})([.!?])$")
_OPENING = re.compile(r"([A-Za-z]+)(?=[\s,;.!?')])")
_BEFORE_CODE = re.compile(r"[\s(]([a-z]{2,})$")
_REACH = 48


def begins_a_sentence(left: str, right: str) -> bool:
    """Whether a word with a capital is no name: it is one that begins sentences, and a known word follows as in no other."""
    small = left.casefold()
    return (
        small in GOES_ON
        and right in KNOWN
        and not (small + right in WHOLE or small + right in KNOWN)
        and has_a_seam(small, right)
    )


def _grown(word: str) -> set[str]:
    """A word with its usual endings."""
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


KNOWN = frozenset(form for word in COMMON_WORDS | FURTHER_WORDS | FUNCTION for form in _grown(word))
"""Every word that counts as known."""


def are_two(left: str, right: str) -> bool:
    """Whether two runs of small letters that meet are two words rather than the halves of one."""
    if left + right in WHOLE or left + right in KNOWN or is_joined(left + right) or len(left + right) < 3:
        return False
    if right == "a":
        return left in BEFORE_A or _has_ending(left) or is_beside_a_short_one(left, right, KNOWN)
    if has_a_seam(left, right) or has_closed(left, right, KNOWN) or is_beside_a_short_one(left, right, KNOWN):
        return True
    if len(left) < 2 or len(right) < 2:
        return False
    if right in RIGHT_ALONE or (left in LEFT_ALONE and len(right) > 2):
        return True
    if left in SHORT or right in SHORT:
        return _are_two_with_short(left, right)
    if len(left) < 3 or len(right) < 3 or left not in KNOWN or right not in KNOWN:
        return False
    return left in FUNCTION or right in FUNCTION or _has_ending(left) or _are_long(left, right)


def _are_long(left: str, right: str) -> bool:
    """Compounds are made of short words, but for those that are made of these."""
    return len(left) > 5 and len(right) > 4 and left not in COMPOUNDING and right not in COMPOUNDED


def _are_two_with_short(left: str, right: str) -> bool:
    if (left in SHORT and right in FUNCTION | SHORT) or (right in SHORT and left in FUNCTION):
        return len(left + right) > 3
    if (left in LEFT_SHORT and right in KNOWN and len(right) > 3) or (right in RIGHT_SHORT and left in KNOWN and len(left) > 2):
        return True
    return right in SHORT and _has_ending(left)


def _has_ending(word: str) -> bool:
    """A known word in a form that begins hardly any compound."""
    if word not in KNOWN or len(word) < 5:
        return False
    return word.endswith(_ENDINGS) or (word.endswith("s") and not word.endswith(("ss", "us", "is")) and word[:-1] in COMMON_WORDS)


def at_a_mark(text: str, at: int) -> tuple[str, str] | None:
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
    if not found or not (found[1].casefold() in KNOWN or (opening[1].casefold() in GOES_ON and found[1].islower())):
        return None
    tight = islice(re.finditer(rf"[A-Za-z]{re.escape(found[2])}[A-Za-z]", text), 2)
    return (found[1] + found[2], opening[1]) if len(list(tight)) == 1 and text.count(f"{found[2]} ") > 1 else None
