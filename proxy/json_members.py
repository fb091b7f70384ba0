"""The positions of the top-level members of a JSON object in its bytes, so that one can be changed and all others stay as sent.

One pass, no recursion, no number or string is ever decoded but the keys; values are not checked for being JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.json_scanner import Span, Steps, value_end, walking, white_end, whole

MOST = 10_000
"""Members of an object, or elements of a list, beyond which neither is read: even to free the memory of so many takes a while."""
_PART = 100
"""Elements of a list between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonMember:
    """One member: its key, and byte offsets of the whole (`start` of the key to `end`) and of the value (`value` to `end`)."""

    key: str
    start: int
    value: int
    end: int


def members(body: bytes) -> tuple[JsonMember, ...]:
    """The members of the one object that `body` is, in order, repeated keys included; ValueError for anything else, and for more
    than `MOST`.
    """
    return whole(finding_members(body))


def finding_members(body: bytes) -> Steps[tuple[JsonMember, ...]]:
    """What `members` does, in steps of about a millisecond."""
    spans: list[Span] = []
    ended, end = yield from walking(body, spans, members=MOST + 1)
    _few(spans)
    _expect(ended, end)
    end = white_end(body, end)
    _expect(end == len(body), end)
    found = []
    for span in spans:
        found.append(JsonMember(key=_key(body, span), start=span.start, value=span.value, end=span.end))
        if len(found) % _PART == 0:
            yield
    return tuple(found)


def elements(body: bytes) -> tuple[tuple[int, int], ...]:
    """Where the elements of the one array that `body` is begin and end, in order; ValueError for anything else, and for more than
    `MOST`.
    """
    return whole(finding_elements(body))


def finding_elements(body: bytes) -> Steps[tuple[tuple[int, int], ...]]:
    """What `elements` does, in steps of about a millisecond."""
    found: list[tuple[int, int]] = []
    at = white_end(body, 0)
    _expect(body.startswith(b"[", at), at)
    at, mark = white_end(body, at + 1), b","
    if body.startswith(b"]", at):
        at, mark = at + 1, b"]"
    while mark == b",":
        start = white_end(body, at)
        end, _ = yield from value_end(body, start)
        _expect(end >= 0, start)
        found.append((start, end))
        _few(found)
        at = white_end(body, end)
        mark = body[at : at + 1]
        _expect(mark in {b",", b"]"}, at)
        at += 1
        if len(found) % _PART == 0:
            yield
    at = white_end(body, at)
    _expect(at == len(body), at)
    return tuple(found)


def _key(body: bytes, span: Span) -> str:
    try:
        return str(json.loads(body[span.start : span.key_end]))
    except ValueError:
        _expect(False, span.start)
        raise


def _few(found: Sequence[object]) -> None:
    if len(found) > MOST:
        raise ValueError(f"the body has more than {MOST} members in one object or list")


def _expect(holds: bool, at: int) -> None:
    if not holds:
        raise ValueError(f"the body is not a JSON object: unexpected byte at {at}")
