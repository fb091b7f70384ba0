"""The keys of the rollups: which row of sums a finding counts in, and which stretches of ten minutes a period covers whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil

from storage.rows import ExchangeRecord, PairRecord

STRETCH = 600
Key = tuple[int, str, str, str, str, str, str, str, str]
"""(begin of the stretch, route, model, provider, reference, comparison, signal, state, control_reason)."""
Passed = tuple[int, str, str, str, str, tuple[str, ...]]
"""(begin of the stretch, route, model, provider, reference, names of the checks that matched)."""

SUMS = ("requests", "asked", "failures", "errors", "prompt_tokens", "completion_tokens")
TOKEN_SUMS = (
    *("answers", "fresh", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "uncertain"),
    "cost",
)
"""Columns of the sums of tokens by class, in the order of `TokenSum`."""
DAY = 86_400
CREDIBLE = 1_000_000_000
"""Most tokens counted for one answer, because the sum of what providers report must fit an SQLite integer."""


def keys(record: ExchangeRecord | PairRecord) -> Sequence[Key]:
    """The rollup row of each finding of one record, without those of a pair's own exchanges."""
    if not record.findings:
        return ()
    about, reason = (record.pair, record.pair.control_reason) if isinstance(record, PairRecord) else (record.exchange, "")
    began = int(about.started // STRETCH) * STRETCH
    group = (began, about.route, about.model, about.provider, about.reference)
    return [(*group, found.comparison, found.signal, found.state, reason) for found in record.findings]


def passed(record: ExchangeRecord) -> Passed | None:
    """The rollup rows of the checks that matched, as one; None without any."""
    about = record.exchange
    if not record.passed:
        return None
    began = int(about.started // STRETCH) * STRETCH
    return began, about.route, about.model, about.provider, about.reference, record.passed


def expanded(sets: Mapping[Passed, int]) -> Counter[Key]:
    """The counts of sets of checks that matched, by rollup row."""
    counts: Counter[Key] = Counter()
    for (began, route, model, provider, reference, names), times in sets.items():
        for name in names:
            counts[began, route, model, provider, reference, "check", name, "match", ""] += times
    return counts


def whole_stretches(since: float, until: float) -> tuple[int, int]:
    """The whole stretches of a period: from the first's begin to the last's end, the same where there is none."""
    first, last = ceil(since / STRETCH) * STRETCH, int(min(until, 1e15) // STRETCH) * STRETCH
    return first, max(first, last)


def period(since: float, until: float) -> dict[str, float]:
    """The parameters of the queries of traffic: the whole stretches of a period, and the remainders at its two ends.

    From `begun` to `until` begin the stretches of exchanges without a row, the one that `since` falls in among them.
    """
    first, last = whole_stretches(since, until)
    head, tail = (first, last) if first < last else (until, until)
    return {"since": since, "until": until, "first": first, "last": last, "head": head, "tail": tail, "begun": begun(since)}


def begun(since: float) -> int:
    """The begin of the stretch that a moment falls in."""
    return int(since // STRETCH) * STRETCH
