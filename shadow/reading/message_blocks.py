"""Feeds the content blocks of a message, whole or growing, to a builder in the words of chat: text, thinking, calls of tools.

A block of another kind, such as a call of a tool that the server runs, is noted and never counted as the client's call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shadow.reading import response_notes
from shadow.reading.choice_builder import ChoiceBuilder
from shadow.reading.tool_call_assembler import arguments_text

_TEXTS = {"text": "content", "thinking": "thinking"}
"""Kinds of blocks that hold text, each under a key of its own name, and the chat field of the same meaning."""
_DELTAS = {"text_delta": "text", "thinking_delta": "thinking"}
DELTA_TEXTS = {**_DELTAS, "input_json_delta": "partial_json"}
"""Kinds of deltas, and the key of the string that each brings."""
_CITED = "citations_delta"
_SILENT = frozenset({"signature_delta", _CITED})


class _Block:
    """A block that has begun: its kind, and for a call its place among the calls and the input it began with."""

    __slots__ = ("call", "input", "kind", "pieces")

    def __init__(self, kind: str, call: int, given: Any) -> None:
        self.kind = kind
        self.call = call
        self.input = given
        self.pieces = 0


class MessageBlocks:
    """The blocks of one message; each method returns whether it added content."""

    __slots__ = ("_apart", "_builder", "_calls", "_kind", "_notes", "_open")

    def __init__(self, builder: ChoiceBuilder, notes: dict[str, None]) -> None:
        self._builder = builder
        self._notes = notes
        self._open: dict[int, _Block] = {}
        self._calls = 0
        self._kind = ""
        self._apart = False

    def begin(self, index: int, block: dict[str, Any]) -> bool:
        """A block that begins, with what it already holds; the input of a call waits for its end."""
        kind = block.get("type")
        kind = kind if isinstance(kind, str) else type(kind).__name__
        before, self._kind = self._kind, kind
        opened = self._open[index] = _Block(kind, self._calls, block.get("input"))
        if kind in _TEXTS:
            self._apart = self._apart or before not in {"", kind}
            self._builder.add_citations(len(cited) if isinstance(cited := block.get("citations"), list) else 0)
            return self._text(kind, block.get(kind))
        if kind != "tool_use":
            self._builder.add_other_kind(kind)
            return False
        self._calls += 1
        return self._add({"tool_calls": [{"index": opened.call, "id": block.get("id"), "function": {"name": block.get("name")}}]})

    def grow(self, index: int, delta: dict[str, Any]) -> bool:
        """Takes more of a block."""
        kind = delta.get("type")
        kind = kind if isinstance(kind, str) else type(kind).__name__
        if kind in _SILENT:
            self._builder.add_citations(kind == _CITED)
            return False
        if index not in self._open:
            self._notes[response_notes.UNBEGUN_BLOCK] = None
        if kind == "input_json_delta":
            return self._arguments(index, delta.get("partial_json"))
        held = _DELTAS.get(kind)
        if held is None:
            self._notes[f"a delta is of an unknown kind: {response_notes.word(kind)}"] = None
            return False
        return self._text(held, delta.get(held))

    def append(self, index: int, kind: str, texts: Sequence[str]) -> None:
        """More of a block by deltas of this kind, as `grow` takes them one by one; the first of them came by `grow`."""
        if kind != "input_json_delta":
            self._builder.append(_TEXTS[_DELTAS[kind]], texts)
        elif (block := self._open.get(index)) is not None:
            block.pieces += len(texts)
            self._builder.append("tool_calls", texts, block.call)

    def end(self, index: int) -> None:
        """Ends a block: a call without any piece of arguments has the input that it began with."""
        block = self._open.pop(index, None)
        if block is not None and block.kind == "tool_use" and not block.pieces:
            given = {} if block.input is None else block.input
            self._add({"tool_calls": [{"index": block.call, "function": {"arguments": arguments_text(given)}}]})

    def close(self) -> None:
        """Ends the message, and with it every block in it."""
        for index in list(self._open):
            self.end(index)

    def _text(self, kind: str, text: Any) -> bool:
        """A text, with a line feed before the first of a block that another kind of block parts from the text before it."""
        if not isinstance(text, str):
            return False
        if self._apart and text and kind == "text":
            self._apart = False
            text = f"\n{text}" if self._builder.has_output else text
        return self._add({_TEXTS[kind]: text})

    def _arguments(self, index: int, piece: Any) -> bool:
        block = self._open.get(index)
        if block is None or block.kind != "tool_use" or not isinstance(piece, str) or not piece:
            return False
        block.pieces += 1
        return self._add({"tool_calls": [{"index": block.call, "function": {"arguments": piece}}]})

    def _add(self, message: dict[str, Any]) -> bool:
        return self._builder.add({}, message, streamed=True)
