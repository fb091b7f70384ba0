"""Findings as the event `gen_ai.evaluation.result` of the OpenTelemetry GenAI conventions 0.1.0, and a pair as a span. Pure.

An event belongs to the span whose answer it evaluates: of a comparison with the reference and of a check the live one, of the
reference compared with itself the shadow's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shadow.findings.finding import FindingState
from shadow.findings.pair import PairKind
from shadow.telemetry.span_values import AttributeValue, EventValue, SpanKind, SpanValue
from shadow.telemetry.trace_context import TraceContext, span_id
from storage.rows import FindingRow, PairRow

EVENT = "gen_ai.evaluation.result"
EXPORTED = frozenset({FindingState.MATCH.value, FindingState.DIFFER.value, FindingState.NOT_COMPARABLE.value})
"""Labels of a score; what was not measured is no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedAnswer:
    """The answer that is evaluated: its exchange and the provider's id of it ("" where it is not known)."""

    exchange_id: str
    response_id: str = ""


def result_events(
    findings: Iterable[FindingRow], context: TraceContext, answer: EvaluatedAnswer, *, seconds: float, content: bool
) -> Iterator[EventValue]:
    """One event for each finding that was measured; `content` as in `result_attributes`."""
    response: dict[str, AttributeValue] = {"gen_ai.response.id": answer.response_id} if answer.response_id else {}
    for finding in findings:
        if finding.state in EXPORTED:
            yield EventValue(
                name=EVENT,
                trace_id=context.trace_id,
                span_id=span_id(answer.exchange_id),
                seconds=seconds,
                attributes=result_attributes(finding, content=content) | response,
            )


def pair_span(
    pair: PairRow,
    findings: Sequence[FindingRow],
    context: TraceContext,
    *,
    between: tuple[float, float],
    events: tuple[EventValue, ...] = (),
) -> SpanValue:
    """The comparison of one pair as a span below its live exchange: which signals differ, and where the reference differs from
    itself. It lasts from the first request to the reference to the end of the last, `between` in seconds since the epoch.
    """
    attributes: dict[str, AttributeValue] = {
        "sameweights.pair.id": pair.id,
        "sameweights.provider": pair.provider,
        "sameweights.reference": pair.reference,
        "sameweights.route": pair.route,
        "sameweights.comparable": not pair.comparable,
        "sameweights.signals.differing": _differing(findings, PairKind.CROSS),
    }
    for state in sorted(EXPORTED):
        count = sum(each.state == state and each.comparison == PairKind.CROSS.value for each in findings)
        attributes[f"sameweights.signals.{state}"] = count
    if pair.control_id:
        attributes["sameweights.control.reason"] = pair.control_reason
        attributes["sameweights.reference.differing"] = _differing(findings, PairKind.SELF)
    return SpanValue(
        trace_id=context.trace_id,
        span_id=pair_span_id(pair.id),
        parent_id=span_id(pair.subject_id),
        name=f"compare {pair.provider} with {pair.reference}",
        kind=SpanKind.INTERNAL,
        started=between[0],
        ended=between[1],
        attributes=attributes,
        events=events,
    )


def pair_span_id(pair_id: str) -> bytes:
    """The id of the span of a pair, the parent of those of its requests to the reference."""
    return span_id(pair_id, "pair")


def _differing(findings: Sequence[FindingRow], kind: PairKind) -> tuple[str, ...]:
    differ = FindingState.DIFFER.value
    return tuple(each.signal for each in findings if each.state == differ and each.comparison == kind.value)


def result_attributes(finding: FindingRow, *, content: bool) -> dict[str, AttributeValue]:
    """The result of one finding by the names of the conventions. Its explanation may quote an answer, so it needs `content`."""
    found: dict[str, AttributeValue] = {
        "gen_ai.evaluation.name": finding.signal,
        "gen_ai.evaluation.score.label": finding.state,
        "sameweights.comparison": finding.comparison,
    }
    if finding.score is not None:
        found["gen_ai.evaluation.score.value"] = finding.score
    if content and finding.reason:
        found["gen_ai.evaluation.explanation"] = finding.reason
    if finding.pair_id:
        found["sameweights.pair.id"] = finding.pair_id
    return found
