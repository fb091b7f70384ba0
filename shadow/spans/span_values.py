"""Spans of one live request and of its pair, as plain values with the names of OpenTelemetry's GenAI conventions. Pure.

Rule: attributes name what was requested, from whom and how it ended. No text of a request or an answer is in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from proxy.exchange import Exchange, Role
from shadow.compare.failed_responses import ANSWERED, response_class
from shadow.findings.finding import Comparison, FindingState
from shadow.reading.completion import Completion, Usage
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse
from storage.rows import FindingRow, PairRow

Value = str | int | float | bool | tuple[str, ...]
OPERATIONS = {"completions": "text_completion", "embeddings": "embeddings"}
"""`gen_ai.operation.name` by API; the others are chats."""
EVALUATION = "gen_ai.evaluation.result"
CLIENT, INTERNAL = "client", "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """One evaluation result, at `at` (nanoseconds since 1970)."""

    name: str
    at: int
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanValues:
    """One span: ids as integers (`parent` 0 for none), times in nanoseconds since 1970; `error` is "" or its type."""

    name: str
    kind: str
    trace: int
    id: int
    parent: int
    start: int
    end: int
    attributes: Mapping[str, Value]
    events: tuple[SpanEvent, ...] = ()
    error: str = ""


def live_span(parsed: ParsedExchange, checks: Iterable[FindingRow]) -> SpanValues:
    """The span of a live request, the root of its trace, with a result for each check that it failed."""
    exchange = parsed.exchange
    end = _end(exchange)
    failed = [row for row in checks if row.comparison == "check" and row.state == FindingState.DIFFER.value]
    events = tuple(_result(end, row.signal, row.state, row.score, "check") for row in failed)
    trace, span = ids(exchange.id)
    return _request_span(parsed, trace=trace, span=span, parent=0, events=events)


def pair_spans(pair: PairRow, legs: Sequence[ParsedExchange], comparisons: Iterable[Comparison]) -> tuple[SpanValues, ...]:
    """The span of a comparison below that of its live request, with a result for each signal that was measured, and below it
    those of the requests to the reference.
    """
    trace, root = ids(pair.subject_id)
    _, own = ids(f"{pair.id} pair")
    end = max(_end(leg.exchange) for leg in legs)
    attributes = {
        "gen_ai.provider.name": pair.provider,
        "gen_ai.request.model": pair.model,
        "sameweights.pair.id": pair.id,
        "sameweights.reference": pair.reference,
        "sameweights.route": pair.route,
        "sameweights.control": pair.control_reason,
        "sameweights.not_comparable": pair.comparable,
    }
    compared = SpanValues(
        name=f"compare {pair.model}".strip(),
        kind=INTERNAL,
        trace=trace,
        id=own,
        parent=root,
        start=min(_nanoseconds(leg.exchange.started) for leg in legs),
        end=end,
        attributes={name: value for name, value in attributes.items() if value},
        events=tuple(_results(end, comparisons)),
    )
    return compared, *(_request_span(leg, trace=trace, span=ids(leg.exchange.id)[1], parent=own) for leg in legs)


def ids(name: str) -> tuple[int, int]:
    """The ids of trace and span of an exchange: the same in every process, so that nothing has to be remembered between them."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1


def _request_span(
    parsed: ParsedExchange, *, trace: int, span: int, parent: int, events: tuple[SpanEvent, ...] = ()
) -> SpanValues:
    exchange, request, answer = parsed.exchange, parsed.request, parsed.answer
    operation = OPERATIONS.get(request.api, "chat")
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": exchange.labels.provider,
        "gen_ai.request.model": exchange.labels.model,
        "sameweights.role": "live" if exchange.role is Role.PRIMARY else exchange.role.value,
        "sameweights.exchange.id": exchange.id,
        "sameweights.route": exchange.labels.route,
        **_requested(request),
        **_answered(answer),
    }
    return SpanValues(
        name=f"{operation} {exchange.labels.model}".strip(),
        kind=CLIENT,
        trace=trace,
        id=span,
        parent=parent,
        start=_nanoseconds(exchange.started),
        end=_end(exchange),
        attributes={name: value for name, value in attributes.items() if value not in {None, "", ()}},
        events=events,
        error=_error(answer),
    )


def _requested(request: ParsedRequest) -> dict[str, Value | None]:
    return {
        "gen_ai.request.temperature": request.temperature,
        "gen_ai.request.max_tokens": request.max_tokens,
        "gen_ai.request.seed": request.seed,
        "gen_ai.request.stream": request.stream or None,
        "gen_ai.request.choice.count": request.n if request.n > 1 else None,
    }


def _answered(answer: ParsedResponse) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {
        "http.response.status_code": answer.status,
        "gen_ai.response.time_to_first_chunk": answer.timing.first_chunk,
    }
    if isinstance(answer.completion, Completion):
        done = answer.completion
        found["gen_ai.response.id"] = done.id
        found["gen_ai.response.model"] = done.model
        found["gen_ai.response.finish_reasons"] = tuple(each.finish_reason for each in done.choices if each.finish_reason)
        found |= _used(done.usage) if done.usage else {}
    return found


def _used(usage: Usage) -> dict[str, Value | None]:
    return {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
    }


def _error(answer: ParsedResponse) -> str:
    """The `error.type` of an answer that failed, else ""."""
    failure = answer.exchange.failure
    if failure is not None:
        return failure.kind.value
    kind = response_class(answer)
    return "" if kind == ANSWERED or answer.error is None else kind


def _results(at: int, comparisons: Iterable[Comparison]) -> Iterator[SpanEvent]:
    for comparison in comparisons:
        for found in comparison.findings:
            if found.state is not FindingState.NOT_MEASURED:
                yield _result(at, found.signal.value, found.state.value, found.score, comparison.kind.value)


def _result(at: int, signal: str, state: str, score: float | None, comparison: str) -> SpanEvent:
    attributes: dict[str, Value] = {
        "gen_ai.evaluation.name": signal,
        "gen_ai.evaluation.score.label": state,
        "sameweights.comparison": comparison,
    }
    if score is not None:
        attributes["gen_ai.evaluation.score.value"] = score
    return SpanEvent(name=EVALUATION, at=at, attributes=attributes)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _end(exchange: Exchange) -> int:
    return _nanoseconds(exchange.started) + _nanoseconds(max(exchange.seconds, 0.0))
