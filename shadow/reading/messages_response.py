"""Reads the messages API (Anthropic's, and servers that implement it), whole or streamed, into the normal form: total, never
raises.

Values that mean the same get the words of chat completions; others keep their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shadow.reading import message_parts, response_notes, stated_parameters
from shadow.reading.chat_response import ResponseReading
from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.completion import Completion, ProviderError, Unread, UnreadReason
from shadow.reading.event_runs import EventRuns, TextRun
from shadow.reading.lenient_json import load, repaired
from shadow.reading.message_blocks import DELTA_TEXTS, MessageBlocks
from shadow.reading.provider_error import carries_error, error_of_json
from shadow.reading.sse import EventStream, SseEvent
from shadow.reading.stream_event import event_object

STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
"""Each stop_reason as the finish reason of chat."""
_PLAIN = frozenset({"end_turn", "tool_use", "max_tokens"})
"""Words that lose nothing by their translation."""
_LONG = re.compile(rb"\d{19}")
"""A number that the quick reader may round; the input of a call is what its tool would get."""
_PROMPT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
"""The counts that add up to the prompt."""


def read_whole(body: bytes, status: int) -> ResponseReading:
    """One JSON body with status 2xx."""
    loaded = load(body)
    value = json.loads(body) if _may_round(body) and not loaded.lenient else loaded.value
    if loaded.why:
        return _unread(loaded.why, loaded.detail)
    if not isinstance(value, dict):
        return _unread(UnreadReason.WRONG_SHAPE, f"the body is a JSON {type(value).__name__}, not an object")
    content = value.get("content")
    if not content and carries_error(value):
        error = error_of_json(status, value, in_stream=False)
        return ResponseReading(Unread(why=UnreadReason.ERROR, detail=f"an error with status {status}"), error, [], done=False)
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        return _unread(UnreadReason.WRONG_SHAPE, "the body has no list of content blocks")
    making = _Making(dict.fromkeys(loaded.departures))
    making.head(value)
    for index, block in enumerate(content):
        making.blocks.begin(index, block)
        making.blocks.end(index)
    making.stop(value)
    return ResponseReading(making.build(streamed=False), None, [], done=False)


def _may_round(body: bytes) -> bool:
    """Whether the input of a call may hold such a number; a key or a word may be written in escapes, too."""
    return (b"tool_use" in body or b"\\u" in body) and _LONG.search(body) is not None


def fold_events(stream: EventStream, status: int) -> ResponseReading:
    """The events of a stream with status 2xx."""
    runs = EventRuns(stream)
    folding = _Folding(status, runs)
    for item in runs:
        if isinstance(item, TextRun):
            folding.append(item)
        elif unread := folding.add(item):
            return ResponseReading(unread, folding.error, folding.content_ends, done=False)
        if folding.done:
            break
    if not folding.done and (tail := runs.tail()):
        folding.making.notes[response_notes.NO_BLANK_LINE] = None
        folding.done = b'"message_stop"' in tail.data
    return ResponseReading(folding.completion(), folding.error, folding.content_ends, folding.done, folding.first_output)


class _Making:
    """A message while it is put together."""

    def __init__(self, notes: dict[str, None]) -> None:
        self.notes = notes
        self.builder = ChoiceBuilder(notes)
        self.blocks = MessageBlocks(self.builder, notes)
        self._id = self._model = ""
        self._usage: dict[str, Any] | None = None

    def head(self, message: dict[str, Any]) -> None:
        """The head of a message: id, model, role, and its usage so far."""
        self._id, self._model = _word(message.get("id")), _word(message.get("model"))
        if message.get("role") is not None:
            self.builder.add({}, {"role": message["role"]}, streamed=True)
        self.count(message.get("usage"))

    def count(self, usage: Any) -> None:
        """Usage that came; later counts are of the whole message, and replace earlier ones.

        A prompt of 0 tokens does not replace a count: servers that do not count it again write so.
        """
        if not isinstance(usage, dict):
            return
        counts = {name: count for name, count in usage.items() if count is not None}
        if self._usage and not any(counts.get(name) for name in _PROMPT):
            counts = {name: count for name, count in counts.items() if name not in (*_PROMPT, "cache_creation")}
        self._usage = {**(self._usage or {}), **counts}

    def stop(self, ended: dict[str, Any]) -> None:
        """The finish reason in the words of chat, with a note of the API's own word where that is more specific."""
        reason = ended.get("stop_reason")
        if reason is None:
            return
        word = STOPS.get(reason) if isinstance(reason, str) else None
        shown = response_notes.word(reason)
        if word is None:
            self.notes[f"{response_notes.UNKNOWN_STOP_REASON}: {shown}"] = None
        elif shown not in _PLAIN:
            self.notes[f"the stop_reason is {shown}"] = None
        details = ended.get("stop_details")
        why = details.get("explanation") if reason == "refusal" and isinstance(details, dict) else None
        if isinstance(why, str) and why:
            self.builder.add({}, {"refusal": why}, streamed=True)
        self.builder.add({"finish_reason": word or shown}, None, streamed=True)

    def build(self, *, streamed: bool) -> Completion:
        """The message as built so far."""
        self.blocks.close()
        choice = self.builder.build(0, streamed=streamed)
        return Completion(
            id=self._id,
            model=self._model,
            fingerprint="",
            stream=streamed,
            choices=(choice,),
            usage=_usage(self._usage),
            notes=response_notes.kept_notes(self.notes),
            applied=stated_parameters.stated_members(self._usage or {}, stated_parameters.USAGE_MEMBERS),
        )


class _Folding:
    """The answer as far as the events have built it."""

    def __init__(self, status: int, runs: EventRuns) -> None:
        self._status = status
        self._runs = runs
        self._growing = (0, "")
        self.making = _Making({})
        self.error: ProviderError | None = None
        self.content_ends: list[int] = []
        self.first_output: int | None = None
        self.done = False
        self._begun = False

    def append(self, run: TextRun) -> None:
        """Takes the texts of the events after the last one, which differ from it in the text of their delta only."""
        self.making.blocks.append(*self._growing, run.texts)
        self.content_ends += run.ends

    def _expect_more(self, chunk: dict[str, Any]) -> None:
        """Prepares a run of deltas like the one of this chunk."""
        delta = _inner(chunk, "delta")
        kind = delta.get("type")
        if isinstance(kind, str) and (key := DELTA_TEXTS.get(kind)) and delta.get(key):
            self._growing = (_index(chunk), kind)
            self._runs.expect(chunk, delta, key)

    def add(self, event: SseEvent) -> Unread | None:
        """Takes one event; Unread when a client could not have gone on."""
        data, name, end = event
        chunk = None if data.startswith(b"[DONE]") else event_object(data, self.making.notes)
        if not isinstance(chunk, dict):
            return chunk
        kind = chunk.get("type")
        if name == "error" or carries_error(chunk):
            self.error = self.error or error_of_json(self._status, chunk, in_stream=True)
            return None
        if name != kind:
            self.making.notes[response_notes.UNNAMED_EVENTS] = None
        if self._take(kind, chunk):
            self.content_ends.append(end)
            if self.first_output is None and self.making.builder.has_output:
                self.first_output = end
            if kind == "content_block_delta":
                self._expect_more(chunk)
        return None

    def _take(self, kind: Any, chunk: dict[str, Any]) -> bool:
        """True when the event carried content of the answer."""
        if kind == "content_block_delta":
            return self._blocks.grow(_index(chunk), _inner(chunk, "delta"))
        if kind == "content_block_start":
            return self._blocks.begin(_index(chunk), _inner(chunk, "content_block"))
        if kind == "content_block_stop":
            self._blocks.end(_index(chunk))
        elif kind == "message_start":
            self._begun = True
            self.making.head(_inner(chunk, "message"))
        elif kind == "message_delta":
            self.making.count(chunk.get("usage"))
            self.making.blocks.close()
            self.making.stop(_inner(chunk, "delta"))
        elif kind == "message_stop":
            self.done = True
        return False

    @property
    def _blocks(self) -> MessageBlocks:
        if not self._begun:
            self.making.notes[response_notes.NO_MESSAGE_START] = None
        return self.making.blocks

    def completion(self) -> Completion | Unread:
        """The answer, or why the events do not form one."""
        finished = self.making.builder.finish is not None
        if self.error and not finished:
            return Unread(why=UnreadReason.ERROR, detail="the provider sent an error in the stream")
        if not self._begun and not self.content_ends:
            return Unread(why=UnreadReason.EMPTY, detail="no event of the stream is one of a message")
        if not self.done and not finished:
            return Unread(why=UnreadReason.NO_DONE, detail="the stream ended with neither a stop_reason nor message_stop")
        if not self.done:
            self.making.notes[response_notes.NO_MESSAGE_STOP] = None
        return self.making.build(streamed=True)


def _usage(counts: dict[str, Any] | None) -> Any:
    """The counts in the words of chat: what came from a cache, or went into one, is part of the prompt here."""
    if counts is None:
        return None
    read, written = counts.get("cache_read_input_tokens"), _written(counts)
    prompt = [counts.get("input_tokens"), read, written]
    known = [count for count in prompt if type(count) is int and 0 <= count <= 2**53]
    return message_parts.parse_usage(
        {
            "prompt_tokens": sum(known) if type(prompt[0]) is int and prompt[0] >= 0 else prompt[0],
            "completion_tokens": counts.get("output_tokens"),
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
            "cache_creation": counts.get("cache_creation"),
            **{name: counts[name] for name in message_parts.COST_FIELDS if name in counts},
            "completion_tokens_details": {"reasoning_tokens": _inner(counts, "output_tokens_details").get("thinking_tokens")},
        },
        reasoning_inside=True,
    )


def _written(counts: Mapping[str, Any]) -> Any:
    """The tokens written to a cache, where only their parts by lifetime are given: their sum."""
    parts = _inner(counts, "cache_creation")
    lifetimes = [parts.get("ephemeral_5m_input_tokens"), parts.get("ephemeral_1h_input_tokens")]
    given = counts.get("cache_creation_input_tokens")
    whole = [count for count in lifetimes if type(count) is int and count >= 0]
    return sum(whole) if given is None and whole else given


def _inner(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _index(chunk: dict[str, Any]) -> int:
    index = chunk.get("index")
    return index if type(index) is int else 0


def _word(value: Any) -> str:
    return repaired(value) if isinstance(value, str) else ""


def _unread(why: UnreadReason, detail: str) -> ResponseReading:
    return ResponseReading(response_notes.unread(why, detail), None, [], done=False)
