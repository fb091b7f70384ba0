"""Reads streams of /v1/responses into the normal form: named events for deltas, and no [DONE]: the last event ends the response.

The deltas are read, because the application received them first; the response at the end is checked against them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shadow.reading import response_notes
from shadow.reading.chat_response import ResponseReading
from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.completion import Choice, Completion, ProviderError, Unread, UnreadReason
from shadow.reading.event_runs import EventRuns, TextRun
from shadow.reading.provider_error import carries_error, error_of_json
from shadow.reading.responses_body import add_other_kinds, build_completion, choice_of, finish_reason_of, read_whole, unread_items
from shadow.reading.responses_items import (
    CALL_INPUTS,
    CALL_KINDS,
    MESSAGE_SEPARATOR,
    call_entry,
    citations_of,
    is_client_action,
    is_commentary,
    logprobs_of,
    message_of,
)
from shadow.reading.responses_request import as_chat
from shadow.reading.sse import EventStream, SseEvent
from shadow.reading.stream_event import event_object
from shadow.reading.tool_call_assembler import CUSTOM_CLOSING, CUSTOM_OPENING, json_escaped

__all__ = ["as_chat", "fold_events", "read_whole"]

_ENDS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
_TEXTS = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning_text",
    "response.reasoning_summary_text.delta": "reasoning_summary",
}
_ARGUMENTS = {"response.function_call_arguments": "function_call", "response.custom_tool_call_input": "custom_tool_call"}
_GROWING = {f"{stem}.delta": kind == "custom_tool_call" for stem, kind in _ARGUMENTS.items()}
"""Events that bring more of a call, and whether of a custom tool's."""


def fold_events(stream: EventStream, status: int) -> ResponseReading:
    """The events of a stream with status 2xx."""
    runs = EventRuns(stream)
    folding = _Folding(status, runs)
    for item in runs:
        if isinstance(item, TextRun):
            folding.append(item)
        elif item.data.startswith(b"[DONE]"):  # because some servers end every stream with it
            break
        elif unread := folding.add(item):
            return ResponseReading(unread, folding.error, folding.content_ends, done=False)
    return ResponseReading(
        folding.completion(), folding.error, folding.content_ends, folding.final is not None, folding.first_output
    )


class _Growing(NamedTuple):
    """Where the deltas of a run are added: a `field` of the choice, for `tool_calls` the call of this number."""

    field: str
    call: int = 0
    custom: bool = False


class _Item:
    """An item in progress: the number of its call, whether its parts were announced, and what of it has come already."""

    __slots__ = ("call", "cited", "closed", "fed", "given", "kind", "named", "parted")

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.given: dict[str, Any] = {"type": kind}
        self.call = -1
        self.fed = self.named = self.closed = self.parted = self.cited = False


class _Folding:
    """The answer as far as the events have built it."""

    def __init__(self, status: int, runs: EventRuns) -> None:
        self._status = status
        self._runs = runs
        self._growing = _Growing("content")
        self._head: dict[str, Any] = {}
        self._items: dict[Any, _Item] = {}
        self._calls = 0
        self._speaker: _Item | None = None
        self.notes: dict[str, None] = {}
        self._builder = ChoiceBuilder(self.notes)
        self._builder.add({}, {"role": "assistant"}, streamed=True)
        self.error: ProviderError | None = None
        self.final: dict[str, Any] | None = None
        self.content_ends: list[int] = []
        self.first_output: int | None = None

    def add(self, event: SseEvent) -> Unread | None:
        """Takes one event; Unread when a client could not have gone on."""
        chunk = event_object(event.data, self.notes)
        if chunk is None or isinstance(chunk, Unread):
            return chunk
        kind = chunk.get("type")
        if not isinstance(kind, str):
            kind = event.event
        if kind in _TEXTS:  # nearly every event is one of these
            self._text(_TEXTS[kind], chunk, event.end)
            self._expect_text(_TEXTS[kind], chunk)
            return None
        if kind == "error" or event.event == "error" or (carries_error(chunk) and "response" not in chunk):
            self.error = self.error or error_of_json(self._status, chunk, in_stream=True)
        if isinstance(response := chunk.get("response"), dict):
            self._identify(response)
        self._take(kind, chunk, event.end)
        if kind in _GROWING:
            self._expect_more(_Growing("tool_calls", self._item(chunk, None).call, _GROWING[kind]), chunk)
        return None

    def append(self, run: TextRun) -> None:
        """Takes the texts of the events after the last one, which differ from it in their delta only."""
        growing = self._growing
        texts = [json_escaped(text) for text in run.texts] if growing.custom else run.texts
        self._builder.append(growing.field, texts, growing.call)
        self.content_ends += run.ends

    def _expect_text(self, field: str, chunk: dict[str, Any]) -> None:
        """Prepares a run of a text or of reasoning; refusals are rare, and log-probabilities differ in each delta."""
        if field != "refusal" and not chunk.get("logprobs"):
            self._expect_more(_Growing(field), chunk)

    def _expect_more(self, growing: _Growing, chunk: dict[str, Any]) -> None:
        if chunk.get("delta"):
            self._growing = growing
            self._runs.expect(chunk, chunk, "delta")

    def _identify(self, response: dict[str, Any]) -> None:
        for key, note in (("model", response_notes.MODEL_CHANGED), ("id", response_notes.ID_CHANGED)):
            was, now = self._head.get(key), response.get(key)
            if was and now and was != now:
                self.notes[note] = None
            self._head[key] = was or now

    def _take(self, kind: str, chunk: dict[str, Any], end: int) -> None:
        stem, _, verb = kind.rpartition(".")
        if stem in _ARGUMENTS:
            self._argue(_ARGUMENTS[stem], verb, chunk, end)
        elif kind == "response.output_item.added":
            self._added(chunk, end)
        elif kind == "response.content_part.added":
            self._item(chunk, "message").parted = True
        elif kind == "response.output_text.annotation.added":
            self._item(chunk, "message").cited = True
            self._builder.add_citations(1)
        elif kind == "response.output_item.done":
            self._finished(chunk, end)
        elif kind in _ENDS:
            self._end(_ENDS[kind], chunk.get("response"), end)

    def _item(self, chunk: dict[str, Any], kind: Any) -> _Item:
        """The item of an event; clients ignore the event when the item was not announced."""
        index, named = chunk.get("output_index"), _named(chunk)
        key = index if type(index) is int else named if named is not None else 0
        found = self._items.get(key)
        if found is None:
            if chunk.get("type") != "response.output_item.added":
                self.notes[response_notes.UNANNOUNCED] = None
            found = self._items[key] = _Item(kind)
        if found.call < 0 and found.kind in CALL_KINDS:
            self._number(found)
        return found

    def _number(self, item: _Item) -> None:
        item.call = self._calls
        self._calls += 1

    def _feed(self, message: dict[str, Any], end: int, logprobs: Any = None) -> None:
        self._note_content(
            end, came=self._builder.add({"logprobs": {"content": logprobs}} if logprobs else {}, message, streamed=True)
        )

    def _note_content(self, end: int, *, came: bool) -> None:
        if came:
            self.content_ends.append(end)
            if self.first_output is None and self._builder.has_output:
                self.first_output = end

    def _text(self, field: str, chunk: dict[str, Any], end: int) -> None:
        item = self._item(chunk, "message" if field in ("content", "refusal") else "reasoning")
        text = chunk.get("delta")
        if field == "content" and not item.parted:
            self.notes[response_notes.UNANNOUNCED] = None
        if isinstance(text, str):
            item.fed = True
            shown = self._apart(item, text) if field == "content" else text
            if field == "content" and not chunk.get("logprobs"):
                self._note_content(end, came=self._builder.add_text(shown))
            else:
                self._feed({field: shown}, end, chunk.get("logprobs"))

    def _apart(self, item: _Item, text: str) -> str:
        """A text, with a blank line before the first of another message."""
        before, self._speaker = self._speaker, (item if text else self._speaker)
        return MESSAGE_SEPARATOR + text if text and before is not None and before is not item else text

    def _argue(self, kind: str, verb: str, chunk: dict[str, Any], end: int) -> None:
        item = self._item(chunk, kind)
        text = chunk.get("delta") if verb == "delta" else chunk.get(CALL_INPUTS[kind])
        custom = kind == "custom_tool_call"
        if verb == "done" and item.fed and isinstance(text, str):
            self._builder.replace_arguments(item.call, text)
        if isinstance(text, str) and (verb == "delta" or not item.fed):
            item.fed = True
            self._arguments(item, json_escaped(text) if custom else text, end)
        if custom and verb == "done":
            self._close(item, end)

    def _arguments(self, item: _Item, text: str, end: int) -> None:
        self._feed({"tool_calls": [{"index": item.call, "function": {"arguments": text}}]}, end)

    def _close(self, item: _Item, end: int) -> None:
        if not item.closed:
            item.closed = True
            self._arguments(item, CUSTOM_CLOSING, end)

    def _added(self, chunk: dict[str, Any], end: int) -> None:
        given = chunk.get("item")
        if isinstance(given, dict):
            item = self._item(chunk, given.get("type"))
            item.parted = bool(given.get("content"))
            self._name(item, given, end)

    def _name(self, item: _Item, given: dict[str, Any], end: int) -> None:
        if item.call < 0 or item.named or not given.get("name"):
            return
        item.named = True
        opening = {"arguments": CUSTOM_OPENING} if item.kind == "custom_tool_call" else {}
        self._feed({"tool_calls": [{**call_entry(given, item.call), "function": {"name": given["name"], **opening}}]}, end)

    def _finished(self, chunk: dict[str, Any], end: int) -> None:
        """A whole item: what did not stream is taken from here."""
        given = chunk.get("item")
        if not isinstance(given, dict):
            return
        item = self._item(chunk, given.get("type"))
        item.given = given
        if is_commentary(given):
            self.notes[response_notes.COMMENTARY] = None
        if not item.cited:
            item.cited = True
            self._builder.add_citations(citations_of(given))
        if is_client_action(given) and not item.fed:
            self._number(item)
            self._feed(message_of(given, item.call), end)
        elif item.call >= 0:
            self._name(item, given, end)
            if not item.fed and isinstance(written := given.get(CALL_INPUTS[item.kind]), str):
                self._arguments(item, json_escaped(written) if item.kind == "custom_tool_call" else written, end)
            if item.kind == "custom_tool_call":
                self._close(item, end)
        elif not item.fed:
            message = message_of(given, 0)
            if text := message.get("content"):
                message["content"] = self._apart(item, text)
            self._feed(message, end, logprobs_of(given))
        item.fed = True

    def _end(self, status: str, response: Any, end: int) -> None:
        """Takes the final event: the status, the usage, and the whole response once more."""
        final = response if isinstance(response, dict) else {}
        self.final = final if isinstance(final.get("status"), str) else {**final, "status": status}
        if status == "failed":
            self.error = self.error or error_of_json(self._status, self.final, in_stream=True)
        output = self._output()
        if not self._items:
            for number, item in enumerate(output):
                self._finished({"type": "response.output_item.added", "output_index": number, "item": item}, end)
        self._builder.add({"finish_reason": finish_reason_of(self.final, self.notes, calls=self._calls)}, None, streamed=True)

    def _output(self) -> list[dict[str, Any]]:
        given = (self.final or {}).get("output")
        return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []

    def completion(self) -> Completion | Unread:
        """The answer, or why the events do not form one."""
        if self.error and (self.final is None or self.final["status"] == "failed"):
            return Unread(why=UnreadReason.ERROR, detail="the provider sent an error in the stream")
        if self.final is None:
            nothing = not self._items and not self._head
            why, what = (UnreadReason.EMPTY, "has content") if nothing else (UnreadReason.NO_DONE, "ends the response")
            return Unread(why=why, detail=f"no event of the stream {what}")
        output = self._output()
        items = [*(item.given for item in self._items.values()), *output]
        add_other_kinds(self._builder, items)
        choice = self._builder.build(0, streamed=True)
        if _words(choice) != _words(choice_of(self.final, output, {})):
            self.notes[response_notes.UNLIKE_ITS_END] = None
        response = {**self.final, **{key: value for key, value in self._head.items() if value}}
        return unread_items(choice, items, self.notes) or build_completion(response, choice, self.notes, stream=True)


def _named(chunk: dict[str, Any]) -> str | None:
    """The id of an event's item: some servers number no item."""
    item = chunk.get("item")
    name = chunk.get("item_id") or (item.get("id") if isinstance(item, dict) else None)
    return name if isinstance(name, str) else None


def _words(choice: Choice) -> tuple[object, ...]:
    """The content of an answer, however it was sent."""
    return choice.text or "", choice.refusal or "", [(call.name, call.arguments) for call in choice.tool_calls]
