"""Lays out one stored exchange as a column: its text, how it ended, and when its chunks arrived; pure.

A body that was not kept or could not be read is stated as such, never shown as an empty answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.exchange import ChunkTiming
from shadow.compare.embedding_vectors import shape
from shadow.findings.number_words import number_of
from shadow.reading.completion import Choice, Completion, ToolCall
from shadow.reading.parsed_response import ParsedResponse
from shadow.reading.server_times import ServerTime, time_to_head, times_in_headers, total_time
from storage.rows import ExchangeRow, FindingRow, ToolCallRow

SHOWN = 60_000
"""Most characters of one text on a page; the raw body has the rest."""
SHOWN_FACT = 400
"""Most characters of one cell in the table of times and counts."""
WIDTH = 1_000
"""The timeline's width in units; chunks in the same unit share one tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFact:
    """A line of the table of times and counts: its name and one cell per answer, "" for no value."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """One column. `text` and `reasoning` are None when absent; `trouble` states why an answer is missing or incomplete, or ""."""

    title: str
    row: ExchangeRow
    parsed: ParsedResponse
    outcome: str
    healthy: bool
    trouble: str
    text: str | None
    reasoning: str | None
    refusal: str | None
    cut: str
    more: str
    notes: tuple[str, ...]
    calls: tuple[ToolCall, ...]
    outcomes: tuple[str, ...]
    checks: tuple[FindingRow, ...]


def exchange_view(
    title: str, row: ExchangeRow, answer: ParsedResponse, calls: Sequence[ToolCallRow], checks: Sequence[FindingRow]
) -> ExchangeView:
    """The column of one exchange; `answer` is its parsed response."""
    completion = answer.completion if isinstance(answer.completion, Completion) else None
    first = completion.first if completion else None
    return ExchangeView(
        title=title,
        row=row,
        parsed=answer,
        outcome=_outcome(row),
        healthy=not row.failure and row.status is not None and row.status < 400,
        trouble=_trouble(row, answer),
        text=first.text[:SHOWN] if first and first.text is not None else None,
        reasoning=first.reasoning[:SHOWN] if first and first.reasoning is not None else None,
        refusal=first.refusal[:SHOWN] if first and first.refusal is not None else None,
        cut=_cut(first),
        more=f"the first of {len(completion.choices)} choices is shown" if completion and len(completion.choices) > 1 else "",
        notes=completion.notes if completion else (),
        calls=first.tool_calls if first else tuple(_call_of_row(call) for call in calls),
        outcomes=tuple(call.outcome for call in calls),
        checks=tuple(checks),
    )


def facts(answers: Sequence[ExchangeView]) -> tuple[ExchangeFact, ...]:
    """Times and counts side by side; lines without any value are omitted."""
    lines = (
        ("first chunk", [_seconds(each.row.first_chunk) for each in answers]),
        ("first token", [_seconds(each.row.first_token) for each in answers]),
        ("whole answer", [_seconds(each.row.seconds) for each in answers]),
        *_server_times(answers),
        ("tokens per second", [_number(each.parsed.timing.rate) for each in answers]),
        ("chunks", [str(len(each.parsed.exchange.response.marks)) if each.parsed.exchange.response else "" for each in answers]),
        ("prompt tokens", [_number(each.row.prompt_tokens) for each in answers]),
        ("cached prompt tokens", [_number(_counted(each, "cached_tokens")) for each in answers]),
        ("tokens written to the cache", [_number(_counted(each, "cache_write_tokens")) for each in answers]),
        ("completion tokens", [_number(each.row.completion_tokens) for each in answers]),
        ("cost", [_cost(each) for each in answers]),
        ("finish reason", [each.row.finish_reason for each in answers]),
        ("upstream's finish reason", [_of(each.parsed, "native_finish_reason") for each in answers]),
        ("withheld by a content filter", [_withheld(each.parsed) for each in answers]),
        ("citations", [_of(each.parsed, "citations") for each in answers]),
        ("parameters applied", [_applied(each.parsed) for each in answers]),
        ("echoed model", [each.row.echoed_model for each in answers]),
        ("fingerprint", [each.row.fingerprint for each in answers]),
        ("vectors", [_vectors(each.parsed) for each in answers]),
    )
    return tuple(ExchangeFact(name=name, cells=tuple(cells)) for name, cells in lines if any(cells))


def _server_times(answers: Sequence[ExchangeView]) -> list[tuple[str, list[str]]]:
    """The times that each server states, and the rest of the measured time, which passed outside the server."""
    stated = [_stated_times(each.parsed) for each in answers]
    names = dict.fromkeys(time.name for times in stated for time in times)
    lines = [(f"server's own: {name}", [_stated(times, name) for times in stated]) for name in names]
    between = [_between(each, times) for each, times in zip(answers, stated, strict=True)]
    return [*lines, ("outside the server", [_seconds(seconds) for seconds in between])]


def _stated_times(answer: ParsedResponse) -> tuple[ServerTime, ...]:
    response = answer.exchange.response
    of_body = answer.completion.times if isinstance(answer.completion, Completion) else ()
    return (*of_body, *(times_in_headers(response.headers) if response else ()))


def _stated(times: Sequence[ServerTime], name: str) -> str:
    return _seconds(next((time.seconds for time in times if time.name == name), None))


def _between(each: ExchangeView, times: tuple[ServerTime, ...]) -> float | None:
    """The measured time less the server's stated one, in seconds: of the whole answer, else up to its head; None if negative."""
    for measured, own in ((each.row.seconds, total_time(times)), (each.row.head_seconds, time_to_head(times))):
        if measured is not None and own is not None and own <= measured:
            return measured - own
    return None


def _of(answer: ParsedResponse, field: str) -> str:
    """A field of the first choice as text, "" without a value."""
    return str(getattr(answer.completion.first, field) or "") if isinstance(answer.completion, Completion) else ""


def _withheld(answer: ParsedResponse) -> str:
    first = answer.completion.first if isinstance(answer.completion, Completion) else None
    return ", ".join(first.filtered) or "kinds not stated" if first and first.withheld else ""


def _applied(answer: ParsedResponse) -> str:
    stated = answer.completion.applied if isinstance(answer.completion, Completion) else {}
    return ", ".join(f"{name} {value}" for name, value in stated.items())[:SHOWN_FACT]


def _counted(each: ExchangeView, name: str) -> float | None:
    """A count of the usage, from the record or, for records of versions that did not store it, from the body."""
    usage = each.parsed.completion.usage if isinstance(each.parsed.completion, Completion) else None
    stored: float | None = getattr(each.row, name)
    return getattr(usage, name, None) if stored is None else stored


def _cost(each: ExchangeView) -> str:
    cost = _counted(each, "cost")
    return "" if cost is None else f"${cost:.10f}".rstrip("0").rstrip(".")


def _vectors(answer: ParsedResponse) -> str:
    """Number and size of the vectors of an embeddings answer."""
    return shape(answer.completion.vectors) if isinstance(answer.completion, Completion) and answer.completion.vectors else ""


def timeline_path(marks: Sequence[ChunkTiming], longest: float) -> str:
    """The chunk arrivals as one SVG path of ticks, `WIDTH` units for `longest` seconds; "" without any."""
    if longest <= 0:
        return ""
    places = sorted({min(WIDTH, max(0, round(mark.seconds / longest * WIDTH))) for mark in marks})
    return "".join(f"M{place} 0v12" for place in places)


def timeline_position(seconds: float | None, longest: float) -> int | None:
    """The position of a moment on the timeline, None when it did not occur."""
    if seconds is None or longest <= 0:
        return None
    return min(WIDTH, max(0, round(seconds / longest * WIDTH)))


def _outcome(row: ExchangeRow) -> str:
    status = "no answer" if row.status is None else str(row.status)
    return f"{status}, {row.failure}" if row.failure else status


def _trouble(row: ExchangeRow, answer: ParsedResponse) -> str:
    if answer.error is not None:
        named = " ".join(part for part in (answer.error.type, answer.error.code) if part)
        where = "in the stream" if answer.error.in_stream else "instead of an answer"
        return f"The provider sent an error {where}: {named or 'without a type'}. {answer.error.message}".strip()[:SHOWN]
    if row.failure:
        return f"Ended by {row.failure}: {row.failure_detail}" if row.failure_detail else f"Ended by {row.failure}."
    if isinstance(answer.completion, Completion):
        return ""
    if row.response_body is None and row.response_size:
        return f"The body ({number_of(row.response_size, 'byte')}) was not kept; its findings were made when it arrived."
    return f"Not read ({answer.completion.why}): {answer.completion.detail}"[:SHOWN]


def _cut(first: Choice | None) -> str:
    texts = (first.text, first.reasoning, first.refusal) if first else ()
    longest = max((len(text) for text in texts if text is not None), default=0)
    return f"the first {SHOWN:,} of {longest:,} characters are shown" if longest > SHOWN else ""


def _call_of_row(row: ToolCallRow) -> ToolCall:
    """A call from its row alone, for an answer whose body was not kept."""
    return ToolCall(
        index=row.position, id=row.call_id, name=row.name, arguments=row.arguments, parsed=None, invalid="not kept", deltas=0
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
