"""Iterates over a stream: yields each event, or one run of texts for the events after it that differ from it in one string.

Nearly all events of a stream repeat the same bytes about one short text. A template is made of an event that was read in
full (`chunk_template`); the events that fit it byte for byte are read together, and every other one is yielded to be read
in full. Templates change how fast a stream is read, never what is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from shadow.reading.chunk_template import ChunkTemplate, template_of
from shadow.reading.sse import EventStream, SseEvent

_BUDGET, _UNUSED = 64, 8
"""Cost of the templates that are made for one stream, and the cost of one that no event fits; one that is used costs 1."""


class TextRun(NamedTuple):
    """The texts of several events in their order, without the empty ones, and the body offset at which each event ended."""

    texts: list[str]
    ends: list[int]


class EventRuns:
    """The events of a stream and its runs, each once; a reader states with `expect` which string may differ in a run."""

    __slots__ = ("_budget", "_event", "_template", "_walk")

    def __init__(self, stream: EventStream) -> None:
        self._walk = stream.walk()
        self._event: SseEvent | None = None
        self._template: ChunkTemplate | None = None
        self._budget = _BUDGET

    def __iter__(self) -> Iterator[SseEvent | TextRun]:
        """Each event; after one for which `expect` was called, the run of the events that follow it."""
        while event := self._walk.next():
            self._event, self._template = event, None
            yield event
            if run := self._run():
                yield run

    def expect(self, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> None:
        """Prepares a run after the last event, which was read as `chunk`: its texts stand in the place of `holder[key]`."""
        if self._event is not None and self._budget > 0 and self._event.event != "error":
            self._template = template_of(self._event.data, chunk, holder, key)

    def tail(self) -> SseEvent | None:
        """The unfinished event after the last one, if any."""
        return self._walk.tail()

    def _run(self) -> TextRun | None:
        template = self._template
        if template is None:
            return None
        texts, ends = self._walk.run(template.before, template.after, template.read)
        self._budget -= 1 if ends else _UNUSED
        return non_empty(texts, ends) if ends else None


def non_empty(texts: list[str], ends: list[int]) -> TextRun:
    """The texts that are not empty, with the ends of their events."""
    if all(texts):
        return TextRun(texts, ends)
    kept = [(text, end) for text, end in zip(texts, ends, strict=True) if text]
    return TextRun([text for text, _ in kept], [end for _, end in kept])
