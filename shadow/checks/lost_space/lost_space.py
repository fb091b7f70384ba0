"""A space lost between two chunks of a stream: "souls" and " beneath" came as "soulsbeneath". It shows only at the boundary.

Where a server sends whole words, the rhythm of the stream shows it (`boundary_rhythm`). Where it sends tokens, a boundary
inside a word is ordinary, and a fault only where the letters on both sides stand together inside no word; the tables for that
are of English and German. So this check misses one in four of the single spaces that English streams of tokens lose, half of
the German and all in other languages; on faithful text it differs at under 1 in 100,000 boundaries. A provider that loses
spaces shows within some answers. Code, addresses, identifiers and scripts without spaces are never reported. The finding is
`not_measured` where no boundary stands beside a known word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from string import ascii_letters
from typing import NamedTuple

from shadow.checks.lost_space.boundary_rhythm import OddBoundary, odd_boundaries, tight_boundaries
from shadow.checks.lost_space.english_boundaries import precedes_a_name
from shadow.checks.lost_space.german_boundaries import are_two_in_german, is_german
from shadow.checks.lost_space.lexicon import COMMON_HALVES, LEFT_HALVES, RIGHT_HALVES, SELDOM_IN_LONGER_WORDS, is_undivided
from shadow.checks.lost_space.word_pairs import are_two, begins_a_sentence, words_at_a_mark
from shadow.checks.prompts.prompt_text import message_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_LOST_SPACE = Signal.LOST_SPACE
NO_PIECES = "not a stream of several pieces of text"
REACH = 64
"""Characters read on either side of a boundary; a longer run of letters is no word."""
ENGLISH_SHARE = 0.2
"""Share of common words from which a text is taken for English prose; texts of other languages hold under a tenth."""
STRIPPED_FROM = 8
"""Boundaries between letters from which a stream without any space at the edges of its pieces was stripped of them."""

LETTERS = ascii_letters + "äöüÄÖÜß"
OPENING = frozenset("(\"'*_\N{LEFT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{EM DASH}>-")
"""What may stand before a word of prose, besides a space."""
APOSTROPHES = frozenset("'\N{RIGHT SINGLE QUOTATION MARK}")
CONTRACTED = frozenset({"t", "s", "ve", "ll", "re", "d", "m"})
"""The ends of `don't` and `it's`, after which no word continues."""
CLOSING = "\\s)\"'*\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}<"
AFTER = re.compile(f"([A-Za-zäöüÄÖÜ][a-zäöüß]*)(?:[{CLOSING}_\N{EM DASH}-]|[.,;:!?][{CLOSING}]|[.!?]$)")
"""A word of prose with what may stand behind it; at the very end of a text only one before a full stop is known to be whole."""
WORD = re.compile(r"[A-Za-zäöüÄÖÜß]{2,}")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
MOST_PIECES, MOST_CHARACTERS = 3_000, 100_000
"""Pieces of a response that are read, and characters of them; beyond either, the rest is not read."""
SENTENCE_OPENERS = frozenset({"The", "This", "These", "Those", "They", "When", "With", "Because"})
"""Words that begin sentences and hardly any name."""
MOST_REQUEST_CHARACTERS = 400_000
"""Characters of the request read for words."""


class Joint(NamedTuple):
    """A boundary of two pieces where a letter meets a letter: its offset in the text, and the words that meet.

    A named tuple, not a dataclass: a stream of tokens has one for every fourth of them.
    """

    at: int
    left: str
    right: str


def lost_space(request: ParsedRequest, completion: Completion) -> Finding:
    """Whether a space was lost at a chunk boundary of the first choice's text."""
    pieces = _examined(completion.first.pieces) if completion.stream else ()
    if len(pieces) < 2:
        return not_measured(_LOST_SPACE, NO_PIECES)
    text, tight = "".join(pieces), tight_boundaries(pieces)
    odd = odd_boundaries(pieces, text, tight)
    code = _code(text)
    if (
        lost := _all_stripped(pieces)
        or _against_rhythm(request, odd or [], text, code)
        or _between_words(request, tight, text, code)
    ):
        reason = f"chunk boundary at character {lost.at}: {lost.left!r} and {lost.right!r} came joined"
        return match_or_differ(_LOST_SPACE, False, f"{lost.left}{lost.right}", f"{lost.left} {lost.right}", reason)
    if odd is None and not _has_known_boundary(pieces):
        return not_measured(_LOST_SPACE, "no chunk boundary is next to a word of this check's lists")
    return match_or_differ(_LOST_SPACE, True, f"{len(pieces)} pieces", "", "")


def _examined(pieces: Sequence[str]) -> Sequence[str]:
    """The pieces that are read, without empty ones."""
    if len(pieces) <= MOST_PIECES and len("".join(pieces)) <= MOST_CHARACTERS and all(pieces):
        return pieces
    kept, room = [], MOST_CHARACTERS
    for piece in pieces[:MOST_PIECES]:
        if room < 0:
            break
        room -= len(piece)
        if piece:
            kept.append(piece)
    return kept


def _code(text: str) -> list[int]:
    """The offsets at which code begins and ends, alternating."""
    return [edge for match in CODE.finditer(text) for edge in match.span()] if "`" in text else []


def _is_within(code: Sequence[int], at: int) -> bool:
    """Whether a boundary stands inside code; at its very edge it does not."""
    place = bisect_left(code, at)
    return place % 2 == 1 and not (place < len(code) and code[place] == at)


def _against_rhythm(request: ParsedRequest, odd: Sequence[OddBoundary], text: str, code: Sequence[int]) -> Joint | None:
    """The first boundary against the stream's own rhythm, outside code, whose joined words stand nowhere else."""
    request_text = message_text(request) if odd else ""
    for at, left, right in odd:
        joined = f"{left}{right}"
        if text.count(joined) < 2 and joined not in request_text and not _is_within(code, at):
            return Joint(at=at, left=left, right=right)
    return None


def _joints(tight: Sequence[int], text: str, code: Sequence[int]) -> Iterator[Joint]:
    """Boundaries inside a run of letters that stands free, outside code; the halves reach to the ends of the run."""
    for at in tight:
        if not (text[at].isalpha() and text[at - 1].isalpha() and (right := AFTER.match(text, at, at + REACH))):
            continue
        left = last_word(" " * (at < REACH) + text[max(at - REACH, 0) : at])
        if left and not (code and _is_within(code, at)):
            yield Joint(at, left, right[1])


def last_word(before: str) -> str:
    """The word that a text ends with, of a contraction its last part with the apostrophe; "" where it does not stand free."""
    bare = before.rstrip(LETTERS)
    word, mark, further = before[len(bare) :], bare[-1:], bare[-2:-1]
    if mark in APOSTROPHES and word in CONTRACTED and further.isascii() and further.isalpha():
        return mark + word
    return word if mark.isspace() or mark in OPENING else ""


def _between_words(request: ParsedRequest, tight: Sequence[int], text: str, code: Sequence[int]) -> Joint | None:
    """The first joint where both halves are words and the whole is no word; the request is read only for suspects."""
    joints = list(_joints(tight, text, code))
    suspects = [joint for joint in joints if _is_suspect(joint) or _are_two(joint)]
    marked = _at_a_mark(tight, text, code)
    if (suspects or marked) and _is_english(text):
        seen = _words(request, text)
        return next((joint for joint in suspects if _is_lost(joint, seen)), marked)
    german = [joint for joint in joints if are_two_in_german(joint.left, joint.right)]
    if not german or not is_german(WORD.findall(text)):
        return None
    seen = _words(request, text)
    return next((joint for joint in german if seen[f"{joint.left}{joint.right}".casefold()] < 2), None)


def _at_a_mark(tight: Sequence[int], text: str, code: Sequence[int]) -> Joint | None:
    """The first boundary at a mark or at the edge of code that has lost its space."""
    paired = text.count("`") % 2 == 0  # because with an odd count a beginning cannot be distinguished from an end
    for at in tight:
        last, following = text[at - 1], text[at]
        if not _meets_a_mark(last, following) or not (paired or last != "`" != following):
            continue
        place = bisect_left(code, at)
        edge = place < len(code) and code[place] == at
        if edge == ("`" in {last, following}) and place % 2 == (last == "`") and (two := words_at_a_mark(text, at)):
            return Joint(at, *two)
    return None


def _meets_a_mark(last: str, following: str) -> bool:
    if following == "`":
        return last.isalpha()
    return last in ",;:.!?`" and following.isalpha()


def _are_two(joint: Joint) -> bool:
    """Whether both halves are words; a capital counts only where it begins a sentence, because names hold any letters."""
    if not joint.left.isalpha():
        return joint.right == "a" or len(joint.right) > 1
    if joint.right[0].isupper():
        return precedes_a_name(joint.left, joint.right)
    if joint.left.islower() or joint.left in SENTENCE_OPENERS:
        return are_two(joint.left.casefold(), joint.right)
    return joint.left[1:].islower() and begins_a_sentence(joint.left, joint.right)


def _is_suspect(joint: Joint) -> bool:
    left, right = joint.left.casefold(), joint.right
    if (
        (left not in COMMON_HALVES and right not in COMMON_HALVES)
        or not right.islower()
        or min(len(left), len(right)) < 2
        or len(left + right) < 5
        or is_undivided(left + right)
        or not joint.left[1:].islower()
    ):
        return False
    return (left in COMMON_HALVES and right in COMMON_HALVES) or (
        min(len(left), len(right)) > 2 and (left in LEFT_HALVES or right in RIGHT_HALVES)
    )


def _is_lost(joint: Joint, seen: Counter[str]) -> bool:
    """Whether a suspect has lost its space; `seen` counts it once, and a second time shows that the whole is a word here."""
    left, right = joint.left.casefold(), joint.right.casefold()
    if seen[left + right] > 1:
        return False
    if (
        (left in COMMON_HALVES and right in COMMON_HALVES)
        or left in SELDOM_IN_LONGER_WORDS
        or right in SELDOM_IN_LONGER_WORDS
        or _are_two(joint)
    ):
        return True
    return bool(seen[right if left in LEFT_HALVES else left])


def _is_english(text: str) -> bool:
    words = [word.casefold() for word in WORD.findall(text)]
    return sum(word in COMMON_HALVES for word in words) >= ENGLISH_SHARE * len(words)


def _words(request: ParsedRequest, text: str) -> Counter[str]:
    """The words of the response and of the request with their counts; the suspect itself counts once."""
    found = Counter(word.casefold() for word in WORD.findall(text))
    request_text = " ".join(_strings(request.messages))[:MOST_REQUEST_CHARACTERS]
    found.update(word.casefold() for word in WORD.findall(request_text))
    return found


def _strings(messages: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The strings of a message list: contents, and the texts of content parts."""
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        texts = (part.get("text") for part in parts if isinstance(part, dict))
        yield from (text for text in texts if isinstance(text, str))


def _all_stripped(pieces: Sequence[str]) -> Joint | None:
    """The first joint of a stream whose every piece came without its spaces, three of them common words of three letters."""
    if any(piece[0].isspace() or piece[-1].isspace() for piece in pieces):
        return None
    pairs = [(one, two) for one, two in pairwise(pieces) if one[-1].isalpha() and two[0].isalpha()]
    known = [(one, two) for one, two in pairs if _is_common(one) or _is_common(two)]
    if len(pairs) < STRIPPED_FROM or len(known) < STRIPPED_FROM // 2:
        return None
    one, two = known[0]
    return Joint(at="".join(pieces).index(one + two) + len(one), left=one[-REACH:], right=two[:REACH])


def _is_common(piece: str) -> bool:
    return len(piece) > 2 and piece.casefold() in COMMON_HALVES


def _has_known_boundary(pieces: Sequence[str]) -> bool:
    """Whether any boundary falls between two words of which one is known, so that a lost space would show there."""
    for piece, following in pairwise(pieces):
        if piece[-1].isspace() == following[0].isspace():
            continue
        near = [*WORD.findall(piece[-REACH:])[-1:], *WORD.findall(following[:REACH])[:1]]
        if any(word.casefold() in COMMON_HALVES for word in near):
            return True
    return False
