"""A space lost between two chunks of a stream: "souls" and " beneath" came as "soulsbeneath". It shows only at the boundary.

Providers send words in pieces of their own choosing, so a boundary inside a word is ordinary. It is a fault only where both
halves are words and the whole is none, and that is certain only beside some two hundred English words. So this check misses
many lost spaces (between two rare words, in other languages, before a capital letter: it found one in five when a single space
was taken out of technical English) and hardly ever cries wolf (under 1 in 100,000 boundaries of faithful text in random
pieces). It is silent in code, addresses, identifiers and every script that is not Latin, and says `not_measured` where no
boundary stands beside a word that it knows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shadow.checks.words import COMMON, JOINED, LEFT, RIGHT, STRONG
from shadow.compare.finding import Aspect, Finding
from shadow.compare.saying import judged, unmeasured
from shadow.reading.ask import Ask
from shadow.reading.completion import Completion

REACH = 64
"""Characters looked at on either side of a boundary; a longer run of letters is no word."""
ENGLISH = 0.2
"""Share of common words from which a text is taken for English prose; other languages hold under a tenth by accident."""
STRIPPED = 8
"""Boundaries that join letters, in a stream where no piece begins or ends with a space, from which it was stripped."""

BEFORE = re.compile("[\\s(\"'*_\N{LEFT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{EM DASH}>-]([A-Za-z]+)$")
CLOSING = "\\s)\"'*\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}<"
AFTER = re.compile(f"([a-z]+)(?:[{CLOSING}_\N{EM DASH}-]|[.,;:!?][{CLOSING}]|[.!?]$)")
"""What may stand around a word of prose; a word at the very end of a text may be cut, unless a full stop says not."""
WORD = re.compile(r"[A-Za-z]{2,}")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
SEEN_FROM = 400_000
"""Characters of the request read for words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A boundary of two pieces where a letter meets a letter: its offset in the text, and the words that meet."""

    at: int
    left: str
    right: str


def lost_space(ask: Ask, said: Completion) -> Finding:
    """Whether a space was lost at a chunk boundary of the first choice's text."""
    pieces = [piece for piece in said.first.pieces if piece]
    if not said.stream or len(pieces) < 2:
        return unmeasured(Aspect.LOST_SPACE, "not a stream of several pieces of text")
    text = "".join(pieces)
    if lost := _stripped(pieces) or _lost(ask, pieces, text):
        reason = f"chunk boundary at character {lost.at}: {lost.left!r} and {lost.right!r} came joined"
        return judged(Aspect.LOST_SPACE, False, f"{lost.left}{lost.right}", f"{lost.left} {lost.right}", reason)
    if not _known_boundary(pieces):
        return unmeasured(Aspect.LOST_SPACE, "no chunk boundary stands beside a word that this check knows")
    return judged(Aspect.LOST_SPACE, True, f"{len(pieces)} pieces", "", "")


def _joints(pieces: Sequence[str], text: str) -> Iterator[Joint]:
    """Boundaries inside a run of letters that stands free, outside code; the halves reach to the ends of the run."""
    at, code = 0, [match.span() for match in CODE.finditer(text)] if "`" in text else []
    for piece, following in pairwise(pieces):
        at += len(piece)
        if not (piece[-1].isalpha() and following[0].islower()):
            continue
        left, right = BEFORE.search(" " * (at < REACH) + text[max(at - REACH, 0) : at]), AFTER.match(text[at : at + REACH])
        if left and right and not any(start < at < end for start, end in code):
            yield Joint(at=at, left=left[1], right=right[1])


def _lost(ask: Ask, pieces: Sequence[str], text: str) -> Joint | None:
    """The first joint where both halves are words and the whole is none; the request is read only when there is a suspect."""
    suspects = [joint for joint in _joints(pieces, text) if _is_suspect(joint)]
    if not suspects or not _is_english(text):
        return None
    seen = _words(ask, text)
    return next((joint for joint in suspects if _is_lost(joint, seen)), None)


def _is_suspect(joint: Joint) -> bool:
    left, right = joint.left.casefold(), joint.right.casefold()
    if min(len(left), len(right)) < 2 or len(left + right) < 5 or left + right in JOINED or not joint.left[1:].islower():
        return False
    return (left in COMMON and right in COMMON) or (min(len(left), len(right)) > 2 and (left in LEFT or right in RIGHT))


def _is_lost(joint: Joint, seen: Counter[str]) -> bool:
    """The suspect itself stands in `seen` once; a second time means that the whole is a word here."""
    left, right = joint.left.casefold(), joint.right.casefold()
    if seen[left + right] > 1:
        return False
    if (left in COMMON and right in COMMON) or left in STRONG or right in STRONG:
        return True
    return bool(seen[right if left in LEFT else left])


def _is_english(text: str) -> bool:
    words = [word.casefold() for word in WORD.findall(text)]
    return sum(word in COMMON for word in words) >= ENGLISH * len(words)


def _words(ask: Ask, text: str) -> Counter[str]:
    """The words of the answer and of the request, with their counts; the suspect itself counts once."""
    found = Counter(word.casefold() for word in WORD.findall(text))
    asked = " ".join(_strings(ask.messages))[:SEEN_FROM]
    found.update(word.casefold() for word in WORD.findall(asked))
    return found


def _strings(messages: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The strings of a message list: contents, and the texts of content parts."""
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        texts = (part.get("text") for part in parts if isinstance(part, dict))
        yield from (text for text in texts if isinstance(text, str))


def _stripped(pieces: Sequence[str]) -> Joint | None:
    """The first joint of a stream whose every piece came without its spaces, three of them common words of three letters."""
    if any(piece[0].isspace() or piece[-1].isspace() for piece in pieces):
        return None
    pairs = [(one, two) for one, two in pairwise(pieces) if one[-1].isalpha() and two[0].isalpha()]
    known = [(one, two) for one, two in pairs if _is_common(one) or _is_common(two)]
    if len(pairs) < STRIPPED or len(known) < STRIPPED // 2:
        return None
    one, two = known[0]
    return Joint(at="".join(pieces).index(one + two) + len(one), left=one[-REACH:], right=two[:REACH])


def _is_common(piece: str) -> bool:
    return len(piece) > 2 and piece.casefold() in COMMON


def _known_boundary(pieces: Sequence[str]) -> bool:
    """Whether any boundary falls between two words of which one is known: a lost space would have been seen there."""
    for piece, following in pairwise(pieces):
        if piece[-1].isspace() == following[0].isspace():
            continue
        near = [*WORD.findall(piece[-REACH:])[-1:], *WORD.findall(following[:REACH])[:1]]
        if any(word.casefold() in COMMON for word in near):
            return True
    return False
