"""The normal form of a response, however it was sent; the same for streams and whole bodies, for every API shape.

A value that was not sent is None (or empty); nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from proxy.named_tuples import maker
from shadow.reading.server_times import ServerTime


class UnreadReason(StrEnum):
    """Why an answer could not be read; a closed set, because it is a metric label too."""

    NO_RESPONSE = "no_response"
    BROKEN = "broken"
    TRUNCATED = "truncated"
    NOT_HELD = "not_held"
    """A body that the forwarder had no room to keep."""
    ENCODING = "encoding"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_SSE = "not_sse"
    TOO_DEEP = "too_deep"
    WRONG_SHAPE = "wrong_shape"
    EMPTY = "empty"
    NO_DONE = "no_done"
    NOT_AUDITED = "not_audited"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An answer that could not be read, with the reason as a label and as a sentence."""

    why: UnreadReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One tool call: `arguments` as sent (joined from its deltas), `parsed` as JSON or None, `invalid` why it did not parse.

    `deltas` counts the argument pieces in a stream; 0 in a whole body.
    """

    index: int
    id: str
    name: str
    arguments: str
    parsed: Any
    invalid: str
    deltas: int

    @property
    def sealed(self) -> bool:
        """Whether the arguments are a ciphertext (the token of Fernet) that only the provider, or its client, can open."""
        return bool(self.invalid) and is_sealed(self.arguments)


def is_sealed(text: str) -> bool:
    """Whether a text is a token of Fernet, in which makers seal reasoning and arguments: version 0x80 and a time in base64."""
    return _SEALED.fullmatch(text) is not None


_SEALED = re.compile(r"gAAAA[A-Za-z0-9_-]{3,}={0,2}")


class Usage(NamedTuple):
    """Token counts as the provider reported them; None where it did not. `cost` is in US dollars, as it states it.

    The prompt includes what was read from a cache and what was written to one.
    """

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    reasoning_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None = None
    cost: float | None = None
    cache_write_1h_tokens: int | None = None
    """The part of `cache_write_tokens` that is kept for an hour, where the API prices it apart."""
    reasoning_inside: bool = False
    """Whether the API defines the reasoning as a part of the completion tokens."""
    invalid: str = ""
    """Why the counts cannot be right: one is negative, a fraction, huge or no number, or parts are not the whole."""


new_usage = maker(Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logprob:
    """The log probability of one chosen token, in nats; `top` counts the alternatives that came with it."""

    token: str
    logprob: float
    top: int = 0


_CHATS = ("stop", "length", "tool_calls", "content_filter", "function_call")
DIALECTS = {
    **dict.fromkeys(
        ("end_turn", "eos", "eos_token", "stop_sequence", "end", "complete", "completed", "finished", "done"), "stop"
    ),
    **dict.fromkeys(("max_tokens", "max_output_tokens", "max_length", "model_length", "token_limit"), "length"),
    **dict.fromkeys(("tool_use", "tool_call", "function_calls"), "tool_calls"),
    **dict.fromkeys(("safety", "refusal", "recitation", "blocklist", "prohibited_content", "sensitive"), "content_filter"),
    **{word: word for word in _CHATS},
}
"""Words of other APIs and servers for the reason why an answer ended, in lower case, each with the word of chat completions."""


class Choice(NamedTuple):
    """One choice: text, reasoning and which field carried it, refusal, tool calls in index order, and how it finished.

    `text` is None when no content field came at all, "" when an empty one did. `pieces` are the content deltas as sent
    (one piece for a whole body): a space lost between two chunks shows only there.
    """

    index: int  # type: ignore[assignment]  # hides the method of a tuple, which nothing calls
    text: str | None
    reasoning: str | None
    reasoning_field: str
    refusal: str | None
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    logprobs: tuple[Logprob, ...] | None
    pieces: tuple[str, ...]
    other: tuple[str, ...] = ()
    """The kinds of other content, each once: pictures, sounds, citations, calls that the server runs and their results."""
    native_finish_reason: str = ""
    """The finish reason of the server behind a router, in its own word."""
    citations: int = 0
    """The number of citations or annotations."""
    filtered: tuple[str, ...] = ()
    """What a filter on content withheld, as Azure states it: the kinds, each with its severity (`hate (high)`)."""

    @property
    def withheld(self) -> bool:
        """Whether a filter on content ended the answer or took it away: the server's, not the model's refusal."""
        return bool(self.filtered) or self.ended == "content_filter"

    @property
    def ended(self) -> str | None:
        """What `finish_reason` means in the words of chat completions, where it is a word of another dialect for one of them."""
        finish = self.finish_reason
        if finish is None or finish in _CHATS:
            return finish
        return DIALECTS.get(finish.casefold(), finish)

    @property
    def served(self) -> tuple[str, ...]:
        """The kinds of those calls that the server ran itself, as `server_tool_use` or `web_search_call`."""
        return tuple(kind for kind in self.other if kind.endswith(("_use", "_call")))


new_choice = maker(Choice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One embedding: `packed` are its components as float32, little-endian, whichever way they were sent."""

    index: int
    packed: bytes


class Completion(NamedTuple):
    """An answer in the normal form. `notes` are departures from the API's form, one sentence each."""

    id: str
    model: str
    fingerprint: str
    stream: bool
    choices: tuple[Choice, ...]
    usage: Usage | None
    notes: tuple[str, ...]
    provider: str = ""
    """The upstream that a router names in its field `provider`."""
    vectors: tuple[Vector, ...] = ()
    """The embeddings, by index; their one choice is then empty."""
    applied: Mapping[str, bool | int | float | str] = MappingProxyType({})
    """The parameters that the answer states it was made with (`shadow.reading.stated_parameters`)."""
    times: tuple[ServerTime, ...] = ()
    """The times that the server reports in the body."""

    @property
    def first(self) -> Choice:
        """The first choice; every comparison is made on it. There is always one: a body without choices is Unread."""
        return self.choices[0]


new_completion = maker(Completion)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """An error that the provider sent, as a status with a body or as an event in a stream; `param` is the member it names."""

    status: int
    type: str
    code: str
    message: str
    in_stream: bool
    param: str = ""
