"""Chat completions, whole or streamed, into the normal form: total, for anything a provider may send.

A stream is folded event by event as a client does it; what stops a client is Unread, and what a client ignores is a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from proxy.named_tuples import maker
from shadow.reading import message_parts, response_notes, server_times, stated_parameters
from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.completion import Choice, Completion, ProviderError, Unread, UnreadReason, new_completion
from shadow.reading.event_runs import EventRuns, TextRun
from shadow.reading.growing_string import CHUNK, GrowingString, growing_string
from shadow.reading.lenient_json import load, repaired
from shadow.reading.provider_error import carries_error, error_of_json
from shadow.reading.sse import EventStream, SseEvent
from shadow.reading.stream_event import event_object

_DONE = b"[DONE]"
_BESIDE = frozenset({"citations", "prompt_filter_results", "service_tier", "time_info", "timings"})
"""Members of an event beside its choices that are kept, the last of each."""


class ResponseReading(NamedTuple):
    """The outcome of reading: an answer or why not, the provider's error, and the ends of those events that carried content.

    `done`: the stream reached its [DONE]; `first_output` is the end of the first event with more than reasoning.
    """

    completion: Completion | Unread
    error: ProviderError | None
    content_ends: list[int]
    done: bool
    first_output: int | None = None


_reading = maker(ResponseReading)


MessageOf = Callable[[Mapping[str, Any]], Any]
"""Returns the message or the delta of a choice: the only part in which APIs with choices differ."""


def _message(choice: Mapping[str, Any]) -> Any:
    return choice.get("message")


def _delta(choice: Mapping[str, Any]) -> Any:
    return choice.get("delta")


def read_whole(body: bytes, status: int, message_of: MessageOf = _message) -> ResponseReading:
    """One JSON body with status 2xx."""
    loaded = load(body)
    if loaded.why:
        return _unread(loaded.why, loaded.detail)
    value = loaded.value
    if not isinstance(value, dict):
        return _unread(UnreadReason.WRONG_SHAPE, f"the body is a JSON {type(value).__name__}, not an object")
    if not value.get("choices") and carries_error(value):
        error = error_of_json(status, value, in_stream=False)
        return ResponseReading(Unread(why=UnreadReason.ERROR, detail=f"an error with status {status}"), error, [], done=False)
    choices = value.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return _unread(UnreadReason.WRONG_SHAPE, "the body has no list of choices")
    if not choices:
        return _unread(UnreadReason.EMPTY, "the list of choices is empty")
    if isinstance(choices[0].get("error"), dict):
        error = error_of_json(status, choices[0], in_stream=False)
        return ResponseReading(
            Unread(why=UnreadReason.ERROR, detail=f"an error with status {status} in place of a choice"), error, [], done=False
        )
    notes = dict.fromkeys(loaded.departures)
    provider = value.get("provider") or message_parts.routed_provider(choices[0].get("message"))
    value["provider"] = provider  # of this body alone
    return _reading(_completion(value, _whole_choices(value, notes, message_of), notes), None, [], done=False)


def _whole_choices(value: dict[str, Any], notes: dict[str, None], message_of: MessageOf) -> list[Choice]:
    """The choices of a body by their indices; members beside `choices` belong to the first one."""
    made: list[Choice] = []
    for position, choice in enumerate(value["choices"]):
        builder = ChoiceBuilder(notes)
        builder.add(choice, message_of(choice), streamed=False)
        if not position:
            _of_body(builder, value)
        made.append(builder.build(_index(choice, position), streamed=False))
    return sorted(made, key=lambda choice: choice.index)


def _completion(value: dict[str, Any], choices: list[Choice], notes: dict[str, None]) -> Completion:
    return new_completion(
        id=_word(value.get("id")),
        model=_word(value.get("model")),
        fingerprint=_word(value.get("system_fingerprint")),
        provider=_word(value.get("provider")),
        stream=False,
        choices=tuple(choices),
        usage=message_parts.parse_usage(value.get("usage")),
        notes=response_notes.kept_notes(notes),
        applied=stated_parameters.stated_members(value),
        times=server_times.times_in_body(value.get("usage"), value),
    )


def _of_body(builder: ChoiceBuilder, value: Mapping[str, Any]) -> None:
    """Members beside the choices: citations (Perplexity; a stream repeats them in each event), and the filter's results."""
    if isinstance(found := value.get("citations"), list):
        builder.add_citations(len(found))
    if found := value.get("prompt_filter_results"):
        builder.add_filtered(message_parts.prompt_filtered_kinds(found))


def fold_events(stream: EventStream, status: int, message_of: MessageOf = _delta) -> ResponseReading:
    """The events of a stream with status 2xx."""
    runs = EventRuns(stream)
    folding = _Folding(status, message_of, runs)
    for item in runs:
        if isinstance(item, TextRun):
            folding.append(item)
        elif item.data.startswith(_DONE):
            folding.done = True
            break
        elif unread := folding.add(item):
            return ResponseReading(unread, folding.error, folding.content_ends, done=False)
    if not folding.done and (tail := runs.tail()):
        folding.done = tail.data.strip() == _DONE
        folding.notes[response_notes.NO_BLANK_LINE] = None
    return ResponseReading(folding.completion(), folding.error, folding.content_ends, folding.done, folding.first_output)


class _Folding:
    """The answer as far as the events have built it."""

    def __init__(self, status: int, message_of: MessageOf, runs: EventRuns) -> None:
        self._status = status
        self._message_of = message_of
        self._runs = runs
        self._growing: GrowingString | None = None
        self._builders: dict[int, ChoiceBuilder] = {}
        self._id: Any = ""
        self._model: Any = ""
        self._fingerprint: Any = ""
        self._provider: Any = ""
        self._usage: Any = None
        self._beside: dict[str, Any] = {}
        self.notes: dict[str, None] = {}
        self.error: ProviderError | None = None
        self.content_ends: list[int] = []
        self.first_output: int | None = None
        self.done = False

    def append(self, run: TextRun) -> None:
        """Takes the texts of the events after the last one, which differ from it in its growing string only."""
        if growing := self._growing:
            self._builders[growing.choice].append(growing.field, run.texts, growing.call)
            self.content_ends += run.ends

    def add(self, event: SseEvent) -> Unread | None:
        """Takes one event; Unread when a client could not have gone on."""
        data, name, end = event
        chunk = event_object(data, self.notes)
        if chunk is None or isinstance(chunk, Unread):
            return chunk
        if name == "error" or ((chunk.get("object") != CHUNK or "error" in chunk) and carries_error(chunk)):
            self.error = self.error or error_of_json(self._status, chunk, in_stream=True)
        if (
            chunk.get("id") != self._id
            or chunk.get("model") != self._model
            or not self._fingerprint
            or chunk.get("system_fingerprint") != self._fingerprint
        ):
            self._head(chunk)
        if usage := chunk.get("usage"):
            self._usage = usage
        elif "x_groq" in chunk:
            self._groq(chunk["x_groq"])
        if not _BESIDE.isdisjoint(chunk):
            self._beside |= {name: chunk[name] for name in _BESIDE & chunk.keys() if chunk[name]}
        unread = self._choices(chunk.get("choices"), end)
        # a delta is what grows; where another member is read, a run of deltas is as little as one of them
        if unread is None and self._message_of is _delta and (growing := growing_string(chunk)):
            self._growing = growing
            self._runs.expect(chunk, growing.holder, growing.key)
        return unread

    def _head(self, chunk: dict[str, Any]) -> None:
        model = chunk.get("model")
        if self._model and model and model != self._model:
            self.notes[response_notes.MODEL_CHANGED] = None
        identity, fingerprint = chunk.get("id"), chunk.get("system_fingerprint")
        if self._id and identity and identity != self._id:
            self.notes[response_notes.ID_CHANGED] = None
        if self._fingerprint and fingerprint and fingerprint != self._fingerprint:
            self.notes[response_notes.FINGERPRINT_CHANGED] = None
        self._id = self._id or identity
        self._model = self._model or model
        self._fingerprint = self._fingerprint or fingerprint
        self._provider = self._provider or chunk.get("provider")

    def _groq(self, extra: Any) -> None:
        if isinstance(extra, dict) and extra.get("usage"):
            self._usage = extra["usage"]
            self.notes[response_notes.USAGE_IN_X_GROQ] = None

    def _choices(self, choices: Any, end: int) -> Unread | None:
        if type(choices) is not list:
            return (
                None
                if choices is None
                else Unread(why=UnreadReason.WRONG_SHAPE, detail="an event has choices that are not a list")
            )
        has_content = False
        for choice in choices:
            if type(choice) is not dict:
                return Unread(why=UnreadReason.WRONG_SHAPE, detail="an event has a choice that is not an object")
            index = choice.get("index")
            builder = self._builders.get(index) if type(index) is int else self._builders.get(0)
            if builder is None:
                builder = self._builders[index if type(index) is int else 0] = ChoiceBuilder(self.notes)
            delta = self._message_of(choice)
            if not self._provider and type(delta) is dict and "provider_metadata" in delta:
                self._provider = message_parts.routed_provider(delta)
            if type(delta) is not dict or "usage" in choice or "error" in choice:
                delta = self._rare(choice, delta)
            has_content = builder.add(choice, delta, streamed=True) or has_content
        if has_content:
            self.content_ends.append(end)
            if self.first_output is None and any(builder.has_output for builder in self._builders.values()):
                self.first_output = end
        return None

    def _rare(self, choice: dict[str, Any], delta: Any) -> Any:
        """What few servers put into a choice: usage, an error, or a message in place of the delta, which is returned."""
        if isinstance(choice.get("error"), dict):
            self.error = self.error or error_of_json(self._status, choice, in_stream=True)
        if (usage := choice.get("usage")) and type(usage) is dict:
            self._usage = usage
            self.notes[response_notes.USAGE_IN_A_CHOICE] = None
        if delta is None and "message" in choice:
            self.notes[response_notes.WHOLE_MESSAGE] = None
            return choice["message"]
        return delta

    def completion(self) -> Completion | Unread:
        """The answer, or why the events do not form one."""
        finished = bool(self._builders) and all(builder.finish not in {None, "error"} for builder in self._builders.values())
        if self.error and not finished:
            return Unread(why=UnreadReason.ERROR, detail="the provider sent an error in the stream")
        if not self._builders:
            return Unread(why=UnreadReason.EMPTY, detail="no event of the stream has a choice")
        if not self.done and not finished:
            return Unread(why=UnreadReason.NO_DONE, detail="the stream ended with neither a finish_reason nor [DONE]")
        if not self.done:
            self.notes[response_notes.NO_DONE] = None
        if not finished:
            self.notes["the stream ended without a finish_reason"] = None
        return self._completed()

    def _completed(self) -> Completion:
        first = self._builders[min(self._builders)]
        _of_body(first, self._beside)
        choices = tuple(self._builders[index].build(index, streamed=True) for index in sorted(self._builders))
        return Completion(
            id=_word(self._id),
            model=_word(self._model),
            fingerprint=_word(self._fingerprint),
            provider=_word(self._provider),
            stream=True,
            choices=choices,
            usage=message_parts.parse_usage(self._usage),
            notes=response_notes.kept_notes(self.notes),
            applied=stated_parameters.stated_members(self._beside),
            times=server_times.times_in_body(self._usage, self._beside),
        )


def _word(value: Any) -> str:
    return repaired(value) if isinstance(value, str) else ""


def _index(choice: dict[str, Any], position: int) -> int:
    index = choice.get("index")
    return index if type(index) is int else position


def _unread(why: UnreadReason, detail: str) -> ResponseReading:
    return ResponseReading(response_notes.unread(why, detail), None, [], done=False)
