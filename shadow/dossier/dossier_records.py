"""What a dossier holds of a period: everything that the verdicts about one provider depend on, the others without their names.

The corrections for many tests (Holm, e-BH) look at every row of the report. Of the other providers a dossier therefore has the
counts that these corrections need, as numbered rows without a name; so the verdicts come out as in the report of that period.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from shadow.privacy.withheld_words import LEFT_OUT, without_quotes
from shadow.report.drift_lines import DriftLine
from shadow.report.period_records import PeriodRecords
from shadow.report.row_sampling import RowSampling
from storage.judgement_rows import ComparedChecks, CountedPairRow, PairFinishReasons, PayoffSum
from storage.rows import SignalCount

OTHER = "other-{}"
ANOTHER = "another provider"
"""In place of the name of another provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSums:
    """Of an unnamed provider: in how many `clusters` one signal has these sums."""

    other: str
    signal: str
    judgement: str
    pairs: int
    plus: int
    minus: int
    clusters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPair:
    """One pair of the dossier's provider; `cluster` numbers its conversation, `counts` is "" or why parts of it do not count."""

    id: str
    started: float
    route: str
    model: str
    reference: str
    cluster: int
    control: str
    comparable: str
    counts: str
    payoffs: Mapping[str, int]
    cross: Mapping[str, str]
    own: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierRecords:
    """The records of one provider: those of the period without the payoffs, its pairs, and the sums of the others."""

    provider: str
    period: PeriodRecords
    pairs: tuple[CountedPair, ...]
    others: tuple[OtherSums, ...]


def dossier_records(
    provider: str, period: PeriodRecords, pairs: Iterable[CountedPairRow], sampling: RowSampling | None = None
) -> DossierRecords:
    """The records of one provider out of those of a whole period; `sampling` is how its own rows are sampled."""
    clusters: dict[tuple[str, str, str], int] = {}
    numbered = count()
    rows = tuple(pairs)
    scored = frozenset(signal for row in rows for signal in row.payoffs)
    counted = tuple(_counted(row, scored, clusters, numbered) for row in rows)
    sides = _sides(provider, period, counted)
    others = _others(provider, period)
    names = _names(period) - sides
    own = replace(
        period,
        counts=tuple(_unrouted(row, provider, names) for row in period.counts if row.group.provider in sides),
        traffic=tuple(row for row in period.traffic if row.provider in sides),
        drift=tuple(_without_names(line, names) for line in period.drift if line.provider == provider),
        identities=tuple(line for line in period.identities if line.provider in sides),
        sums=(),
        reasons=tuple(row for row in period.reasons if row[0] == provider),
        endings=tuple(_unnamed(row, clusters, numbered) for row in period.endings if row.group.provider == provider),
        compared=tuple(_compared(row, provider, others) for row in period.compared),
        ended=tuple(row for row in period.ended if row[0] == provider),
        unread=tuple(row for row in period.unread if row[0] == provider),
        routers=tuple(line for line in period.routers if line.provider == provider),
        rows=sampling,
    )
    return DossierRecords(provider=provider, period=own, pairs=counted, others=tuple(_histogram(period.sums, provider, others)))


def whole_period(found: DossierRecords) -> PeriodRecords:
    """The records of the period with the payoffs again, those of the pairs and those of the others."""
    return replace(found.period, sums=(*_own_sums(found), *_other_sums(found.others)))


def without_words(found: DossierRecords) -> DossierRecords:
    """The records without the words of answers, which reasons of not comparing quote."""
    reasons: Counter[tuple[str, str, str, str]] = Counter()
    for *key, reason, number in found.period.reasons:
        reasons[key[0], key[1], key[2], without_quotes(reason, LEFT_OUT)] += number
    period = replace(found.period, reasons=tuple((*key, number) for key, number in reasons.items()))
    pairs = tuple(replace(pair, comparable=without_quotes(pair.comparable, LEFT_OUT)) for pair in found.pairs)
    return replace(found, period=period, pairs=pairs)


def _sides(provider: str, period: PeriodRecords, pairs: Iterable[CountedPair]) -> frozenset[str]:
    """The provider and the references that it is or was compared with, "" among them where it has none."""
    counted = (row.group.reference for row in period.counts if row.group.provider == provider)
    judged = (line.reference for line in period.drift if line.provider == provider)
    return frozenset({provider, *counted, *judged, *(pair.reference for pair in pairs)})


def _names(period: PeriodRecords) -> frozenset[str]:
    """Every provider and reference that the records name; drift states are also of those without a request in the period."""
    named = {name for row in period.counts for name in (row.group.provider, row.group.reference)}
    named |= {name for line in period.drift for name in (line.provider, line.reference, line.by)}
    named |= {row.provider for row in period.traffic}
    named |= {line.provider for line in period.identities}
    named |= {one.provider for one in period.sums}
    return frozenset(named - {""})


def _unrouted(row: SignalCount, provider: str, names: Collection[str]) -> SignalCount:
    """The count, that of a reference without its own reference and its route, which may be named for other providers."""
    if row.group.provider == provider:
        return row
    reference = ANOTHER if row.group.reference in names else row.group.reference
    return replace(row, group=replace(row.group, route="", reference=reference))


def _without_names(line: DriftLine, names: Collection[str]) -> DriftLine:
    """The line without the names of other providers, which its reasons quote."""
    if not names:
        return line
    others = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?!\w)")
    texts = (line.why, line.blame_why, line.sentence, line.by, *line.facts)
    why, blame_why, sentence, by, *facts = (others.sub(ANOTHER, text) for text in texts)
    return replace(line, why=why, blame_why=blame_why, sentence=sentence, by=by, facts=tuple(facts))


def _counted(
    row: CountedPairRow, scored: Collection[str], clusters: dict[tuple[str, str, str], int], numbered: Iterator[int]
) -> CountedPair:
    return CountedPair(
        id=row.id,
        started=row.started,
        route=row.group.route,
        model=row.group.model,
        reference=row.group.reference,
        cluster=_number(clusters, (row.group.model, row.group.reference, row.cluster), numbered),
        control=row.control_reason,
        comparable=row.comparable,
        counts=row.judgement,
        payoffs=row.payoffs,
        cross={signal: row.cross[signal] for signal in row.cross if signal in scored},
        own={signal: row.own[signal] for signal in row.own if signal in scored},
    )


def _number(clusters: dict[tuple[str, str, str], int], key: tuple[str, str, str], numbered: Iterator[int]) -> int:
    """The number of a cluster, the same for each of its pairs: ids of conversations are the application's own."""
    if key not in clusters:
        clusters[key] = next(numbered)
    return clusters[key]


def _unnamed(row: PairFinishReasons, clusters: dict[tuple[str, str, str], int], numbered: Iterator[int]) -> PairFinishReasons:
    number = _number(clusters, (row.group.model, row.group.reference, row.conversation), numbered)
    return replace(row, conversation=f"{number}")


def _others(provider: str, period: PeriodRecords) -> Mapping[tuple[str, str, str], str]:
    """A number in place of each other provider, model and reference."""
    keys = {(one.provider, one.model, one.reference) for one in period.sums}
    keys |= {(one.provider, one.model, one.reference) for one in period.compared}
    return {key: OTHER.format(place) for place, key in enumerate(sorted(key for key in keys if key[0] != provider))}


def _compared(row: ComparedChecks, provider: str, others: Mapping[tuple[str, str, str], str]) -> ComparedChecks:
    if row.provider == provider:
        return row
    return replace(row, provider=others[row.provider, row.model, row.reference], model="", reference="")


def _histogram(sums: Sequence[PayoffSum], provider: str, others: Mapping[tuple[str, str, str], str]) -> Iterator[OtherSums]:
    counts: Counter[tuple[str, str, str, int, int, int]] = Counter()
    for one in sums:
        if one.provider != provider:
            other = others[one.provider, one.model, one.reference]
            counts[other, one.signal, one.judgement, one.pairs, one.plus, one.minus] += one.clusters
    for (other, signal, judgement, pairs, plus, minus), clusters in sorted(counts.items()):
        yield OtherSums(other=other, signal=signal, judgement=judgement, pairs=pairs, plus=plus, minus=minus, clusters=clusters)


def _own_sums(found: DossierRecords) -> Iterator[PayoffSum]:
    for pair in found.pairs:
        for signal, payoff in pair.payoffs.items():
            yield PayoffSum(
                model=pair.model,
                provider=found.provider,
                reference=pair.reference,
                signal=signal,
                cluster=pair.cluster,
                judgement=pair.counts,
                pairs=1,
                plus=int(payoff > 0),
                minus=int(payoff < 0),
            )


def _other_sums(others: Iterable[OtherSums]) -> Iterator[PayoffSum]:
    for cluster, one in enumerate(others):
        yield PayoffSum(
            model="",
            provider=one.other,
            reference="",
            signal=one.signal,
            cluster=cluster,
            judgement=one.judgement,
            pairs=one.pairs,
            plus=one.plus,
            minus=one.minus,
            clusters=one.clusters,
        )
