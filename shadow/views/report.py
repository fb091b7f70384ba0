"""A period in words and figures: build() reads it from the store, as_text() and as_json() show it.

A provider with no pairs is "not measured", never clean; latency never enters the verdict.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

from shadow.drift.exclusion import Exclusion
from shadow.drift.scorecard import GroupKey, Score, Sum, Verdict, discoveries, group_evidence, table
from shadow.drift.signals import AGREEMENT
from shadow.views.checking import PairedChecks, check_lines
from shadow.views.drifting import drift_lines
from shadow.views.figures import ASPECT_OF, Card, CheckLine, Gap, Reason, Report, SignalLine, Traffic
from shadow.views.report_text import render
from shadow.views.serving import greedy_lines, identity_lines, segment_lines, template_lines
from shadow.views.streaming import stream_lines
from shadow.views.timing import latency_lines, pace_lines
from shadow.views.verdict import held, verdict
from shadow.views.verifying import trigger_figures
from storage.rows import Group, SignalCount, TrafficCount
from storage.store import Reader

SCHEMA = "sameweights.report/1"

Key = tuple[str, str, str]
"""Provider, model, reference: routes are pooled, since the swap is valid for any mix of them."""


def build(reader: Reader, since: float, until: float) -> Report:
    """The report of the period between two moments (seconds since the epoch)."""
    counts = reader.signal_counts(since, until)
    traffic = reader.traffic(since, until)
    scores = _scores(reader, since, until)
    reasons = _reasons(reader, since, until)
    triggers = trigger_figures(reader, since, until)
    paired = PairedChecks(reader.verdicts.compared_checks(since, until))
    evidence, found = _evidence(scores)
    cards = [
        replace(
            _card(key, counts, scores[key], reasons[key], traffic, checks=check_lines(counts, paired, key)),
            log_e=evidence.get(key),
            discovered=key in found,
            triggering=triggers.get(key),
        )
        for key in _keys(counts, traffic)
    ]
    order = {standing: place for place, standing in enumerate(type(cards[0].standing))} if cards else {}
    return Report(
        since=since,
        until=until,
        cards=tuple(sorted(cards, key=lambda card: (order[card.standing], card.provider, card.model, card.reference))),
        latency=latency_lines(reader, since, until),
        traffic=tuple(_traffic(traffic)),
        identities=identity_lines(reader, since, until),
        templates=template_lines(reader, since, until),
        segments=segment_lines(reader, since, until),
        streaming=stream_lines(reader, since, until),
        greedy=greedy_lines(counts),
        drifting=drift_lines(reader),
        paces=pace_lines(reader),
    )


def as_json(report: Report) -> str:
    """The figures as JSON, keys as in `figures.py`, numbers that are none as null."""
    tables = asdict(report)
    for card, source in zip(tables["cards"], report.cards, strict=True):
        for line, check in zip(card["checks"], source.checks, strict=True):
            line |= {"rate": check.rate, "reference_rate": check.reference_rate}
    return json.dumps({"schema": SCHEMA, "drift": report.drifted, **tables}, indent=2, allow_nan=False)


def as_text(report: Report, *, width: int = 100, color: bool = False, brief: bool = False) -> str:
    """The report for a terminal of `width` columns, the verdict of each provider first; `brief` leaves the long tables out."""
    return render(report, width=width, color=color, brief=brief)


def _scores(reader: Reader, since: float, until: float) -> dict[Key, Sequence[Score]]:
    """What was judged: a reference that was found to cache says nothing by agreement, here as in the detector."""
    sums = [
        Sum(
            group=("", one.model, one.provider, one.reference),
            signal=one.signal,
            cluster=one.cluster,
            pairs=one.pairs,
            plus=one.plus,
            minus=one.minus,
        )
        for one in reader.verdicts.scored(since, until)
        if one.ruling != Exclusion.CACHING_REFERENCE or one.signal not in AGREEMENT
    ]
    found: dict[Key, list[Score]] = defaultdict(list)
    for score in table(sums):
        found[_pooled(score.group)].append(score)
    return defaultdict(tuple, found)


def _pooled(group: GroupKey) -> Key:
    _, model, provider, reference = group
    return provider, model, reference


def _evidence(scores: Mapping[Key, Sequence[Score]]) -> tuple[Mapping[Key, float], frozenset[Key]]:
    """The e-value of each card, as a logarithm, and the cards that differ by it."""
    every = [score for found in scores.values() for score in found]
    return {_pooled(group): log for group, log in group_evidence(every).items()}, frozenset(map(_pooled, discoveries(every)))


def _key(group: Group) -> Key:
    return group.provider, group.model, group.reference


def _keys(counts: Iterable[SignalCount], traffic: Iterable[TrafficCount]) -> list[Key]:
    """Every provider that was compared, and every one that was only asked; a health probe asks for nothing."""
    compared = {_key(count.group) for count in counts if count.comparison == "cross"}
    seen = {(provider, model) for provider, model, _ in compared}
    asked = {(row.provider, row.model, "") for row in traffic if row.role == "primary" and row.asked}
    return sorted(compared | {key for key in asked if key[:2] not in seen})


def _card(
    key: Key,
    counts: Sequence[SignalCount],
    scores: Sequence[Score],
    reasons: Mapping[str, int],
    traffic: Sequence[TrafficCount],
    *,
    checks: tuple[CheckLine, ...],
) -> Card:
    provider, model, reference = key
    own = [count for count in counts if _key(count.group) == key]
    signals = tuple(_signal(score, own) for score in scores)
    pairs = max((_total(own, "cross", aspect) for aspect in {count.aspect for count in own}), default=0)
    standing, sentence = verdict(pairs, signals, checks)
    return Card(
        provider=provider,
        reference=reference,
        model=model,
        pairs=pairs,
        requests=sum(row.asked for row in traffic if (row.provider, row.model, row.role) == (provider, model, "primary")),
        standing=standing,
        sentence=sentence,
        signals=signals,
        checks=checks,
        gaps=tuple(_gaps(own)),
        reasons=tuple(Reason(reason=reason, pairs=number) for reason, number in sorted(reasons.items())),
    )


def _signal(score: Score, counts: Sequence[SignalCount]) -> SignalLine:
    aspect = ASPECT_OF.get(score.signal, score.signal)
    noise = _share(counts, "self", aspect, "random")
    return SignalLine(
        signal=score.signal,
        pairs=score.n,
        mismatch=_share(counts, "cross", aspect),
        noise=_number(score.floor) if noise is None else noise,
        excess=_number(score.excess),
        low=_number(score.low),
        high=_number(score.high),
        p=_number(score.p),
        p_holm=_number(score.p_holm),
        provider_odd=score.provider_odd,
        reference_odd=score.reference_odd,
        smallest=_number(score.smallest_detectable),
        verdict=f"{held(Verdict(score.verdict), score.p_holm)}",
        always_low=_number(score.always_low),
        always_high=_number(score.always_high),
    )


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _total(counts: Iterable[SignalCount], comparison: str, aspect: str, *states: str, control: str | None = None) -> int:
    return sum(
        count.count
        for count in counts
        if (count.comparison, count.aspect) == (comparison, aspect)
        and (not states or count.state in states)
        and control in {None, count.control_reason}
    )


def _share(counts: Sequence[SignalCount], comparison: str, aspect: str, control: str | None = None) -> float | None:
    """Differing over compared; only random controls say what the noise is, since a tie-break is asked because of a difference."""
    differ = _total(counts, comparison, aspect, "differ", control=control)
    compared = differ + _total(counts, comparison, aspect, "match", control=control)
    return differ / compared if compared else None


def _gaps(counts: Sequence[SignalCount]) -> Iterable[Gap]:
    for aspect in sorted({count.aspect for count in counts if count.comparison == "cross"}):
        for state in ("not_comparable", "not_measured"):
            missing = _total(counts, "cross", aspect, state)
            if missing:
                yield Gap(signal=aspect, state=state, pairs=missing, of=_total(counts, "cross", aspect))


def _reasons(reader: Reader, since: float, until: float) -> Mapping[Key, Mapping[str, int]]:
    found: dict[Key, Counter[str]] = defaultdict(Counter)
    for provider, model, reference, reason, pairs in reader.reasons(since, until):
        found[provider, model, reference][reason] += pairs
    return found


def _traffic(rows: Iterable[TrafficCount]) -> Iterable[Traffic]:
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for name in ("requests", "failures", "errors", "prompt_tokens", "completion_tokens"):
            sums[row.provider, row.role][name] += getattr(row, name)
    for (provider, role), total in sorted(sums.items()):
        yield Traffic(
            provider=provider,
            role=role,
            requests=total["requests"],
            failures=total["failures"],
            errors=total["errors"],
            prompt_tokens=total["prompt_tokens"],
            completion_tokens=total["completion_tokens"],
        )
