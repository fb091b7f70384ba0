"""align: what two texts, two JSON values or two lists of tool calls have in common, for a reader's eye; pure.

Rule: bounded work. Beyond the caps nothing is aligned, and the note says so.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from rapidfuzz.distance import Indel

WORDS = 4_000
"""Words of one text that are aligned; the time and the memory of the alignment grow with the square."""
DEPTH = 32
PATHS = 200

# a CJK text has no spaces, so each of its characters is a word; spaces belong to the word before them
_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(rf"[{_CJK}]\s*|[^\s{_CJK}]+\s*|\s+")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """A run of words; `only` is True when the other text does not have it here."""

    text: str
    only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Two texts in pieces; joined, the pieces of a side are that side's text. `note` is empty when all was aligned."""

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
    """Both texts in pieces, common or only here, by the longest common sequence of words."""
    ours, theirs = _WORD.findall(left), _WORD.findall(right)
    note = ""
    if max(len(ours), len(theirs)) > WORDS:
        note = f"only the first {WORDS:,} words were aligned"
    rest = (ours[WORDS:], theirs[WORDS:])
    ours, theirs = ours[:WORDS], theirs[:WORDS]
    pieces: tuple[list[TextPiece], list[TextPiece]] = ([], [])
    for step in Indel.opcodes(ours, theirs):
        only = step.tag != "equal"
        _add(pieces[0], ours[step.src_start : step.src_end], only=only)
        _add(pieces[1], theirs[step.dest_start : step.dest_end], only=only)
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
    """The same, with the space behind a marked run left unmarked: it belongs to the word, but a bar under it says nothing."""
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
    """(path, value) of everything that holds no further value, in order, at most `limit`; an empty object or list is a leaf.

    What stands at one of `stops` is taken whole.
    """
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
    """The path one step further: `a.b`, `a[0]`, and `a["b.c"]` for keys that would be misread."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _PLAIN_KEY.fullmatch(key):
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key


def json_type(value: object) -> str:
    """The JSON type of a parsed value; 1 and 1.0 are of one type, true and 1 are not."""
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
    except RecursionError:  # deeper than the interpreter compares: not known to be equal
        return False


def match_calls(
    left: Sequence[tuple[str, object]], right: Sequence[tuple[str, object]]
) -> tuple[tuple[int | None, int | None], ...]:
    """Positions of calls (name, arguments) that belong together: equal ones first, then those of one name in their order.

    The right side's order leads; the left side's calls without a partner follow.
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
