"""Aligns two texts, two JSON values or two lists of tool calls, to mark what differs; pure.

The work is bounded: beyond the caps nothing is aligned, and a note states it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from rapidfuzz.distance import Indel

WORDS = 4_000
"""Words of one text that are aligned; time and memory grow with their square."""
DEPTH = 32
PATHS = 200

# a CJK text has no spaces, so each of its characters is a word; spaces belong to the word before them
_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(rf"[{_CJK}]\s*|[^\s{_CJK}]+\s*|\s+")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """A run of words; `only` is True when the other text does not have it at this place."""

    text: str
    only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Two texts in pieces; the joined pieces of a side are its text. `note` is "" when everything was aligned."""

    left: tuple[TextPiece, ...]
    right: tuple[TextPiece, ...]
    note: str


class ValueChange(StrEnum):
    """How one place of a JSON value differs from the reference's."""

    MISSING = "missing"
    EXTRA = "extra"
    TYPE = "type"
    VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One differing place: its path ("" is the whole), how, and both values (None where it is absent)."""

    path: str
    change: ValueChange
    subject: object
    reference: object


def align_texts(left: str, right: str) -> Aligned:
    """Both texts in pieces, common or not, by the longest common subsequence of words."""
    left_words, right_words = _WORD.findall(left), _WORD.findall(right)
    note = ""
    if max(len(left_words), len(right_words)) > WORDS:
        note = f"only the first {WORDS:,} words were aligned"
    rest = (left_words[WORDS:], right_words[WORDS:])
    left_words, right_words = left_words[:WORDS], right_words[:WORDS]
    pieces: tuple[list[TextPiece], list[TextPiece]] = ([], [])
    for step in Indel.opcodes(left_words, right_words):
        only = step.tag != "equal"
        _add(pieces[0], left_words[step.src_start : step.src_end], only=only)
        _add(pieces[1], right_words[step.dest_start : step.dest_end], only=only)
    for side, words in zip(pieces, rest, strict=True):
        _add(side, words, only=False)
    return Aligned(left=_tidied(pieces[0]), right=_tidied(pieces[1]), note=note)


def _add(pieces: list[TextPiece], words: Sequence[str], *, only: bool) -> None:
    if not words:
        return
    text = "".join(words)
    if pieces and pieces[-1].only == only:
        text = pieces.pop().text + text
    pieces.append(TextPiece(text=text, only=only))


def _tidied(pieces: Sequence[TextPiece]) -> tuple[TextPiece, ...]:
    """The same pieces with the space after a marked run unmarked, because an underlined space misleads."""
    return tuple(part for piece in pieces for part in _without_tail(piece))


def _without_tail(piece: TextPiece) -> Iterator[TextPiece]:
    words = piece.text.rstrip()
    if not piece.only or not words or words == piece.text:
        yield piece
        return
    yield TextPiece(text=words, only=True)
    yield TextPiece(text=piece.text[len(words) :], only=False)


def differences(subject: object, reference: object, limit: int = PATHS) -> tuple[Difference, ...]:
    """Where two JSON values differ, in the order of the reference's keys, at most `limit` places."""
    return tuple(islice(_walk(subject, reference, "", 0), limit))


def _walk(subject: object, reference: object, path: str, depth: int) -> Iterator[Difference]:
    if depth < DEPTH and isinstance(subject, dict) and isinstance(reference, dict):
        yield from _objects(subject, reference, path, depth)
    elif depth < DEPTH and isinstance(subject, list) and isinstance(reference, list):
        yield from _arrays(subject, reference, path, depth)
    elif json_type(subject) != json_type(reference):
        yield Difference(path=path, change=ValueChange.TYPE, subject=subject, reference=reference)
    elif not _equal(subject, reference):
        yield Difference(path=path, change=ValueChange.VALUE, subject=subject, reference=reference)


def _objects(subject: dict[str, object], reference: dict[str, object], path: str, depth: int) -> Iterator[Difference]:
    for key, value in reference.items():
        here = step(path, key)
        if key in subject:
            yield from _walk(subject[key], value, here, depth + 1)
        else:
            yield Difference(path=here, change=ValueChange.MISSING, subject=None, reference=value)
    for key, value in subject.items():
        if key not in reference:
            yield Difference(path=step(path, key), change=ValueChange.EXTRA, subject=value, reference=None)


def _arrays(subject: list[object], reference: list[object], path: str, depth: int) -> Iterator[Difference]:
    for index, value in enumerate(reference):
        here = step(path, index)
        if index < len(subject):
            yield from _walk(subject[index], value, here, depth + 1)
        else:
            yield Difference(path=here, change=ValueChange.MISSING, subject=None, reference=value)
    for index in range(len(reference), len(subject)):
        yield Difference(path=step(path, index), change=ValueChange.EXTRA, subject=subject[index], reference=None)


def leaves(value: object, stops: Container[str] = (), limit: int = PATHS) -> tuple[tuple[str, object], ...]:
    """(path, value) of each leaf in order, at most `limit`; an empty object or array is a leaf, and so is the value at a stop."""
    return tuple(islice(_leaves(value, "", 0, stops), limit))


def _leaves(value: object, path: str, depth: int, stops: Container[str]) -> Iterator[tuple[str, object]]:
    inner: Sequence[tuple[str | int, object]] = ()
    deeper = depth < DEPTH and path not in stops
    if deeper and isinstance(value, dict):
        inner = tuple(value.items())
    elif deeper and isinstance(value, list):
        inner = tuple(enumerate(value))
    if not inner:
        yield path, value
    for key, item in inner:
        yield from _leaves(item, step(path, key), depth + 1, stops)


def step(path: str, key: str | int) -> str:
    """The path extended by one key: `a.b`, `a[0]`, and `a["b.c"]` for keys with special characters."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _PLAIN_KEY.fullmatch(key):
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key


def json_type(value: object) -> str:
    """The JSON type of a parsed value; 1 and 1.0 have one type, true and 1 do not."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _equal(subject: object, reference: object) -> bool:
    try:
        return bool(subject == reference)
    except RecursionError:  # too deep for the interpreter to compare, so not known to be equal
        return False


def match_calls(
    left: Sequence[tuple[str, object]], right: Sequence[tuple[str, object]]
) -> tuple[tuple[int | None, int | None], ...]:
    """Positions of matching calls (name, arguments): equal calls first, then calls of one name in their order.

    The result follows the right side's order; unmatched calls of the left side come last.
    """
    partners: dict[int, int] = {}
    free = list(range(len(left)))
    for same in (_same_call, _same_name):
        for position, call in enumerate(right):
            partner = next((index for index in free if same(left[index], call)), None)
            if position not in partners and partner is not None:
                partners[position] = partner
                free.remove(partner)
    return (*((partners.get(position), position) for position in range(len(right))), *((index, None) for index in free))


def _same_call(left: tuple[str, object], right: tuple[str, object]) -> bool:
    return left[0] == right[0] and not differences(left[1], right[1], limit=1)


def _same_name(left: tuple[str, object], right: tuple[str, object]) -> bool:
    return left[0] == right[0]
