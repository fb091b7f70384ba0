"""Builds the report of a period from the store (`build`) and formats it (`as_text`, `as_json`).

The verdicts are those of `shadow.verdict.verdict_rule`; latency never enters them.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from typing import TypeVar

from shadow.drift.admission import counts
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.excess_estimates import ClusterSum, EffectEstimate, GroupKey, discoveries, group_evidence, table
from shadow.pricing.price_list import PriceList
from shadow.report.check_rates import CheckVoteTotals, check_lines
from shadow.report.count_lines import CountLine, count_lines, pooled_standings
from shadow.report.count_money import with_money
from shadow.report.count_notes import with_counts
from shadow.report.drift_lines import of_providers
from shadow.report.figures import Report, Scorecard, TrafficFigures
from shadow.report.identity_lines import greedy_lines, identity_changes, segment_lines, template_lines
from shadow.report.latency_lines import latency_lines, pace_lines
from shadow.report.money_lines import money_lines
from shadow.report.period_records import PeriodRecords, read_records
from shadow.report.provider_card import Key, ScorecardSource, card_keys, make_card, worst_first
from shadow.report.reference_lines import reference_lines
from shadow.report.reference_refusals import provider_refusals, refusing_reference_lines
from shadow.report.report_text import render
from shadow.report.router_text import with_router
from shadow.report.stream_faults import stream_lines
from shadow.report.trigger_figures import trigger_figures
from shadow.report.unheld_requests import unheld_shortfalls
from shadow.verdict.phrases import rfc3339
from storage.judgement_rows import PayoffSum
from storage.rows import SignalCount, TrafficCount
from storage.store import Reader

T = TypeVar("T")
SCHEMA = "sameweights.report/2"


def build(reader: Reader, since: float, until: float, prices: PriceList | None = None) -> Report:
    """The report of the period from `since` to `until` (seconds since the epoch), its money by `prices`."""
    records = read_records(reader, since, until)
    return replace(
        verdicts_of(records),
        latency=latency_lines(reader, since, until),
        templates=template_lines(reader, since, until),
        segments=segment_lines(reader, since, until),
        streaming=stream_lines(reader, since, until),
        token_counts=_token_counts(reader, records, prices),
        greedy=greedy_lines(records.counts),
        paces=pace_lines(reader),
        money=money_lines(reader, prices or PriceList({}), since, until),
    )


def _token_counts(reader: Reader, records: PeriodRecords, prices: PriceList | None) -> tuple[CountLine, ...]:
    lines = count_lines(reader, records.drift, records.since, records.until)
    if prices is None or not any(line.share for line in lines):
        return lines
    begin = max(records.since, reader.extent()[1])
    return with_money(lines, reader.token_sums(records.since, records.until), prices, begin, records.until)


def build_verdicts(reader: Reader, since: float, until: float) -> Report:
    """The verdicts of the period with their cards alone: what the short faces need, in a fraction of the time of `build`."""
    return verdicts_of(read_records(reader, since, until))


def scorecards(reader: Reader, since: float, until: float) -> tuple[Scorecard, ...]:
    """The scorecards of a period alone, the worst verdict first, as the report of that period has them."""
    return build_verdicts(reader, since, until).cards


def verdicts_of(records: PeriodRecords) -> Report:
    """The verdicts that the records of a period give."""
    cards = _cards(records)
    return Report(
        since=records.since,
        until=records.until,
        cards=cards,
        latency=(),
        traffic=tuple(_traffic(records.traffic)),
        identities=records.identities,
        drifting=records.drift,
        routers=records.routers,
        rows=records.rows,
        references=(*refusing_reference_lines(cards), *reference_lines(cards, records.drift)),
    )


def _cards(records: PeriodRecords) -> tuple[Scorecard, ...]:
    scores, reasons = _scores(records.sums), _reasons(records.reasons)
    triggers = trigger_figures(records.endings)
    paired = CheckVoteTotals(records.compared)
    evidence, found = _evidence(scores)
    refused = provider_refusals(records.ended)
    unheld = unheld_shortfalls(records.unread)
    drift = of_providers(records.drift)
    # by model, because clients choose the names of models, and each card would read the rows of all of them
    counted = _grouped(records.counts, lambda one: (one.group.provider, one.group.model))
    traffic = _grouped(records.traffic, lambda row: (row.provider, row.model))
    alarms = _grouped(drift, lambda line: (line.provider, line.model))
    sources = [
        ScorecardSource(
            key=key,
            scores=scores[key],
            checks=check_lines(_of_both(counted, key), paired, key),
            reasons=reasons[key],
            drift=tuple(line for line in alarms[key[:2]] if line.reference == key[2]),
            identity_changed=identity_changes(records.identities, key),
            log_e=evidence.get(key),
            discovered=key in found,
            triggering=triggers.get(key),
            refusal=refused.get(key[:2], ""),
            unheld=unheld.get(key[:2], ()),
        )
        for key in card_keys(list(scores), records.counts, records.traffic, drift, records.ended)
    ]
    cards = (make_card(source, counted[source.key[:2]], traffic[source.key[:2]]) for source in sources)
    noted = (with_router(card, records.routers, records.until) for card in cards)
    standings = pooled_standings(records.drift)
    return tuple(sorted((with_counts(card, standings) for card in noted), key=worst_first))


def _grouped(rows: Iterable[T], key: Callable[[T], tuple[str, str]]) -> Mapping[tuple[str, str], Sequence[T]]:
    """The rows by provider and model, in their order; a key without rows has none."""
    found: defaultdict[tuple[str, str], list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _of_both(counted: Mapping[tuple[str, str], Sequence[SignalCount]], key: Key) -> Sequence[SignalCount]:
    """The counts of a provider and those of its reference, of one model."""
    provider, model, reference = key
    return [one for name in dict.fromkeys((provider, reference)) for one in counted[name, model]]


def as_json(report: Report) -> str:
    """The report as JSON with the keys of `figures.py`; None becomes null."""
    tables = asdict(report)
    for columns, card in zip(tables["cards"], report.cards, strict=True):
        for line, check in zip(columns["checks"], card.checks, strict=True):
            line |= {"rate": check.rate, "reference_rate": check.reference_rate}
    _add_times(tables)
    document = {"schema": SCHEMA, "drift": report.drifted, "measured": report.measured, **tables}
    return json.dumps(document, indent=2, allow_nan=False)


REPORT_MOMENTS = ("since", "until", "earliest", "latest")
"""Members in seconds since the epoch; beside each stands `NAME_time`, the same in RFC 3339."""


def _add_times(value: object) -> None:
    """Add the moments of an object, and of all that are in it, in RFC 3339."""
    if isinstance(value, dict):
        for name in REPORT_MOMENTS:
            if name in value and (value[name] is None or isinstance(value[name], float)):
                value[f"{name}_time"] = rfc3339(value[name])
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        _add_times(below)


def as_text(report: Report, *, width: int = 100, color: bool = False, brief: bool = False) -> str:
    """The report for a terminal of `width` columns, verdicts first; `brief` omits the long tables."""
    return render(report, width=width, color=color, brief=brief)


def _scores(found: Iterable[PayoffSum]) -> dict[Key, Sequence[EffectEstimate]]:
    """The effect estimates of each card; as in the detector, agreement does not count where the reference caches."""
    # each is known after the first of its kind, because there may be a sum for each conversation and signal
    group = lru_cache(partial(GroupKey, ""))
    counted = lru_cache(lambda judgement, signal: counts(judgement, agreement=signal in AGREEMENT))
    sums = [
        ClusterSum(
            group=group(one.model, one.provider, one.reference),
            signal=one.signal,
            cluster=one.cluster,
            pairs=one.pairs,
            plus=one.plus,
            minus=one.minus,
            clusters=one.clusters,
        )
        for one in found
        if counted(one.judgement, one.signal)
    ]
    scored: dict[Key, list[EffectEstimate]] = defaultdict(list)
    for score in table(sums):
        scored[_pooled(score.group)].append(score)
    return defaultdict(tuple, scored)


def _pooled(group: GroupKey) -> Key:
    return group.provider, group.model, group.reference


def _evidence(scores: Mapping[Key, Sequence[EffectEstimate]]) -> tuple[Mapping[Key, float], frozenset[Key]]:
    """The logarithm of each card's e-value, and the cards that differ by it."""
    every = [score for found in scores.values() for score in found]
    return {_pooled(group): log for group, log in group_evidence(every).items()}, frozenset(map(_pooled, discoveries(every)))


def _reasons(rows: Iterable[tuple[str, str, str, str, int]]) -> Mapping[Key, Mapping[str, int]]:
    found: dict[Key, Counter[str]] = defaultdict(Counter)
    for provider, model, reference, reason, pairs in rows:
        found[provider, model, reference][reason] += pairs
    return found


def _traffic(rows: Iterable[TrafficCount]) -> Iterable[TrafficFigures]:
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for name in ("requests", "failures", "errors", "prompt_tokens", "completion_tokens"):
            sums[row.provider, row.role][name] += getattr(row, name)
    for (provider, role), total in sorted(sums.items()):
        yield TrafficFigures(
            provider=provider,
            role=role,
            requests=total["requests"],
            failures=total["failures"],
            errors=total["errors"],
            prompt_tokens=total["prompt_tokens"],
            completion_tokens=total["completion_tokens"],
        )
