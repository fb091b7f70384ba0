"""Reads stored records again and makes spans and evaluation results of them, so that what is sent is what the store kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.findings.finding import FindingState
from shadow.findings.pair import PairKind
from shadow.privacy.privacy_policy import shown
from shadow.reading.completion import Completion
from shadow.reading.parsed_exchange import ParsedExchange, parse_exchange
from shadow.records import exchange
from shadow.settings.top_level_config import OtelConfig
from shadow.telemetry.evaluation_results import EvaluatedAnswer, pair_span, pair_span_id, result_events
from shadow.telemetry.genai_spans import SpanPlace, exchange_span
from shadow.telemetry.span_values import EventValue, SpanValue, Telemetry
from shadow.telemetry.trace_context import own_trace, trace_context
from storage.opening import PreparedRecord
from storage.rows import ExchangeRecord, ExchangeRow, FindingRow, PairRecord, PairRow


class StoredIds(NamedTuple):
    """The exchanges that one record brought into the store, and its pair; "" for a live exchange."""

    exchanges: tuple[str, ...]
    pair: str = ""

    @property
    def spans(self) -> int:
        """The largest number of its spans."""
        return len(self.exchanges) + bool(self.pair)


class SkippedRecordError(Exception):
    """A record has no span; the message is the reason as a metric label."""


class RecordReader(Protocol):
    """The queries that spans are made from. Slow: call it off the loop."""

    def exchange(self, exchange_id: str) -> ExchangeRow | None:
        """One exchange, bodies decompressed."""

    def pair(self, pair_id: str) -> PairRow | None:
        """One pair."""

    def findings(self, *, pair_id: str = "", exchange_id: str = "") -> Sequence[FindingRow]:
        """The findings of one pair, or the checks of one exchange."""


def stored_ids(record: object) -> StoredIds:
    """The ids of a record that was offered to the store in any of its forms."""
    match record:
        case ExchangeRecord():
            return StoredIds((record.exchange.id,))
        case PairRecord():
            return StoredIds(tuple(each.exchange.id for each in record.exchanges), record.pair.id)
        case PreparedRecord():
            return StoredIds(tuple(each.id for each in record.exchanges), record.pair.id if record.pair else "")
    raise TypeError(f"no record: {type(record).__name__}")


class StoredSpans:
    """Makes the spans of stored records, with the providers and the contents of a configuration."""

    def __init__(self, reader: RecordReader, settings: OtelConfig, providers: Mapping[str, Provider]) -> None:
        self._reader = reader
        self._content = settings.content == "full"
        self._within = settings.evaluations == "span_events"
        self.providers = providers
        """The providers by name, whose addresses the spans bear."""

    def __repr__(self) -> str:
        return f"<StoredSpans content={self._content} providers={len(self.providers)}>"

    def telemetry(self, ids: StoredIds) -> Telemetry:
        """The spans and events of one record; SkippedRecordError where it is deleted, or of a trace that is not kept."""
        return self._pair(ids) if ids.pair else self._live(ids.exchanges[0])

    def _live(self, exchange_id: str) -> Telemetry:
        row, parsed = self._read(exchange_id)
        context = trace_context(parsed.exchange.request.headers, row.id)
        if not context.sampled:
            raise SkippedRecordError("unsampled")
        place = SpanPlace(context=context, parent_id=context.parent_id)
        checks = [each for each in self._reader.findings(exchange_id=row.id) if each.state == FindingState.DIFFER.value]
        seconds = row.started + row.seconds
        events = tuple(result_events(checks, context, _answer(parsed), seconds=seconds, content=self._content))
        span = self._span(row, parsed, place, events if self._within else ())
        if span is None:
            return Telemetry()
        return Telemetry(spans=(span,), events=() if self._within else events)

    def _pair(self, ids: StoredIds) -> Telemetry:
        pair = self._reader.pair(ids.pair)
        if pair is None:
            raise SkippedRecordError("deleted")
        live, parsed = self._read(pair.subject_id)
        context = trace_context(parsed.exchange.request.headers, live.id)
        if live.role == Role.CANDIDATE.value:
            context = own_trace(context, live.id)
        if not context.sampled:
            raise SkippedRecordError("unsampled")
        legs = [self._read(each) for each in ids.exchanges]
        between = min(row.started for row, _ in legs), max(row.started + row.seconds for row, _ in legs)
        place = SpanPlace(context=context, parent_id=pair_span_id(pair.id), pair_id=pair.id)
        subject = SpanPlace(context=context, parent_id=context.parent_id)
        spans = [self._span(row, leg, subject if row.id == pair.subject_id else place) for row, leg in legs]
        findings = self._reader.findings(pair_id=pair.id)
        events: list[EventValue] = []
        for kind, answer in _evaluated(pair, parsed, legs).items():
            own = [each for each in findings if each.comparison == kind.value]
            events += result_events(own, context, answer, seconds=between[1], content=self._content)
        inside = tuple(events) if self._within else ()
        made = [pair_span(pair, findings, context, between=between, events=inside), *(span for span in spans if span)]
        return Telemetry(spans=tuple(made), events=() if self._within else tuple(events))

    def _read(self, exchange_id: str) -> tuple[ExchangeRow, ParsedExchange]:
        row = self._reader.exchange(exchange_id)
        if row is None:
            raise SkippedRecordError("deleted")
        row = shown(row)
        return row, parse_exchange(exchange(row))

    def _span(
        self, row: ExchangeRow, parsed: ParsedExchange, place: SpanPlace, events: tuple[EventValue, ...] = ()
    ) -> SpanValue | None:
        provider = self.providers.get(row.provider)
        return exchange_span(row, parsed, place, provider, content=self._content, events=events)


def _evaluated(
    pair: PairRow, live: ParsedExchange, legs: Sequence[tuple[ExchangeRow, ParsedExchange]]
) -> Mapping[PairKind, EvaluatedAnswer]:
    """The answer that each comparison is about; a greedy one is about what the provider answered once more."""
    found = {PairKind.CROSS: _answer(live)}
    for row, leg in legs:
        if row.id == pair.reference_id:
            found[PairKind.SELF] = _answer(leg)
        if row.role == Role.GREEDY.value and row.provider == pair.provider:
            found[PairKind.GREEDY] = _answer(leg)
    return found


def _answer(parsed: ParsedExchange) -> EvaluatedAnswer:
    completion = parsed.answer.completion
    response = completion.id[:200] if isinstance(completion, Completion) else ""
    return EvaluatedAnswer(exchange_id=parsed.exchange.id, response_id=response)
