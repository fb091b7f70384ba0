"""Fits a request to one provider: members left out, renamed and added, header fields and query parameters added.

Every byte that no setting names stays as sent; each alteration is one sentence, which never holds a value that was removed.
A large body is fitted in steps of about a millisecond, between which the event loop may serve others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from proxy.exchange import Headers
from proxy.json_members import JsonMember, finding_elements, finding_members
from proxy.json_scanner import Steps, whole

if TYPE_CHECKING:
    from proxy.provider_config import Provider

NEVER_FITTED = frozenset({"model", "messages", "input", "prompt", "stream"})
"""Members that no setting leaves out, renames or adds: the model has `models`, and the others are the question itself."""
THINKING_MEMBERS = frozenset({"reasoning", "reasoning_content", "reasoning_details", "thinking", "thinking_blocks"})
"""Members of a message in which clients send earlier thinking back."""
THINKING_PARTS = frozenset({"reasoning", "redacted_thinking", "thinking"})
"""Types of the parts of a message, and of items of /v1/responses, that hold earlier thinking."""
_TALKS = frozenset({"messages", "input"})
_PORTION, _MESSAGES = 500, 20
"""Members, and elements of a talk, between two steps."""
_PLAIN = "-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFitting:
    """How requests for one provider differ from what the application sent; the values of `headers` may be secret."""

    drop: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    add: Mapping[str, object] = field(default_factory=dict)
    headers: Headers = field(default=(), repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    strip_thinking: bool = False

    @property
    def changes_body(self) -> bool:
        """True when a body may leave here otherwise than it came."""
        return bool(self.drop or self.rename or self.add or self.strip_thinking)

    @property
    def changes_anything(self) -> bool:
        """True when any part of a request may leave here otherwise than it came."""
        return bool(self.changes_body or self.headers or self.query)

    @property
    def chooses(self) -> tuple[object, ...]:
        """What may lead a request to another server behind one address, as a router's order of providers does."""
        return self.add, self.headers, self.query


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedBody:
    """The body to send, and one sentence for each thing that is not as the application sent it."""

    body: bytes
    alterations: tuple[str, ...]


def fitting_of(provider: Provider, environ: Mapping[str, str]) -> RequestFitting:
    """The fitting that a provider's settings describe; `environ` holds the values of `extra_headers_env`."""
    secret = {name: environ.get(variable, "").strip() for name, variable in provider.extra_headers_env.items()}
    return RequestFitting(
        drop=provider.drop,
        rename=provider.rename,
        add=provider.extra_body,
        headers=tuple({**provider.extra_headers, **{name: value for name, value in secret.items() if value}}.items()),
        query=provider.extra_query,
        strip_thinking=provider.strip_thinking,
    )


def fit_body(body: bytes, fitting: RequestFitting) -> FittedBody:
    """`body`, a JSON object (ValueError for anything else), fitted: left out first, then renamed, then added."""
    return whole(fit_in_steps(body, fitting))


def fit_in_steps(body: bytes, fitting: RequestFitting) -> Steps[FittedBody]:
    """What `fit_body` does, in steps of about a millisecond."""
    changes: list[str] = []
    if fitting.strip_thinking and _some_thinking(body):
        body, changes = yield from _stripped(body)
    if fitting.drop or fitting.rename or fitting.add:
        parts = yield from _taken_apart(body)
        sentences = [*parts.drop(fitting.drop), *parts.rename(fitting.rename), *parts.add(fitting.add)]
        body = (yield from parts.joined()) if sentences else body
        changes += sentences
    return FittedBody(body=body, alterations=tuple(changes))


def fit_target(target: str, query: Mapping[str, str]) -> str:
    """`target` with the parameters of `query`, each of which takes the place of the one of its name."""
    if not query:
        return target
    path, _, before = target.partition("?")
    kept = [each for each in before.split("&") if each and each.partition("=")[0] not in query]
    added = [f"{quote(name, safe=_PLAIN)}={quote(value, safe=_PLAIN)}" for name, value in query.items()]
    return f"{path}?{'&'.join([*kept, *added])}"


def fit_fields(fields: Iterable[tuple[str, str]], extra: Headers) -> Headers:
    """`fields` with those of `extra` at the end, each of which takes the place of those of its name."""
    taken = {name.lower() for name, _ in extra}
    return (*((name, value) for name, value in fields if name.lower() not in taken), *extra)


def around_the_body(fitting: RequestFitting) -> tuple[str, ...]:
    """A sentence for each header field and query parameter that is added; the values of fields are not repeated."""
    return (
        *(f"header {name} added" for name, _ in fitting.headers),
        *(f"query {name}={value} added" for name, value in fitting.query.items()),
    )


@dataclass(slots=True)
class _Part:
    """One member: the bytes of its key, up to its value; the value; and what parts it from the next member."""

    head: bytes
    value: bytes
    gap: bytes
    gone: bool = False


class _Parts:
    """An object taken apart into its members, so that each of them is looked at by its name."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after
        self._parts: list[_Part] = []
        self._named: dict[str, list[_Part]] = {}
        self._front = b""
        self._left = 0

    def __repr__(self) -> str:
        return f"<_Parts members={len(self._parts)} left={self._left}>"

    def take(self, name: str, part: _Part) -> None:
        """Take the next member."""
        self._parts.append(part)
        self._named.setdefault(name, []).append(part)
        self._left += 1

    def drop(self, names: Container[str]) -> list[str]:
        """Leave out the members of these names."""
        gone = [name for name in self._named if name in names]
        for name in gone:
            self._leave_out(name)
        return [f"{name} removed: left out for this provider" for name in gone]

    def rename(self, names: Mapping[str, str]) -> list[str]:
        """Send members under other names, unless a member of the other name is there."""
        changes: list[str] = []
        for old, new in names.items():
            if old not in self._named:
                continue
            if new in self._named:
                self._leave_out(old)
                changes.append(f"{old} removed: {new} is given too, and this provider uses that name")
                continue
            parts = self._named[new] = self._named.pop(old)
            for part in parts:
                part.head = json.dumps(new).encode() + part.head[_key_size(part.head) :]
            changes.append(f"{old} sent as {new}")
        return changes

    def add(self, members: Mapping[str, object]) -> list[str]:
        """Give members these values; those that are not there come first in the object."""
        changes: list[str] = []
        for name, value in members.items():
            written, found = json.dumps(value).encode(), self._named.get(name, [])
            if found and all(part.value == written for part in found):
                continue
            for part in found:
                part.value = written
            if not found:
                comma = b", " if self._left or self._front else b""
                self._front = json.dumps(name).encode() + b": " + written + comma + self._front
            changes.append(f"{name} {'sent as' if found else 'added:'} {shown_value(written)}")
        return changes

    def joined(self) -> Steps[bytes]:
        """The object again; a kept member keeps what parts it from the next."""
        before, brace, white = self._before.partition(b"{")
        pieces = [before, brace, self._front, white]
        gap = b""
        for place, part in enumerate(self._parts):
            if not part.gone:
                pieces += (gap, part.head, part.value)
                gap = part.gap
            if place % _PORTION == 0:
                yield
        return b"".join([*pieces, self._after])

    def _leave_out(self, name: str) -> None:
        for part in self._named.pop(name):
            part.gone = True
            self._left -= 1


def _taken_apart(body: bytes) -> Steps[_Parts]:
    found = yield from finding_members(body)
    brace = body.index(b"{") + 1
    parts = _Parts(body[: found[0].start if found else brace], body[found[-1].end if found else brace :])
    for place, member in enumerate(found):
        behind = found[place + 1].start if place + 1 < len(found) else member.end
        parts.take(
            member.key, _Part(body[member.start : member.value], body[member.value : member.end], body[member.end : behind])
        )
        if place % _PORTION == 0:
            yield
    return parts


def _key_size(text: bytes) -> int:
    found = re.match(rb'"(?:[^"\\]|\\.)*"', text, re.DOTALL)
    assert found is not None  # a member begins with its key
    return found.end()


def shown_value(written: bytes) -> str:
    """A JSON value as an alteration shows it, at most 200 characters."""
    text = written.decode("utf-8", "replace")
    return text if len(text) <= 200 else text[:199] + "…"


def _some_thinking(text: bytes) -> bool:
    return b"reasoning" in text or b"thinking" in text or b"\\u00" in text


def _stripped(body: bytes) -> Steps[tuple[bytes, list[str]]]:
    parts = 0
    for member in reversed((yield from finding_members(body))):
        value = body[member.value : member.end] if member.key in _TALKS else b""
        if value[:1] == b"[" and _some_thinking(value):
            bare, gone = yield from _without_thinking(value, _bare_message)
            body, parts = body[: member.value] + bare + body[member.end :] if gone else body, parts + gone
    return body, [f"{parts} pieces of earlier thinking removed (strip_thinking)"] if parts else []


def _without_thinking(array: bytes, bare: Callable[[bytes], Steps[tuple[bytes, int]]]) -> Steps[tuple[bytes, int]]:
    """The array with each element as `bare` returns it, without those of which nothing is left; how many pieces went."""
    spans = yield from finding_elements(array)
    pieces, gap, gone = [array[: spans[0][0]]] if spans else [], b"", 0
    for place, (start, end) in enumerate(spans):
        left, went = yield from bare(array[start:end])
        gone += went
        if left:
            pieces += (gap, left)
            gap = array[end : spans[place + 1][0]] if place + 1 < len(spans) else b""
        if place % _MESSAGES == 0:
            yield
    return (b"".join([*pieces, array[spans[-1][1] :]]) if gone else array), gone


def _bare_part(part: bytes) -> Steps[tuple[bytes, int]]:
    if part[:1] != b"{" or not _some_thinking(part):
        return part, 0
    kinds = [_text(part, member) for member in (yield from finding_members(part)) if member.key == "type"]
    return (b"", 1) if kinds and kinds[-1] in THINKING_PARTS else (part, 0)


def _bare_message(message: bytes) -> Steps[tuple[bytes, int]]:
    left, gone = yield from _bare_part(message)
    if gone or message[:1] != b"{" or not _some_thinking(message):
        return left, gone
    found = yield from finding_members(message)
    if not any(member.key == "role" and _text(message, member) == "assistant" for member in found):
        return message, 0
    pieces = sum(member.key in THINKING_MEMBERS for member in found)
    if pieces:
        message = yield from _without_members(message, THINKING_MEMBERS)
    for member in reversed((yield from finding_members(message))):
        value = message[member.value : member.end] if member.key == "content" else b""
        if value[:1] == b"[":
            bare, parts = yield from _without_thinking(value, _bare_part)
            if parts and not (yield from finding_elements(bare)) and b'"tool_calls"' not in message:
                return b"", pieces + parts
            message, pieces = message[: member.value] + bare + message[member.end :], pieces + parts
    return message, pieces


def _without_members(body: bytes, names: Container[str]) -> Steps[bytes]:
    parts = yield from _taken_apart(body)
    parts.drop(names)
    return (yield from parts.joined())


def _text(body: bytes, member: JsonMember) -> str:
    value = body[member.value : member.end]
    return str(json.loads(value)) if value[:1] == b'"' else ""
