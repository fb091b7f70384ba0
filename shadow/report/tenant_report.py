"""The figures of one tenant: requests, times and money. A verdict is about a provider, from all tenants' evidence together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from statistics import median

from proxy.exchange import Role
from shadow.drift.paired_latency import quantile
from shadow.findings.number_words import number_of
from shadow.pricing.price_list import PriceList
from shadow.report.budget_lines import BudgetLine
from shadow.report.money_lines import MoneyLine, lines_of, money_name, with_a_cost
from shadow.report.row_sampling import RowSampling, row_sampling
from shadow.verdict.phrases import moment
from storage.store import Reader

SCHEMA = "sameweights.tenant/1"
NEWEST = 10_000
"""Answers whose times are read."""
NO_VERDICT = "Verdicts are about providers, from the pairs of all tenants together: sameweights report has them."


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantTraffic:
    """Live requests of the tenant to one provider."""

    provider: str
    requests: int
    failures: int
    errors: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantTimes:
    """Times of the tenant's live answers of one provider, in seconds."""

    provider: str
    measure: str
    answers: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantReport:
    """The figures of one tenant from `since` to `until` (epoch seconds)."""

    tenant: str
    since: float
    until: float
    traffic: tuple[TenantTraffic, ...]
    times: tuple[TenantTimes, ...]
    money: tuple[MoneyLine, ...]
    budget: tuple[BudgetLine, ...] = ()
    """Its limits of shadow requests, with what is spent of each in the running period."""
    rows: RowSampling | None = None
    """How the rows of all tenants are sampled, where they are."""


def tenant_report(
    reader: Reader, tenant: str, since: float, until: float, prices: PriceList, *, budget: Iterable[BudgetLine] = ()
) -> TenantReport:
    """The figures of a tenant; of the lines of `budget` its own."""
    found = reader.tenant_records(tenant, since, until, NEWEST)
    traffic: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    for row in found.traffic:
        if row.role == Role.PRIMARY:
            more = (row.requests, row.failures, row.errors, row.prompt_tokens, row.completion_tokens)
            traffic[row.provider] = [one + other for one, other in zip(traffic[row.provider], more, strict=True)]
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for provider, _, _, measure, seconds in found.latencies:
        times[provider, measure].append(seconds)
    return TenantReport(
        tenant=tenant,
        since=since,
        until=until,
        traffic=tuple(_traffic(provider, sums) for provider, sums in sorted(traffic.items())),
        times=tuple(_times(*key, values) for key, values in sorted(times.items())),
        money=lines_of(found.token_sums, prices),
        budget=tuple(line for line in budget if line.tenant == tenant),
        rows=row_sampling(reader, since, until),
    )


def _traffic(provider: str, sums: list[int]) -> TenantTraffic:
    requests, failures, errors, prompt, completion = sums
    return TenantTraffic(
        provider=provider,
        requests=requests,
        failures=failures,
        errors=errors,
        prompt_tokens=prompt,
        completion_tokens=completion,
    )


def _times(provider: str, measure: str, values: list[float]) -> TenantTimes:
    return TenantTimes(provider=provider, measure=measure, answers=len(values), p50=median(values), p95=quantile(values, 0.95))


def tenant_json(report: TenantReport) -> str:
    """The figures as JSON; `verdicts` states where those are."""
    return json.dumps({"schema": SCHEMA, **asdict(report), "verdicts": NO_VERDICT}, indent=2)


def tenant_text(report: TenantReport) -> str:
    """The figures as lines of text."""
    return "\n".join(_lines(report))


def _lines(report: TenantReport) -> Iterator[str]:
    begin = f"from {moment(report.since)} to" if report.since > 0 else "until"
    yield f"tenant {report.tenant}  {begin} {moment(report.until)} UTC"
    if not report.traffic:
        yield "no request in this period"
    for row in report.traffic:
        yield (
            f"{row.provider}: {number_of(row.requests, 'request')}, {row.failures + row.errors:,} failed, "
            f"{row.prompt_tokens:,} prompt tokens, {row.completion_tokens:,} completion tokens"
        )
    for times in report.times:
        name = times.measure.replace("_", " ")
        yield f"{times.provider}: {name} {times.p50:.2f} s (p50), {times.p95:.2f} s (p95), {number_of(times.answers, 'answer')}"
    if report.rows:
        yield f"of all tenants {report.rows.sentence}"
    yield from (f"budget: {line.figures}" for line in report.budget)
    yield from (f"{money_name(line)}: {line.sentence}" for line in with_a_cost(report.money))
    yield NO_VERDICT
