"""Fits a request to one provider: members left out, renamed and added, header fields and query parameters added.

Every byte that no setting names stays as sent; each alteration is one sentence, which never holds a value that was removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from proxy.config import Provider
from proxy.exchange import Headers
from proxy.members import Member, elements, members

NEVER_FITTED = frozenset({"model", "messages", "input", "prompt", "stream"})
"""Members that no setting leaves out, renames or adds: the model has `models`, and the others are the question itself."""
THINKING_MEMBERS = frozenset({"reasoning", "reasoning_content", "reasoning_details", "thinking", "thinking_blocks"})
"""Members of a message in which clients send earlier thinking back."""
THINKING_PARTS = frozenset({"reasoning", "redacted_thinking", "thinking"})
"""Types of the parts of a message, and of items of /v1/responses, that hold earlier thinking."""
_TALKS = frozenset({"messages", "input"})
_SOME_THINKING = re.compile(rb"reasoning|thinking|\\u00")
_PLAIN = "-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
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
class Fitted:
    """The body to send, and one sentence for each thing that is not as the application sent it."""

    body: bytes
    alterations: tuple[str, ...]


def fitting_of(provider: Provider, environ: Mapping[str, str]) -> Fitting:
    """The fitting that a provider's settings describe; `environ` holds the values of `extra_headers_env`."""
    secret = {name: environ.get(variable, "").strip() for name, variable in provider.extra_headers_env.items()}
    return Fitting(
        drop=provider.drop,
        rename=provider.rename,
        add=provider.extra_body,
        headers=tuple({**provider.extra_headers, **{name: value for name, value in secret.items() if value}}.items()),
        query=provider.extra_query,
        strip_thinking=provider.strip_thinking,
    )


def fit_body(body: bytes, fitting: Fitting) -> Fitted:
    """`body`, a JSON object (ValueError for anything else), fitted: left out first, then renamed, then added."""
    told: list[str] = []
    for step in (_stripped, _dropped, _renamed, _added):
        body, sentences = step(body, fitting)
        told += sentences
    return Fitted(body=body, alterations=tuple(told))


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


def around_the_body(fitting: Fitting) -> tuple[str, ...]:
    """A sentence for each header field and query parameter that is added; the values of fields are not repeated."""
    return (
        *(f"header {name} added" for name, _ in fitting.headers),
        *(f"query {name}={value} added" for name, value in fitting.query.items()),
    )


def without(body: bytes, found: tuple[Member, ...], gone: Container[str]) -> bytes:
    """The object `body`, whose members are `found`, without those named in `gone`; a kept member keeps its separator."""
    kept = [index for index, member in enumerate(found) if member.key not in gone]
    if not found or len(kept) == len(found):
        return body
    return _kept(body, [(member.start, member.end) for member in found], kept)


def _dropped(body: bytes, fitting: Fitting) -> tuple[bytes, list[str]]:
    if not fitting.drop:
        return body, []
    found = members(body)
    gone = dict.fromkeys(member.key for member in found if member.key in fitting.drop)
    return without(body, found, gone), [f"{key} removed: left out for this provider" for key in gone]


def _renamed(body: bytes, fitting: Fitting) -> tuple[bytes, list[str]]:
    told: list[str] = []
    for old, new in fitting.rename.items():
        found = members(body)
        keys = {member.key for member in found}
        if old not in keys:
            continue
        if new in keys:
            body = without(body, found, {old})
            told.append(f"{old} removed: {new} is given too, and this provider takes that name")
            continue
        for member in reversed([member for member in found if member.key == old]):
            after = body[member.start :]
            body = body[: member.start] + json.dumps(new).encode() + after[_key_size(after) :]
        told.append(f"{old} sent as {new}")
    return body, told


def _key_size(text: bytes) -> int:
    found = re.match(rb'"(?:[^"\\]|\\.)*"', text, re.DOTALL)
    assert found is not None  # a member begins with its key
    return found.end()


def _added(body: bytes, fitting: Fitting) -> tuple[bytes, list[str]]:
    told: list[str] = []
    for key, value in fitting.add.items():
        found = [member for member in members(body) if member.key == key]
        written = json.dumps(value).encode()
        if found and all(body[member.value : member.end] == written for member in found):
            continue
        for member in reversed(found):
            body = body[: member.value] + written + body[member.end :]
        if not found:
            body = _with_member(body, json.dumps(key).encode() + b": " + written)
        told.append(f"{key} {'sent as' if found else 'added:'} {_short(written)}")
    return body, told


def _with_member(body: bytes, member: bytes) -> bytes:
    before, brace, after = body.partition(b"{")
    comma = b"" if after.strip() == b"}" else b", "
    return before + brace + member + comma + after


def _short(written: bytes) -> str:
    text = written.decode()
    return text if len(text) <= 200 else text[:199] + "…"


def _stripped(body: bytes, fitting: Fitting) -> tuple[bytes, list[str]]:
    if not fitting.strip_thinking or not _SOME_THINKING.search(body):
        return body, []
    parts = 0
    for member in reversed(members(body)):
        value = body[member.value : member.end]
        if member.key in _TALKS and value[:1] == b"[":
            bare, gone = _without_thinking(value, _bare_message)
            body, parts = body[: member.value] + bare + body[member.end :] if gone else body, parts + gone
    return body, [f"{parts} pieces of earlier thinking removed (strip_thinking)"] if parts else []


def _without_thinking(array: bytes, bare: Callable[[bytes], tuple[bytes, int]]) -> tuple[bytes, int]:
    """The array with each element as `bare` returns it, without those of which nothing is left; how many pieces went."""
    spans = elements(array)
    made = [bare(array[start:end]) for start, end in spans]
    kept = [index for index, (left, _) in enumerate(made) if left]
    changed = _kept(array, spans, kept, [left for left, _ in made]) if any(gone for _, gone in made) else array
    return changed, sum(gone for _, gone in made)


def _bare_part(part: bytes) -> tuple[bytes, int]:
    if part[:1] != b"{" or not _SOME_THINKING.search(part):
        return part, 0
    kinds = [_text(part, member) for member in members(part) if member.key == "type"]
    return (b"", 1) if kinds and kinds[-1] in THINKING_PARTS else (part, 0)


def _bare_message(message: bytes) -> tuple[bytes, int]:
    left, gone = _bare_part(message)
    if gone or message[:1] != b"{" or not _SOME_THINKING.search(message):
        return left, gone
    found = members(message)
    if not any(member.key == "role" and _text(message, member) == "assistant" for member in found):
        return message, 0
    pieces = sum(member.key in THINKING_MEMBERS for member in found)
    message = without(message, found, THINKING_MEMBERS)
    for member in reversed(members(message)):
        value = message[member.value : member.end]
        if member.key == "content" and value[:1] == b"[":
            bare, parts = _without_thinking(value, _bare_part)
            if parts and not elements(bare) and b'"tool_calls"' not in message:
                return b"", pieces + parts
            message, pieces = message[: member.value] + bare + message[member.end :], pieces + parts
    return message, pieces


def _text(body: bytes, member: Member) -> str:
    value = body[member.value : member.end]
    return str(json.loads(value)) if value[:1] == b'"' else ""


def _kept(body: bytes, spans: Iterable[tuple[int, int]], kept: list[int], values: list[bytes] | None = None) -> bytes:
    """`body` with only the spans whose index is in `kept`, written as `values` where given; each keeps its separator."""
    spans = list(spans)
    pieces = [body[: spans[0][0]]]
    for place, index in enumerate(kept):
        start, end = spans[index]
        pieces.append(body[start:end] if values is None else values[index])
        if place + 1 < len(kept):
            pieces.append(body[end : spans[index + 1][0]])
    return b"".join([*pieces, body[spans[-1][1] :]])
