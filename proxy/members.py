"""Where the top-level members of a JSON object stand in its bytes, so that one can be changed and all others stay as sent.

One pass over the tokens, no recursion, no number or string is ever decoded but the keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]|[^\s"{}\[\],:]++|"', re.DOTALL)
"""A string, a mark, a run of anything else (numbers, words), a lone quote; possessive, so that no input is looked at twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member: its key, and byte offsets of the whole (`start` of the key to `end`) and of the value (`value` to `end`)."""

    key: str
    start: int
    value: int
    end: int


@dataclass(slots=True)
class _Open:
    """A member being read: how far it has come."""

    key: str
    start: int
    colon: bool = False
    value: int = -1
    end: int = -1


def members(body: bytes) -> tuple[Member, ...]:
    """The members of the one object that `body` is, in order, repeated keys included; ValueError for anything else.

    Values are not checked for being JSON below the top level.
    """
    found: list[Member] = []
    current: _Open | None = None
    depth = 0
    for token, start, end in _tokens(body):
        if depth == 0:
            _expect(token == b"{" and start >= 0 and not found and current is None, start)
            depth = 1
        elif depth == 1 and token in {b",", b"}"}:
            if current is not None:
                found.append(_closed(current, start))
            _expect(current is not None or (token == b"}" and not found), start)
            current = None
            if token == b"}":
                return _ended(body, end, found)
        elif depth == 1 and current is None:
            current = _Open(key=_key(token, start), start=start)
        else:
            assert current is not None
            depth = _within(current, token, start, end, depth)
    raise ValueError("the body is not a JSON object: it ends too early")


def _tokens(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    for match in TOKEN.finditer(body):
        start, end = match.span()
        _expect(body[start:end] != b'"', start)
        yield body[start:end] if end - start < 2 or body[start : start + 1] == b'"' else b"scalar", start, end


def _within(current: _Open, token: bytes, start: int, end: int, depth: int) -> int:
    """Follow one token of a member; the depth after it."""
    if depth == 1 and not current.colon:
        _expect(token == b":", start)
        current.colon = True
        return 1
    if depth == 1:
        _expect(current.value < 0 and token not in {b":", b"]"}, start)
        current.value = start
    current.end = end
    return depth + (token in {b"{", b"["}) - (token in {b"}", b"]"})


def _key(token: bytes, at: int) -> str:
    _expect(token[:1] == b'"', at)
    try:
        return str(json.loads(token))
    except ValueError:
        _expect(False, at)
        raise


def _closed(current: _Open, at: int) -> Member:
    _expect(current.value >= 0, at)
    return Member(key=current.key, start=current.start, value=current.value, end=current.end)


def _ended(body: bytes, end: int, found: list[Member]) -> tuple[Member, ...]:
    _expect(not body[end:].strip(), end)
    return tuple(found)


def _expect(holds: bool, at: int) -> None:
    if not holds:
        raise ValueError(f"the body is not a JSON object: unexpected byte at {at}")


def elements(body: bytes) -> tuple[tuple[int, int], ...]:
    """Where the elements of the one array that `body` is begin and end, in order; ValueError for anything else."""
    found: list[tuple[int, int]] = []
    depth, begun, last = 0, -1, -1
    for token, start, end in _tokens(body):
        _expect(depth > 0 or (last < 0 and token == b"["), start)
        if depth == 1 and token in {b",", b"]"}:
            _expect(begun >= 0 or (token == b"]" and not found), start)
            found += [(begun, last)] if begun >= 0 else []
            begun = -1
        elif depth:
            begun = start if begun < 0 else begun
        depth += (token in {b"{", b"["}) - (token in {b"}", b"]"})
        last = end
    _expect(depth == 0 and last >= 0, len(body))
    return tuple(found)
