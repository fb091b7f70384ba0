"""Maps exchanges and pairs to rows and back, whole; `shadow.privacy` decides what of a row may be stored."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import takewhile
from typing import Literal

import orjson

from proxy.exchange import ChunkTimings, Exchange, Failure, FailureKind, Headers, Labels, Request, Response, Role
from proxy.named_tuples import maker
from shadow.findings.finding import MATCH, NOT_MEASURED, Comparison, Finding
from shadow.findings.pair import ControlReason
from shadow.pricing.token_classes import KNOWN, classed_answer
from shadow.reading.completion import Completion, ToolCall, UnreadReason
from shadow.reading.media_hashes import hashed_text
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_request import fingerprint
from shadow.reading.parsed_response import ParsedResponse
from shadow.sampling.shadow_body import REMOVED
from storage.rows import (
    CUT_REQUEST,
    NOT_HELD,
    ExchangeRecord,
    ExchangeRow,
    FindingRow,
    PairRecord,
    PairRow,
    PayoffRow,
    ToolCallRow,
)

Against = Literal["cross", "self", "greedy", "check"]
MARK_SIZE = 16
SHORT = 200
LABELS = tuple(takewhile(Labels._fields.__contains__, ExchangeRow._fields))
"""The labels that are stored, the first columns of a row: a further one is a field of `Labels` and a column there."""
HEADERS_KEPT = 64
"""Larger heads than this are cut, because a record is not a place to store arbitrary amounts."""
_new_record = maker(ExchangeRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPair:
    """The live answer, the reference's, and the control's where there is one, with its reason."""

    live: ParsedExchange
    reference: ParsedExchange
    control: ParsedExchange | None
    reason: ControlReason


def exchange_record(parsed: ParsedExchange, *, outcomes: Sequence[str], checks: Iterable[Finding]) -> ExchangeRecord:
    """All rows of one exchange; `outcomes` are the schema classes of the first choice's tool calls, in their order.

    Of the checks those that match are kept by name, and those that differ or cannot be compared become rows: most do not apply to
    an answer, and the counters hold how many.
    """
    exchange_id = parsed.exchange.id
    passed, others = [], []
    for found in checks:
        if found.state is MATCH and found.score == 1.0:
            passed.append(found.signal._value_)
        elif found.state is not NOT_MEASURED:
            others.append(found)
    return _new_record(
        exchange=_exchange_row(parsed),
        tool_calls=tuple(_call_rows(exchange_id, parsed.answer, outcomes)),
        findings=tuple(finding_rows(others, exchange_id=exchange_id, pair_id="", comparison="check")),
        passed=tuple(passed),
    )


def pair_record(
    triple: AnsweredPair,
    *,
    comparisons: Sequence[Comparison],
    payoffs: Iterable[tuple[str, int]],
    exchanges: tuple[ExchangeRecord, ...],
    alterations: Sequence[str],
    shape: str = "{}",
    secret: bytes = b"",
) -> PairRecord:
    """All rows of one pair. It has the id of its live exchange: one request is one pair, however often it is handled.

    `secret` keys the fingerprint by which a repeated request is recognised; without it a guessed request cannot be confirmed.
    """
    row = _pair_row(triple, comparisons[0].comparable, alterations, secret)
    return PairRecord(
        pair=replace(row, shape=shape),
        exchanges=exchanges,
        findings=tuple(
            found
            for comparison in comparisons
            for found in finding_rows(
                comparison.findings, exchange_id=row.subject_id, pair_id=row.id, comparison=comparison.kind.value
            )
        ),
        payoffs=tuple(PayoffRow(pair_id=row.id, signal=signal, payoff=payoff) for signal, payoff in payoffs),
    )


def finding_rows(findings: Iterable[Finding], *, exchange_id: str, pair_id: str, comparison: Against) -> Iterable[FindingRow]:
    """Findings as rows; a value or a reason may quote an answer."""
    for finding in findings:
        yield FindingRow(
            exchange_id=exchange_id,
            pair_id=pair_id,
            comparison=comparison,
            signal=finding.signal._value_,
            state=finding.state._value_,
            score=finding.score,
            reason=storable(finding.reason),
            subject=storable(finding.subject),
            reference=storable(finding.reference),
        )


def calls(answer: ParsedResponse) -> tuple[ToolCall, ...]:
    """The tool calls of the first choice, or none."""
    return answer.completion.first.tool_calls if isinstance(answer.completion, Completion) else ()


def exchange(row: ExchangeRow) -> Exchange:
    """The exchange of a row; bodies that were not kept come back empty, their sizes remain."""
    return Exchange(
        id=row.id,
        role=Role(row.role),
        started=row.started,
        labels=Labels(**{name: getattr(row, name) for name in LABELS}, conversation=row.conversation),
        request=Request(
            method=row.method,
            target=row.target,
            headers=_headers(row.request_headers),
            body=row.request_body or b"",
            size=row.request_size,
        ),
        response=_response(row),
        failure=_failure(row),
        seconds=row.seconds,
        overhead=row.overhead,
        unheld=row.unread == NOT_HELD,
    )


def pack_marks(marks: ChunkTimings) -> bytes:
    """Marks as pairs of float64 seconds and uint64 end, little-endian."""
    packed = array("Q", bytes(MARK_SIZE * len(marks)))
    packed[0::2] = array("Q", marks.seconds.tobytes())
    packed[1::2] = marks.ends
    return _little(packed).tobytes()


def unpack_marks(packed: bytes) -> ChunkTimings:
    """The inverse of `pack_marks`; a partial last pair is left out."""
    numbers = _little(array("Q", packed[: len(packed) - len(packed) % MARK_SIZE]))
    return ChunkTimings(array("d", numbers[0::2].tobytes()), numbers[1::2])


def _little(numbers: array[int]) -> array[int]:
    """The numbers converted from this machine's byte order to the store's, or back."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _unread(parsed: ParsedExchange) -> str:
    """Why the answer could not be read, or why the request could not although the answer was; "" where both were."""
    if parsed.exchange.unheld:
        return NOT_HELD
    if not isinstance(parsed.answer.completion, Completion):
        return parsed.answer.completion.why.value
    return CUT_REQUEST if parsed.request.unread and parsed.request.unread.why is UnreadReason.TRUNCATED else ""


def _exchange_row(parsed: ParsedExchange) -> ExchangeRow:
    exchange, answer = parsed.exchange, parsed.answer
    response, failure, request = exchange.response, exchange.failure, exchange.request
    completion = answer.completion if isinstance(answer.completion, Completion) else None
    usage = completion.usage if completion else None
    classed = classed_answer(answer.completion, answer.status)
    tokens = classed.tokens if classed and classed.state in KNOWN else None
    return _row_maker(exchange.labels)(
        id=exchange.id,
        role=exchange.role._value_,
        started=exchange.started,
        conversation=storable(parsed.conversation),
        method=storable(request.method),
        target=storable(request.target, limit=2_000),
        status=response.status if response else None,
        failure=failure.kind.value if failure else "",
        failure_detail=storable(failure.detail) if failure else "",
        unread=_unread(parsed),
        echoed_model=storable(completion.model) if completion else "",
        fingerprint=storable(completion.fingerprint) if completion else "",
        finish_reason=storable(completion.first.finish_reason or "") if completion else "",
        prompt_tokens=_count(usage.prompt_tokens) if usage else None,
        completion_tokens=_count(usage.completion_tokens) if usage else None,
        cached_tokens=_count(usage.cached_tokens) if usage else None,
        cache_write_tokens=_count(usage.cache_write_tokens) if usage else None,
        cost=usage.cost if usage else None,
        usage_state=classed.state._value_ if classed else "",
        fresh_tokens=tokens.fresh if tokens else None,
        cache_write_1h_tokens=tokens.cache_write_1h if tokens else None,
        output_tokens=tokens.output if tokens else None,
        reasoning_tokens=tokens.reasoning if tokens else None,
        uncertain_tokens=tokens.uncertain if tokens else None,
        seconds=exchange.seconds,
        overhead=exchange.overhead,
        head_seconds=answer.timing.head,
        first_chunk=answer.timing.first_chunk,
        first_token=answer.timing.first_token,
        request_headers=_header_text(request.headers),
        response_headers=_header_text(response.headers if response else ()),
        request_body=request.body,
        request_size=request.size,
        request_digest="",
        response_body=response.body if response else None,
        response_size=response.size if response else 0,
        response_digest="",
        marks=pack_marks(response.marks) if response else b"",
        upstream=storable(parsed.upstream),
    )


@lru_cache(maxsize=256)
def _row_maker(labels: Labels) -> Callable[..., ExchangeRow]:
    """What makes the rows of exchanges with these labels, as a table can hold them; few labels come again and again."""
    cut = labels.with_texts(*map(storable, labels.texts))
    return partial(maker(ExchangeRow), *(getattr(cut, name) for name in LABELS))


def _pair_row(triple: AnsweredPair, comparable: str, alterations: Sequence[str], secret: bytes) -> PairRow:
    live = triple.live.exchange
    return PairRow(
        id=live.id,
        started=live.started,
        route=live.labels.route,
        model=storable(live.labels.model),
        provider=live.labels.provider,
        reference=live.labels.reference,
        conversation=storable(triple.live.conversation),
        request_fingerprint=_keyed(fingerprint(triple.live.request, REMOVED), secret),
        subject_id=live.id,
        reference_id=triple.reference.exchange.id,
        control_id=triple.control.exchange.id if triple.control else "",
        control_reason=triple.reason.value,
        comparable=storable(comparable),
        alterations=orjson.dumps([storable(alteration) for alteration in alterations]).decode(),
        upstream=storable(triple.live.upstream),
    )


def _keyed(fingerprint: str, secret: bytes) -> str:
    return hashlib.blake2b(fingerprint.encode(), key=secret, digest_size=16).hexdigest() if fingerprint else ""


def _call_rows(exchange_id: str, answer: ParsedResponse, outcomes: Sequence[str]) -> Iterable[ToolCallRow]:
    for position, (call, outcome) in enumerate(zip(calls(answer), outcomes, strict=True)):
        yield ToolCallRow(
            exchange_id=exchange_id,
            position=position,
            call_id=storable(call.id),
            name=storable(call.name),
            arguments=storable(hashed_text(call.arguments), limit=1_000_000),
            outcome=outcome,
        )


def _response(row: ExchangeRow) -> Response | None:
    if row.status is None:
        return None
    return Response(
        status=row.status,
        reason="",
        headers=_headers(row.response_headers),
        body=row.response_body or b"",
        size=row.response_size,
        marks=unpack_marks(row.marks),
        head_seconds=row.head_seconds or 0.0,
    )


def _failure(row: ExchangeRow) -> Failure | None:
    if not row.failure:
        return None
    return Failure(kind=FailureKind(row.failure), detail=row.failure_detail, after_head=row.status is not None)


def _header_text(headers: Headers) -> str:
    kept = [(storable(name), storable(value, limit=2_000)) for name, value in headers[:HEADERS_KEPT]]
    return orjson.dumps(kept).decode()


def _headers(text: str) -> Headers:
    return tuple((name, value) for name, value in orjson.loads(text or "[]"))


def _count(tokens: int | None) -> int | None:
    """A count that fits a column; a provider's number beyond 63 bits is none."""
    return tokens if tokens is not None and 0 <= tokens < 2**63 else None


def storable(text: str, limit: int = SHORT) -> str:
    """Text that a table can hold: capped, lone surrogates replaced (they are valid JSON, but not UTF-8)."""
    text = text[:limit]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
