"""Walks through a JSON object at its top level, in bounded steps, without recursion, to find the positions of its members.

A step is 32 KiB or 200 marks, about a millisecond; between two of them the event loop may serve others. Values are not checked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from typing import NamedTuple, TypeVar, cast

Whole = TypeVar("Whole")
Steps = Generator[None, None, Whole]
STEP, _MARKS = 32 * 1024, 200
_WHITE = re.compile(rb"[ \t\r\n]*+")
TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
"""All of a text up to the quote that ends it."""
_SCALAR = re.compile(rb'[^",:\[\]{}\s]++')
_KEY = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_MEMBER = re.compile(
    rb'[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+'
    rb'("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^",:\[\]{}\s]++)[ \t\r\n]*+([,}])',
    re.DOTALL,
)
"""A key with a value that is not nested, and what stands behind it."""
_FLAT = rb'[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NESTED = _FLAT
for _ in range(3):
    _NESTED = _FLAT + rb"|[\[{](?:" + _NESTED + rb")*+[\]}]"
RUN = re.compile(rb"(?:" + _NESTED + rb")*+", re.DOTALL)
"""All up to the next bracket that does not belong to a value of at most three levels."""


class Span(NamedTuple):
    """A member: where its key begins and ends, and its value."""

    start: int
    key_end: int
    value: int
    end: int


def whole(steps: Steps[Whole]) -> Whole:
    """All steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Whole", end.value)


def walking(
    body: bytes, found: list[Span], *, start: int = 0, members: int = sys.maxsize, brackets: int = sys.maxsize
) -> Steps[tuple[bool, int]]:
    """Put the members of the object at `start` of `body`, whole or its beginning, into `found`, at most so many, and as long as
    no more `brackets` are met below three levels.

    Returns whether the object is whole, and where it ends or becomes invalid.
    """
    at = white_end(body, start)
    if body[at : at + 1] != b"{":
        return False, at
    at, mark = at + 1, b","
    while mark == b"," and len(found) < members:
        member = _MEMBER.match(body, at, at + STEP)
        if member:
            found.append(Span(member.start(1), member.end(1), member.start(2), member.end(2)))
            at, mark = member.end(), member[3]
        else:
            at = white_end(body, at)
            key = _KEY.match(body, at, at + STEP)
            if key is None:
                empty = body.startswith(b"}", at) and not found
                return empty, at + empty
            end, brackets = yield from value_end(body, key.end(), brackets)
            behind = white_end(body, max(end, 0))
            mark = body[behind : behind + 1]
            if end < 0 or not (mark or body[key.end()] in b'"{['):
                return False, len(body)  # the end of a number may be yet to come
            found.append(Span(at, key.end(1), key.end(), end))
            at = behind + 1
        if len(found) % _MARKS == 0:
            yield
    return (True, at) if mark == b"}" else (False, at - 1)


def white_end(body: bytes, at: int) -> int:
    """Behind the white space at `at`."""
    found = _WHITE.match(body, at)
    return found.end() if found else at


def value_end(body: bytes, at: int, brackets: int = sys.maxsize) -> Steps[tuple[int, int]]:
    """Where the value at `at` ends, -1 where it does not (before so many `brackets`); and how many brackets are left."""
    first = body[at : at + 1]
    if first == b'"':
        return (yield from _text_end(body, at + 1)), brackets
    if first in {b"{", b"["}:
        return (yield from _nested_end(body, at + 1, brackets))
    scalar = _SCALAR.match(body, at, at + STEP)
    return scalar.end() if scalar else -1, brackets


def _text_end(body: bytes, at: int) -> Steps[int]:
    """Behind the quote that ends the text whose first character is at `at`; -1 where there is none."""
    while True:
        found = TEXT.match(body, at, at + STEP)
        if found is None or found.end() == at:
            return at + 1 if body.startswith(b'"', at) else -1
        at = found.end()
        yield


def _nested_end(body: bytes, at: int, brackets: int) -> Steps[tuple[int, int]]:
    depth, last = 1, at
    while brackets and at < len(body):
        found = RUN.match(body, at, at + STEP)
        at = found.end() if found else at
        mark = body[at : at + 1]
        if mark == b'"':
            at = yield from _text_end(body, at + 1)
            if at < 0:
                return -1, brackets
        elif mark in {b"{", b"[", b"}", b"]"}:
            at, brackets = at + 1, brackets - 1
            depth += 1 if mark in {b"{", b"["} else -1
            if not depth:
                return at, brackets
        if at - last >= STEP or brackets % _MARKS == 0:
            last = at
            yield
    return -1, brackets
