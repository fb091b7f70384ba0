"""masking(): masks a secret in a text, in whatever coding it came back: JSON escapes, percent-coding, HTML references, or a mix.

Encoders differ in which characters they code: one writes `+` as an escape and leaves `/`, another the reverse. So no list of
forms is searched. A secret is found by its longest run of characters that none of them codes, and read from there to both
sides, each other character in any of its codings. One search at the speed of C is all that most texts cost.
"""

from __future__ import annotations

import html
import re
from collections.abc import Generator, Sequence
from typing import NamedTuple

SHORTEST = 8
"""Characters of a secret at the end of a cut text that are taken for its beginning."""
LOOKS, LOOKS_A_STEP = 20_000, 500
"""Places of an exchange at which a coded secret is looked for, about a microsecond each, and those of one step."""
_MOST_BEGINNINGS = 32
"""Places at the end of a cut text at which a secret may begin; behind them all is taken for its beginning."""
_LONGEST_CODING = 24
"""Bytes that one character may be coded in."""
_MOST_READINGS = 8
"""Ways in which a text is read as one secret at a time."""
_RUN = re.compile(rb"[A-Za-z0-9._~-]+")
_CODED = re.compile(
    rb"\\{1,8}u00(?P<u>[0-9A-Fa-f]{2})|%(?:25){0,3}(?P<p>[0-9A-Fa-f]{2})"
    rb"|&(?:amp;){0,2}(?:#0{0,4}(?P<d>[0-9]{1,3})|#[xX]0{0,4}(?P<x>[0-9A-Fa-f]{1,2})|(?P<n>[A-Za-z]{2,8}));"
)
_CODED_BEFORE = re.compile(rb"(?:%b)\Z" % _CODED.pattern)
_PERCENT = re.compile(rb"%(?:25){1,4}")
_PERCENT_SIGN, _AMPERSAND = 0x25, 0x26
_NESTED = {_PERCENT_SIGN: re.compile(rb"%(?:25){1,4}"), _AMPERSAND: re.compile(rb"&(?:amp;){1,3}")}
"""What a coding writes again with each turn, at most as often as `_CODED` reads."""
_BACKSLASHES = re.compile(rb"\\{1,8}")
_ESCAPED = b"\"'/\\"
"""What JSON and JavaScript write behind a backslash."""
_STARTS = b"\\%&"
"""What a coding begins with."""

Masking = Generator[None, None, bytes]


class TooCostlySearchError(Exception):
    """A text holds so many beginnings of secrets that they are not all looked at."""


class SearchBudget:
    """How many places may still be looked at."""

    __slots__ = ("left",)

    def __init__(self, left: int = LOOKS) -> None:
        self.left = left

    def __repr__(self) -> str:
        return f"<SearchBudget left={self.left}>"

    def take(self) -> bool:
        """Count one place; True when a step is over. TooCostlySearchError when none is left."""
        if self.left <= 0:
            raise TooCostlySearchError
        self.left -= 1
        return self.left % LOOKS_A_STEP == 0


class _Cut(NamedTuple):
    """A secret around its anchor, the longest run that no encoder changes; the whole secret where it has no such run."""

    before: bytes
    anchor: bytes
    after: bytes
    several: bool
    """Whether it holds what a coding begins with, so that a text can be read as it in several ways."""


def anchor(secret: bytes) -> bytes:
    """What stands in a text that holds the secret in any coding."""
    if _RUN.fullmatch(secret):
        return secret
    return max(_RUN.findall(secret), key=len, default=secret)


def anchors(secrets: Sequence[bytes]) -> tuple[bytes, ...] | None:
    """The anchors of all `secrets`: a text that has none of them holds no secret, in any coding; None where a secret has a
    character in it that is written in several ways, and no other.
    """
    if not all(map(_RUN.search, secrets)):
        return None
    return tuple({anchor(secret): None for secret in secrets})


def secret_masker(data: bytes, secret: bytes, looks: SearchBudget) -> Masking:
    """`data` with an asterisk for each byte of each `secret` in it, in steps; TooCostlySearchError beyond the `looks`."""
    cut = _cut(secret)
    if not (cut.before or cut.after):
        return data.replace(secret, b"*" * len(secret)) if secret in data else data
    parts: list[bytes] = []
    done = at = 0
    while (at := data.find(cut.anchor, at)) >= 0:
        if looks.take():
            yield
        span = _span(data, at, secret, cut)
        if span and span[0] >= done:
            parts += [data[done : span[0]], b"*" * (span[1] - span[0])]
            done = at = span[1]
        else:
            at += 1
    return b"".join((*parts, data[done:])) if parts else data


def without_beginning(data: bytes, secret: bytes) -> bytes:
    """`data` without the beginning of `secret` at its end, the longest of those that were looked at first."""
    first = _first(secret)
    at = max(-1, len(data) - _LONGEST_CODING * len(secret) if len(first) < len(secret) else len(data) - len(secret))
    for _ in range(_MOST_BEGINNINGS):
        at = data.find(first, at + 1)
        if at < 0:
            return data
        if _ends_within(data, at, secret):
            break
    return data[:at] + b"*" * (len(data) - at)


def _cut(secret: bytes) -> _Cut:
    kept = anchor(secret)
    return _Cut(*secret.partition(kept), several=any(start in secret for start in _STARTS))


def _first(secret: bytes) -> bytes:
    """What the secret begins with in every coding, eight bytes of it at most; where that is nothing, its first byte."""
    found = _RUN.match(secret)
    return found[0][:SHORTEST] if found else secret[:1]


def _span(data: bytes, at: int, secret: bytes, cut: _Cut) -> tuple[int, int] | None:
    """Where the secret begins and ends, whose anchor stands at `at`."""
    start = at - len(cut.before)
    if start >= 0 and data.startswith(secret, start):
        return start, start + len(secret)
    if cut.several:
        return _widest(data, at, cut)
    start, end = at, at + len(cut.anchor)
    for wanted in cut.after:
        end = _behind(data, end, wanted)
        if end < 0:
            return None
    for place in range(len(cut.before) - 1, -1, -1):
        start = _before(data, start, cut.before, place)
        if start < 0:
            return None
    return start, end


def _widest(data: bytes, at: int, cut: _Cut) -> tuple[int, int] | None:
    """The same, with each character read in all ways: a secret may hold what reads as a coding, `%30` or `&amp;`."""
    starts, ends = {at}, {at + len(cut.anchor)}
    for wanted in cut.after:
        ends = _few({behind for end in ends for behind in _ends(data, end, wanted)})
        if not ends:
            return None
    for place in range(len(cut.before) - 1, -1, -1):
        starts = _few({before for start in starts for before in _starts(data, start, cut.before, place)})
        if not starts:
            return None
    return min(starts), max(ends)


def _few(places: set[int]) -> set[int]:
    """At most `_MOST_READINGS` of the places: a text is the other side's choice, and so may be the secret."""
    return places if len(places) <= _MOST_READINGS else set(sorted(places)[:_MOST_READINGS])


def _ends(data: bytes, at: int, wanted: int) -> set[int]:
    """Each end that the character `wanted` at `at` may have."""
    ends = {_behind(data, at, wanted)}
    if _is(data, at, wanted):
        ends.add(at + 1)
        coding = _NESTED.get(wanted)
        if coding and (found := coding.match(data, at)):
            step = 2 if wanted == _PERCENT_SIGN else 4
            ends.update(range(at + 1 + step, found.end() + 1, step))
    ends.discard(-1)
    return ends


def _starts(data: bytes, end: int, secret: bytes, place: int) -> set[int]:
    """Each begin that the character at a place of the secret may have that ends at `end`."""
    starts = {_before(data, end, secret, place)}
    if end > 0 and _is(data, end - 1, secret[place]):
        starts.add(end - 1)
    starts.discard(-1)
    return starts


def _behind(data: bytes, at: int, wanted: int) -> int:
    """The end of the character `wanted` that stands at `at` in some coding; -1 when another does."""
    if wanted == 0x25 and (percent := _PERCENT.match(data, at)):
        return percent.end()
    if data[at : at + 1] in _STARTS and (found := _CODED.match(data, at)) and _value(found) == wanted:
        return found.end()
    found = _BACKSLASHES.match(data, at)
    if found and wanted == 0x5C:
        # the last of several may begin the coding of the next character
        return found.end() - (len(found[0]) > 1 and data.startswith(b"u00", found.end()))
    if found and data[found.end() : found.end() + 1] == bytes((wanted,)):
        return found.end() + 1
    return at + 1 if _is(data, at, wanted) else -1


def _before(data: bytes, end: int, secret: bytes, place: int) -> int:
    """The begin of the character at a place of the secret that ends at `end` in some coding; -1 when another does."""
    wanted = secret[place]
    found = _CODED_BEFORE.search(data, max(0, end - _LONGEST_CODING), end)
    if found and _value(found) == wanted:
        kept = found["u"] and secret.endswith(b"\\", 0, place)
        return data.rindex(b"\\", 0, end) if kept else found.start()
    if end <= 0 or not _is(data, end - 1, wanted):
        return -1
    if wanted not in _ESCAPED or secret.endswith(b"\\", 0, place):
        return end - 1
    before = data[max(0, end - 9) : end - 1]
    return end - 1 - len(before) + len(before.rstrip(b"\\"))


def _is(data: bytes, at: int, wanted: int) -> bool:
    """Whether the byte itself stands there; `+` for a blank, as forms write it."""
    return at < len(data) and (data[at] == wanted or (wanted == 0x20 and data[at] == 0x2B))


def _value(found: re.Match[bytes]) -> int:
    """The character that a coding stands for; -1 for none of one byte."""
    if found["n"]:
        name = html.unescape(f"&{found['n'].decode('latin-1')};")
        return ord(name) if len(name) == 1 else -1
    return int(found["d"]) if found["d"] else int(found["u"] or found["p"] or found["x"], 16)


def _ends_within(data: bytes, at: int, secret: bytes) -> bool:
    """Whether `data` ends in the middle of the secret that begins at `at`, `SHORTEST` characters of it or more."""
    if secret.startswith(data[at:]):
        return len(data) - at >= SHORTEST
    for place, wanted in enumerate(secret):
        behind = _behind(data, at, wanted)
        if behind < 0:
            return place >= SHORTEST and len(data) - at < _LONGEST_CODING and data[at : at + 1] in _STARTS
        at = behind
    return False
