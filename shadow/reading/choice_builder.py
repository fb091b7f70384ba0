"""Builds a choice from the one message of a whole body, or from the many deltas of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shadow.reading import message_parts, response_notes
from shadow.reading.completion import Choice, Logprob, new_choice
from shadow.reading.lenient_json import repaired
from shadow.reading.tool_call_assembler import ToolCallAssembler

_MEDIA = ("audio", "images", "image", "files", "video")
"""Fields of a message beside its content that hold other things than text."""
SEALED_KINDS = frozenset({"redacted_thinking", "sealed_reasoning"})
"""Kinds of reasoning that only its provider can read."""
_MOST_KINDS = 16
"""Kinds of parts that are kept; a hostile answer may name any number."""
_CITED = ("annotations", "citations")
CITATIONS = "citations"


class ChoiceBuilder:
    """One choice in the making; `notes` is shared by the whole answer and keeps its order."""

    __slots__ = (
        "_called",
        "_calls",
        "_carried",
        "_cited",
        "_field",
        "_filtered",
        "_logprobs",
        "_native",
        "_notes",
        "_other",
        "_pieces",
        "_reasoning",
        "_refusal",
        "_roles",
        "_text_came",
        "finish",
    )

    def __init__(self, notes: dict[str, None]) -> None:
        self._notes = notes
        self._calls = ToolCallAssembler(notes)
        self._called = False
        self._pieces: list[str] = []
        self._text_came = False
        self._reasoning: list[str] | None = None
        self._field = ""
        self._refusal: list[str] | None = None
        self._logprobs: list[Logprob] | None = None
        self._other: dict[str, None] = {}
        self._carried = 0
        self._cited = 0
        self._filtered: dict[str, None] = {}
        self._native = ""
        self._roles = 0
        self.finish: str | None = None

    @property
    def has_output(self) -> bool:
        """True once it holds more than reasoning: text, a refusal or a call."""
        return bool(self._pieces or self._refusal or self._called)

    def add(self, choice: dict[str, Any], message: Any, *, streamed: bool) -> bool:
        """Takes one choice object; True when it carried content, reasoning, refusal or a tool call."""
        late = self.finish is not None
        if finish := choice.get("finish_reason"):
            self._finish(finish)
            native = choice.get("native_finish_reason")
            self._native = response_notes.word(native) if isinstance(native, str) else self._native
        if results := choice.get("content_filter_results"):
            self.add_filtered(message_parts.filtered_kinds(results))
        if (logprobs := choice.get("logprobs")) is not None and (items := message_parts.parse_logprobs(logprobs)) is not None:
            self._logprobs = self._logprobs or []
            self._logprobs += items
        if type(message) is not dict:
            return False
        carried = False
        for key, value in message.items():
            if value is None or key == "role":
                self._roles += value is not None
                continue
            if key == "content" and type(value) is str:
                self._text_came = True
                if value:
                    self._pieces.append(value)
                    carried = True
            else:
                carried = self._rare(key, value, message, streamed=streamed) or carried
        if carried:
            self._carried += 1
            if late:
                self._notes[response_notes.AFTER_FINISH] = None
        return carried

    def add_text(self, text: str) -> bool:
        """Takes content and nothing else, as `add` would from a message of it alone."""
        self._text_came = True
        if not text:
            return False
        self._pieces.append(text)
        self._carried += 1
        if self.finish is not None:
            self._notes[response_notes.AFTER_FINISH] = None
        return True

    def add_other_kind(self, kind: str, *, noted: bool = True) -> None:
        """Takes a part of a kind that has no place in the normal form: a picture, a sound, a call that the server runs."""
        shown = response_notes.word(kind)
        if len(self._other) < _MOST_KINDS:
            self._other[shown] = None
        if noted:
            self._notes[f"the content holds parts that are not text: {shown}"] = None

    def add_citations(self, count: int) -> None:
        """Adds to the number of citations."""
        if count:
            self._cited += count
            self.add_other_kind(CITATIONS, noted=False)

    def add_filtered(self, kinds: Sequence[str]) -> None:
        """Takes the kinds for which a filter withheld something."""
        self._filtered |= dict.fromkeys(kinds[:_MOST_KINDS])

    def replace_arguments(self, call: int, arguments: str) -> None:
        """The arguments of a call as its last event states them, where they came sealed before."""
        self._calls.replace_arguments(call, arguments)

    def append(self, field: str, texts: Sequence[str], call: int = 0) -> None:
        """Takes more of a string that has begun, as `add` takes it text by text: of a field, or of a call's arguments."""
        if field == "tool_calls":
            self._calls.append(call, texts)
        elif field == "content":
            self._pieces += texts
        elif self._reasoning is not None:
            self._reasoning += texts
        self._carried += len(texts)

    def _rare(self, key: str, value: Any, message: dict[str, Any], *, streamed: bool) -> bool:
        if key == "tool_calls":
            called = self._calls.add_deltas(value) if streamed else self._calls.add_whole(value)
            self._called = self._called or called
            return called
        if key in message_parts.REASONING_FIELDS:
            return self._is_first_reasoning(key, message) and self._reason(key, message_parts.reasoning_text(value))
        if key == "content":
            return self._parts(value)
        if key == "reasoning_details":
            named = any(message.get(field) for field in message_parts.REASONING_FIELDS)
            if message_parts.is_encrypted(value):
                self.add_other_kind("sealed_reasoning", noted=False)
            return not named and self._reason(key, message_parts.reasoning_text(value))
        if key == "refusal" and isinstance(value, str):
            self._refusal = self._refusal or []
            self._refusal.append(value)
            return bool(value)
        if key in _MEDIA:
            return self._medium(key, value)
        if key in _CITED:
            self.add_citations(len(value) if isinstance(value, list) else 0)
        return key == "function_call" and self._calls.add_legacy(value, streamed=streamed)

    def _medium(self, key: str, value: Any) -> bool:
        """A sound, pictures or files; servers that know these fields send them empty where they hold nothing."""
        if key == "audio" and isinstance(value, dict):
            value = value.get("data") or value.get("transcript")
        if value:
            self.add_other_kind(key)
        return bool(value)

    def _is_first_reasoning(self, key: str, message: dict[str, Any]) -> bool:
        """Whether no better-known field of this message carries the same reasoning; an empty field carries none."""
        held = [field for field in message_parts.REASONING_FIELDS if message.get(field) is not None]
        return key == next((field for field in held if message[field]), held[0])

    def _parts(self, value: Any) -> bool:
        parts = message_parts.parse_content(value)
        for kind in parts.other:
            self.add_other_kind(kind)
        if parts.text is not None:
            self._text_came = True
            self._pieces += [parts.text] if parts.text else []
        return self._reason("content", parts.reasoning) or bool(parts.text)

    def _reason(self, field: str, text: str | None) -> bool:
        if text is None:
            return False
        if self._reasoning is None:
            self._reasoning = []
        if text:
            self._field = self._field or field
            self._reasoning.append(text)
        return bool(text)

    def _finish(self, finish: Any) -> None:
        reason = response_notes.word(finish)
        if self.finish not in {None, reason}:
            self._notes[response_notes.FINISHED_TWICE] = None
        self.finish = reason

    def build(self, index: int, *, streamed: bool) -> Choice:
        """The choice as built so far."""
        if streamed and not self._roles:
            self._notes[response_notes.NO_ROLE] = None
        elif streamed and 1 < self._roles < self._carried / 2:  # in nearly every delta, as of some servers, it misleads no client
            self._notes[response_notes.ROLE_AGAIN] = None
        pieces = _with_whole_characters(self._pieces)
        return new_choice(
            index=index,
            text="".join(pieces) if self._text_came else None,
            reasoning=None if self._reasoning is None else repaired("".join(self._reasoning)),
            reasoning_field=self._field,
            refusal=None if self._refusal is None else repaired("".join(self._refusal)),
            tool_calls=self._calls.build(streamed=streamed),
            finish_reason=self.finish,
            logprobs=None if self._logprobs is None else tuple(self._logprobs),
            pieces=pieces,
            other=tuple(self._other),
            native_finish_reason=self._native,
            citations=self._cited,
            filtered=tuple(self._filtered),
        )


def _with_whole_characters(pieces: list[str]) -> tuple[str, ...]:
    """The pieces with each surrogate pair that was cut in two put into the later piece, and lone halves replaced."""
    joined = "".join(pieces)
    if repaired(joined) is joined:
        return tuple(pieces)
    made: list[str] = []
    carry = ""
    for piece in pieces:
        text = carry + piece
        carry = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        made.append(repaired(text.removesuffix(carry)) if carry else repaired(text))
    made.append(repaired(carry))
    return tuple(piece for piece in made if piece)
