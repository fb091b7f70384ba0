"""What /metrics counts of one answer, as plain values: made where the answer was read, counted where the registry is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from proxy.exchange import Exchange, FailureKind, Role
from proxy.named_tuples import maker
from shadow.compare.failed_responses import ANSWERED, response_class
from shadow.pricing.token_classes import TokenClasses, UsageState, classed_answer
from shadow.reading.completion import Completion, Usage
from shadow.reading.parsed_response import SWITCHED, ParsedResponse

CLASSES = ("2xx", "3xx", "4xx", "5xx")
OTHER = "other"
CHECK = "check"
"""The kind of findings that need no reference."""
NOT_THEIRS = frozenset(
    {FailureKind.CLIENT_GONE, FailureKind.REFUSED, FailureKind.STALE, FailureKind.STOPPED, FailureKind.INTERNAL}
)
"""Ends that are the client's doing or ours, and no error of the provider."""


class AnswerCounts(NamedTuple):
    """One answer. Times are in seconds, None where there is none; `times` are in the order of `TIMES`."""

    provider: str
    model: str
    role: str
    code: str
    outcomes: tuple[str, ...]
    error: str
    overhead: float | None
    times: tuple[float | None, ...]
    gaps: tuple[float, ...]
    usage: tuple[int | None, int | None] | None
    billed: BilledUsage | None
    tenant: str = ""


_new_counts = maker(AnswerCounts)


class BilledUsage(NamedTuple):
    """What an answer is billed by: the classes of its tokens, the cost that it states, and when it began (epoch seconds)."""

    state: UsageState
    tokens: TokenClasses
    cost: float | None
    started: float


TIMES = ("duration", "first_chunk", "first_token", "per_token")


def answer_counts(exchange: Exchange, answer: ParsedResponse, outcomes: Sequence[str]) -> AnswerCounts:
    """The counts of one answered or failed exchange of any role; `outcomes` are the schema classes of its tool calls."""
    code = _code(exchange)
    usage = answer.completion.usage if isinstance(answer.completion, Completion) else None
    live = exchange.role is Role.PRIMARY and sane(exchange.overhead)
    return _new_counts(
        provider=exchange.labels.provider,
        model=exchange.labels.model,
        role=exchange.role._value_,
        code=code,
        outcomes=tuple(outcomes),
        error=_error(answer),
        overhead=exchange.overhead if live else None,
        times=_times(answer) if code == "2xx" else (),
        gaps=_gaps(answer) if code == "2xx" else (),
        usage=(usage.prompt_tokens, usage.completion_tokens) if usage else None,
        billed=_billed(exchange, answer, usage),
        tenant=exchange.labels.tenant,
    )


def _billed(exchange: Exchange, answer: ParsedResponse, usage: Usage | None) -> BilledUsage | None:
    found = classed_answer(answer.completion, answer.status)
    return BilledUsage(*found, usage.cost if usage else None, exchange.started) if found else None


def sane(seconds: float) -> bool:
    """Whether a histogram may count it."""
    return isfinite(seconds) and seconds >= 0


def _times(answer: ParsedResponse) -> tuple[float | None, ...]:
    timing = answer.timing
    per_token = 1 / timing.rate if timing.rate else None
    found = (timing.total, timing.first_chunk, timing.first_token, per_token)
    return tuple([seconds if seconds is not None and sane(seconds) else None for seconds in found])


def _gaps(answer: ParsedResponse) -> tuple[float, ...]:
    gaps = answer.timing.gaps
    # the least and the sum show it of all of them; one call for each gap of a long stream would cost ten times as much
    if not gaps or (min(gaps) >= 0 and isfinite(sum(gaps))):
        return tuple(gaps)
    return tuple(gap for gap in gaps if sane(gap))


def _code(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return exchange.failure.kind.value
    if exchange.response is None:
        return OTHER
    if exchange.response.status == SWITCHED:
        return f"{SWITCHED}"
    label = f"{exchange.response.status // 100}xx"
    return label if label in CLASSES else OTHER


def _error(answer: ParsedResponse) -> str:
    """The class of an answer that is an error, or `no_answer`; "" when it is none, or when its end was not the provider's."""
    failure = answer.exchange.failure
    if answer.error is None and (failure is None or failure.kind in NOT_THEIRS):
        return ""
    return "" if (kind := response_class(answer)) == ANSWERED else kind
