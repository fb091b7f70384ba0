"""Reads each provider's times, with the ratio to its reference's on the same requests, and its pace against its own past.

They enter no verdict: a slow provider may be a faithful one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from shadow.drift.bootstrap import Choose
from shadow.drift.pace import PaceState, restored
from shadow.drift.paired_latency import LatencyRatios, quantile, ratios
from storage.judgement_rows import PairTimes
from storage.measured_times import MEASURES
from storage.store import Reader

NEWEST_LATENCIES = 50_000
NEWEST_PAIRS = 50_000
ENOUGH = 2_000
"""Newest pairs of one provider that its ratios are computed from, because resampling more takes noticeable time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyLine:
    """One measure (`first_chunk`, `first_token`, `seconds`) of one provider in one role, in seconds.

    Over its newest `pairs` with the `reference`, each a ratio to it with a 95 % interval: `ratio` of the medians, `p95_ratio` of
    the 95th percentiles, `paired` the geometric mean of the ratios of each pair. None without pairs, the intervals None for
    fewer than ten blocks of five minutes.
    """

    provider: str
    role: str
    measure: str
    answers: int
    p50: float
    p95: float
    reference: str
    pairs: int = 0
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    p95_ratio: float | None = None
    p95_low: float | None = None
    p95_high: float | None = None
    paired: float | None = None
    paired_low: float | None = None
    paired_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLine:
    """One measure (`first_token`, `token`, `whole_token`) of one provider and model against its own past: its `tempo`, the
    `limit` in seconds that nine of ten answers kept (None while it is learned), `blocks` of five minutes judged, `evidence` (a
    logarithm; the threshold is 0), and while it is slower the date `since` and the `share` of answers beyond the limit.
    """

    provider: str
    model: str
    measure: str
    tempo: str
    limit: float | None
    blocks: int
    evidence: float
    since: float | None
    share: float | None


def latency_lines(reader: Reader, since: float, until: float) -> tuple[LatencyLine, ...]:
    """The times of each provider's live answers, and of its answers to the audit as a reference."""
    times: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for provider, _, role, measure, seconds in reader.latencies(since, until, NEWEST_LATENCIES):
        if role != "greedy":
            times[provider, "reference" if role in {"shadow", "control"} else "provider", measure].append(seconds)
    compared = _compared(reader.judgements.pair_times(since, until, NEWEST_PAIRS))
    return tuple(
        line
        for (provider, role, measure), values in sorted(times.items())
        for line in _lines(provider, role, measure, values, compared if role == "provider" else {})
    )


def pace_lines(reader: Reader) -> tuple[PaceLine, ...]:
    """The stored paces; an unreadable one is omitted (it is reset at the next answer)."""
    return tuple(_paces(reader))


def _paces(reader: Reader) -> Iterable[PaceLine]:
    for row in reader.judgements.paces():
        try:
            pace = restored(row.snapshot)
        except ValueError:
            continue
        slower = pace.state is PaceState.SLOWER
        yield PaceLine(
            provider=row.provider,
            model=row.model,
            measure=row.measure,
            tempo=pace.state.value,
            limit=pace.limit or None,
            blocks=pace.blocks,
            evidence=pace.evidence,
            since=pace.since if slower else None,
            share=pace.share if slower else None,
        )


def _compared(found: Iterable[PairTimes]) -> Mapping[tuple[str, str], Mapping[str, LatencyRatios]]:
    """The ratios of each (provider, measure) to each of its references."""
    kept: dict[tuple[str, str], dict[str, list[tuple[float, float, float]]]] = defaultdict(lambda: defaultdict(list))
    for pair in found:
        for measure in MEASURES:
            one, other = getattr(pair, measure)
            here = kept[pair.group.provider, measure][pair.group.reference]
            if one is not None and other is not None and len(here) < ENOUGH:
                here.append((pair.started, one, other))
    return {key: _ratios(references) for key, references in kept.items()}


def _ratios(references: Mapping[str, Sequence[tuple[float, float, float]]]) -> Mapping[str, LatencyRatios]:
    made = {reference: ratios(timed, repeatable_choice("latency")) for reference, timed in references.items()}
    return {reference: found for reference, found in made.items() if found}


def _lines(
    provider: str,
    role: str,
    measure: str,
    values: Sequence[float],
    compared: Mapping[tuple[str, str], Mapping[str, LatencyRatios]],
) -> Iterable[LatencyLine]:
    """One line per reference, or one line without any."""
    for reference, found in sorted(compared.get((provider, measure), {}).items()) or (("", None),):
        yield LatencyLine(
            provider=provider,
            role=role,
            measure=measure,
            answers=len(values),
            p50=median(values),
            p95=quantile(values, 0.95),
            reference=reference,
            pairs=found.pairs if found else 0,
            ratio=found.medians.value if found else None,
            ratio_low=found.medians.low if found else None,
            ratio_high=found.medians.high if found else None,
            p95_ratio=found.p95.value if found else None,
            p95_low=found.p95.low if found else None,
            p95_high=found.p95.high if found else None,
            paired=found.paired.value if found else None,
            paired_low=found.paired.low if found else None,
            paired_high=found.paired.high if found else None,
        )


def repeatable_choice(salt: str) -> Choose:
    """Repeatable draws for resampling, so that a report built again has the same figures."""
    draw = Random(salt)  # noqa: S311 - repeatable draws, no secrets
    return lambda n: draw.choices(range(n), k=n)
