"""Finds the conversation that a request belongs to, by the lists of messages seen lately.

A request continues a conversation when its messages up to the last answer are those of an earlier request; a request that only
shares an opening with another starts its own conversation. Only keyed hashes are kept.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

MOST = 100_000
"""Lists of messages kept: 12 MB where each begins a conversation, 30 MB where each continues one."""
GENERATIONS = 8
"""Parts in which lists are dropped, the part not used for the longest time first."""
SHARED = 10
"""Requests that may have sent or continued one list of messages; one more makes it an opening that conversations share."""
NAMED_BY = ("conversation", "previous_response_id", "session_id")
"""Members of a body that name a conversation, the first one present counts (Responses API; `session_id` is OpenRouter's)."""
_REPEATED = ("role", "name", "tool_calls", "function_call", "tool_call_id")
"""Members of a message that every later turn repeats, beside its content; reasoning, for example, is often not sent again."""
_ANSWER = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPlace:
    """`conversation` is the key that its requests are stored and clustered by; `drawn_by` is the input of the sample's hash."""

    conversation: str
    drawn_by: str


class _Seen(NamedTuple):
    """A list of messages: its conversation, "" where it began that, and how many requests sent or continued it."""

    key: str
    times: int


_BEGAN = tuple(_Seen("", times) for times in range(SHARED + 1))
"""Shared by all lists that began a conversation, because most did and a key and a tuple of their own take twice the memory."""


class _RecentLists:
    """At most `most` lists of messages by their hash, in dictionaries that are filled one after the other and dropped whole. An
    `OrderedDict` takes three times the memory here, since each insertion after a deletion uses up a place of its table.
    """

    def __init__(self, most: int) -> None:
        parts = min(GENERATIONS, most)
        self._size = most // parts
        self._parts: deque[dict[bytes, _Seen]] = deque([{}], maxlen=parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def find(self, name: bytes) -> _Seen | None:
        for part in self._parts:
            if seen := part.get(name):
                return seen
        return None

    def keep(self, name: bytes, seen: _Seen) -> None:
        for part in self._parts:
            if part.pop(name, None):
                break
        if len(self._parts[0]) >= self._size:
            self._parts.appendleft({})
        self._parts[0][name] = seen


class Conversations:
    """The conversations known to one process; `secret` keys every hash. An unknown request begins a conversation, so a lost entry
    never makes a sample wrong.
    """

    def __init__(self, secret: bytes, *, most: int = MOST) -> None:
        self._secret = secret
        self._most = most
        self._seen = _RecentLists(most)

    def __repr__(self) -> str:
        return f"<Conversations seen={len(self._seen)} most={self._most}>"

    def place(
        self, *, request_id: str, model: str, named: str, body: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
    ) -> ConversationPlace:
        """The place of a request to `model`; `named` is the conversation in its header.

        Work is one hash over the messages. A request that names nothing and holds no message stands alone.
        """
        if named:
            return ConversationPlace(conversation=named, drawn_by=named)
        if identity := _identity(body):
            key = self._named(identity)
            return ConversationPlace(conversation=key, drawn_by=key)
        if not messages:
            return ConversationPlace(conversation="", drawn_by=request_id)
        return self._by_messages(request_id, model, messages)

    def answered(self, place: ConversationPlace, response_id: str) -> None:
        """Keep the id of a response of this place, by which the next request may name it (`previous_response_id`)."""
        if response_id and place.conversation:
            self._keep(self._hash(["previous_response_id", response_id]), place.conversation, 1)

    def _named(self, identity: Sequence[str]) -> str:
        name = self._hash(identity)
        return self._find(name).key or name.hex()

    def _by_messages(self, request_id: str, model: str, messages: Sequence[Mapping[str, Any]]) -> ConversationPlace:
        before, whole = self._hashes(model, messages)
        key, times = self._find(whole)
        if not key:
            key = self._continued(before) or whole.hex()
        self._keep(whole, key, times + 1)
        return ConversationPlace(conversation=key, drawn_by=key if times < SHARED else request_id)

    def _continued(self, before: bytes) -> str:
        """The conversation of which `before` was a request; "" where there is none, or where too many share it."""
        key, times = self._find(before)
        if key:
            self._keep(before, key, times + 1)
        return key if times < SHARED else ""

    def _find(self, name: bytes) -> _Seen:
        """With the key of its conversation; ("", 0) where it was not seen."""
        seen = self._seen.find(name)
        if seen is None:
            return _BEGAN[0]
        return seen if seen.key else _Seen(name.hex(), seen.times)

    def _keep(self, name: bytes, key: str, times: int) -> None:
        times = min(times, SHARED)
        self._seen.keep(name, _BEGAN[times] if key == name.hex() else _Seen(key, times))

    def _hashes(self, model: str, messages: Sequence[Mapping[str, Any]]) -> tuple[bytes, bytes]:
        """Of the messages before the last answer (b"" without one, or with nothing before it), and of all."""
        answer = _last_answer(messages)
        running = blake2b(_canonical([model]), key=self._secret, digest_size=16)
        before = b""
        for place, message in enumerate(messages):
            if place and place == answer:
                before = running.digest()
            text = _canonical(_normal(message))
            running.update(len(text).to_bytes(8))
            running.update(text)
        return before, running.digest()

    def _hash(self, value: Any) -> bytes:
        return blake2b(_canonical(value), key=self._secret, digest_size=16).digest()


def _identity(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The member that names the conversation, and its value: a text, or an object with an `id`."""
    for name in NAMED_BY:
        value = body.get(name)
        value = value.get("id") if isinstance(value, dict) else value
        if isinstance(value, str) and value:
            return name, value
    return None


def _last_answer(messages: Sequence[Mapping[str, Any]]) -> int:
    """Where the last answer begins, -1 without one: some clients send one answer as several messages in a row."""
    place = next((place for place in reversed(range(len(messages))) if messages[place].get("role") == _ANSWER), -1)
    while place > 0 and messages[place - 1].get("role") == _ANSWER:
        place -= 1
    return place


def _normal(message: Mapping[str, Any]) -> list[Any]:
    """A message in one form: a text may stand alone or as the one part of a list, and cache marks move about."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [_part(part) for part in content]
        content = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts
    return [content, *map(message.get, _REPEATED)]


def _part(part: Any) -> Any:
    if not isinstance(part, dict):
        return [part]
    text = part.get("text")
    return text if isinstance(text, str) else {name: value for name, value in part.items() if name != "cache_control"}


def _canonical(value: Any) -> bytes:
    """Sorted keys, no spaces; numbers of any size."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
