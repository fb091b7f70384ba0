"""Sums of the pairs of one hour, kept as text, and the verdict's figures of a period from any number of such hours and of rows.

A sum is never shown where a pair of its hour, or of the day before, was stored, deleted or judged otherwise since it was made:
each such change is counted by the hour (`HourRow.changes`), and a sum keeps the counts that it was made at.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from storage.evidence_rules import BOTH_COUNT, BOTH_JUDGED, SAME_FAULT
from storage.judgement_rows import CheckVote, ComparedChecks, PayoffSum

HOUR = 3_600
REACH = 86_400
"""Seconds within which a request that comes again does not count for the checks; sums of an hour read so far back."""
SETTLED = 900
"""Seconds after the end of an hour until it is summed: few of its pairs are stored later."""
FORM = crc32(json.dumps([1, BOTH_COUNT, BOTH_JUDGED, SAME_FAULT]).encode())
"""The form of the sums, whose number rises with each change, and the rules by which they count; others are not read."""

Party = tuple[str, str, str]
"""Model, provider, reference."""
PayoffSet = tuple[str, str, str, str, str, str, int]
"""Model, provider, reference, cluster, judgement, payoffs (`signal=payoff,…`), pairs that have all of these."""
VoteRow = tuple[str, str, str, str, str, int, int]
"""Model, provider, reference, cluster, check ("" for a pair of two whole answers), how much more often the provider failed it
than the reference, and how often the reference did.
"""


class HourRow(NamedTuple):
    """One hour that has or had pairs: its number since the epoch, how often these changed, and of its sums, where it has any,
    the changes that they were made at and their form.
    """

    hour: int
    changes: int
    summed_at: int | None = None
    form: int | None = None


class SummedHour(NamedTuple):
    """The sums of one hour, in the order of their columns."""

    hour: int
    changes: int
    form: int
    payoffs: str
    votes: str


class HourPlan(NamedTuple):
    """How a period is read: the `hours` whose sums are read, and the (begin, end) of what is read from rows, in order."""

    hours: Sequence[int]
    rows: Sequence[tuple[float, float]]


def changes_of(rows: Sequence[HourRow]) -> Mapping[int, int]:
    """Of each hour the changes that its sums depend on: its own and those of the day before; rows are in order."""
    found: dict[int, int] = {}
    total, oldest = 0, 0
    for row in rows:
        total += row.changes
        while rows[oldest].hour < row.hour - REACH // HOUR:
            total -= rows[oldest].changes
            oldest += 1
        found[row.hour] = total
    return found


def unsummed(rows: Sequence[HourRow], newest: float) -> Sequence[int]:
    """The hours without sums that hold, newest first; `newest` is when the last pair started (epoch seconds)."""
    changes = changes_of(rows)
    ended = [row for row in rows if (row.hour + 1) * HOUR + SETTLED <= newest]
    return [row.hour for row in reversed(ended) if not _holds(row, changes)]


def first_kept(before: float, oldest: float | None) -> int:
    """The first hour whose changes are kept: two days before what is kept since `before`, and before the `oldest` pair, where
    there is one (epoch seconds). Sums of a day from there on go too: they depend on changes that are no longer known.
    """
    return int(min(before, before if oldest is None else oldest) // HOUR) - 2 * REACH // HOUR


def hour_plan(rows: Sequence[HourRow], since: float, until: float, first: float) -> HourPlan:
    """How the period from `since` to `until` (epoch seconds) is read: whole hours from `first` on by sums that hold, and rows.

    `rows` holds every hour that has pairs, from a day before `since` on: no others are read.
    """
    changes = changes_of(rows)
    hours: list[int] = []
    stretches: list[tuple[float, float]] = []
    open_ = False
    for row in rows:
        begin, end = max(since, row.hour * HOUR), min(until, (row.hour + 1) * HOUR)
        if begin >= end:
            continue
        whole = row.hour * HOUR >= first and end == (row.hour + 1) * HOUR
        if whole and _holds(row, changes):
            hours.append(row.hour)
            open_ = False
            continue
        stretches.append((stretches.pop()[0] if open_ else begin, end))
        open_ = True
    return HourPlan(hours, stretches)


def _holds(row: HourRow, changes: Mapping[int, int]) -> bool:
    return row.form == FORM and row.summed_at == changes[row.hour]


def in_slices(
    hours: Iterable[int],
    sums_of: Callable[[int], SummedHour | None],
    write: Callable[[Sequence[SummedHour]], object],
    clock: Callable[[], float],
    seconds: float,
) -> int:
    """Sum hours and write them a day's at a time, until `seconds` of `clock` have passed; how many."""
    end = clock() + seconds
    waiting = iter(hours)
    done = 0
    while clock() < end and (sums := _slice(waiting, sums_of, clock, end)):
        write(sums)
        done += len(sums)
    return done


def _slice(
    hours: Iterator[int], sums_of: Callable[[int], SummedHour | None], clock: Callable[[], float], end: float
) -> Sequence[SummedHour]:
    """The sums of the next hours: of a day's at most, and of none that begins after `end`."""
    found: list[SummedHour] = []
    for hour in itertools.islice(hours, REACH // HOUR):
        if sums := sums_of(hour):
            found.append(sums)
        if clock() >= end:
            break
    return found


class PayoffTotals:
    """Payoffs by cluster: each has so many pairs with the same judgement and the same payoffs (`signal=payoff,…`)."""

    def __init__(self) -> None:
        self._sets: dict[tuple[str, str], int] = {}
        self._parties: dict[Party, dict[str, dict[int, int]]] = defaultdict(dict)

    def __repr__(self) -> str:
        return f"<PayoffTotals of {sum(map(len, self._parties.values()))} clusters>"

    def add_rows(self, rows: Iterable[PayoffSet]) -> None:
        """Add what was read from rows."""
        for model, provider, reference, cluster, judgement, payoffs, pairs in rows:
            if payoffs:
                number = self._sets.setdefault((judgement, payoffs), len(self._sets))
                found = self._parties[model, provider, reference].setdefault(cluster, {})
                found[number] = found.get(number, 0) + pairs

    def add_text(self, text: str) -> None:
        """Add what `text` of another one returned."""
        sets, parties = json.loads(text)
        numbers = [self._sets.setdefault((judgement, payoffs), len(self._sets)) for judgement, payoffs in sets]
        for model, provider, reference, clusters in parties:
            known = self._parties[model, provider, reference]
            for cluster, counts in clusters.items():
                found = known.setdefault(cluster, {})
                for place in range(0, len(counts), 2):
                    number = numbers[counts[place]]
                    found[number] = found.get(number, 0) + counts[place + 1]

    def text(self) -> str:
        """All of it as text, which names the clusters."""
        parties = [
            [*party, {cluster: [*_flat(found)] for cluster, found in clusters.items()}]
            for party, clusters in self._parties.items()
        ]
        return json.dumps([[*self._sets], parties], separators=(",", ":"))

    def sums(self) -> Sequence[PayoffSum]:
        """The payoffs summed by cluster, signal and judgement; clusters that are alike have one sum of each for all of them."""
        sets = [*self._sets]
        rows: list[PayoffSum] = []
        cluster = 0
        for (model, provider, reference), clusters in self._parties.items():
            for found, alike in Counter(frozenset(found.items()) for found in clusters.values()).items():
                cluster += 1
                for (judgement, signal), (pairs, plus, minus) in _signals(sets, found).items():
                    rows.append(
                        PayoffSum(
                            model=model,
                            provider=provider,
                            reference=reference,
                            signal=signal,
                            cluster=cluster,
                            judgement=judgement,
                            pairs=pairs,
                            plus=plus,
                            minus=minus,
                            clusters=alike,
                        )
                    )
        return rows


def _flat(counts: Mapping[int, int]) -> Iterator[int]:
    for number, pairs in counts.items():
        yield number
        yield pairs


def _signals(sets: Sequence[tuple[str, str]], counts: Iterable[tuple[int, int]]) -> Mapping[tuple[str, str], Sequence[int]]:
    """(pairs, plus, minus) of one cluster by judgement and signal."""
    sums: dict[tuple[str, str], list[int]] = {}
    for number, pairs in counts:
        judgement, payoffs = sets[number]
        for signal, payoff in _payoffs(payoffs):
            found = sums.setdefault((judgement, signal), [0, 0, 0])
            found[0] += pairs
            found[1] += pairs if payoff > 0 else 0
            found[2] += pairs if payoff < 0 else 0
    return sums


@lru_cache(4_096)
def _payoffs(packed: str) -> tuple[tuple[str, int], ...]:
    """The payoffs of a pair by signal, out of `signal=payoff,…`."""
    found = (one.partition("=") for one in packed.split(","))
    return tuple((signal, int(payoff)) for signal, _, payoff in found)


class VoteTotals:
    """The clusters that were compared, and of each check that one of their answers failed: how much more often the provider
    failed it than the reference, and how often the reference did.
    """

    def __init__(self) -> None:
        self._clusters: dict[Party, set[str]] = defaultdict(set)
        self._votes: dict[Party, dict[str, dict[str, tuple[int, int]]]] = defaultdict(lambda: defaultdict(dict))

    def __repr__(self) -> str:
        return f"<VoteTotals of {sum(map(len, self._clusters.values()))} clusters>"

    def add_rows(self, rows: Iterable[VoteRow]) -> None:
        """Add what was read from rows."""
        for model, provider, reference, cluster, check, worse, beside in rows:
            party = model, provider, reference
            self._clusters[party].add(cluster)
            if check:
                self._add(self._votes[party][check], cluster, worse, beside)

    def add_text(self, text: str) -> None:
        """Add what `text` of another one returned."""
        for model, provider, reference, clusters, checks in json.loads(text):
            party = model, provider, reference
            self._clusters[party].update(clusters)
            for check, votes in checks.items():
                known = self._votes[party][check]
                for cluster, (worse, beside) in votes.items():
                    self._add(known, cluster, worse, beside)

    def _add(self, votes: dict[str, tuple[int, int]], cluster: str, worse: int, beside: int) -> None:
        before = votes.get(cluster, (0, 0))
        votes[cluster] = before[0] + worse, before[1] + beside

    def text(self) -> str:
        """All of it as text, which names the clusters."""
        parties = [[*party, sorted(clusters), self._votes.get(party, {})] for party, clusters in self._clusters.items()]
        return json.dumps(parties, separators=(",", ":"))

    def compared(self) -> Sequence[ComparedChecks]:
        """The votes of all clusters, by model, provider and reference in their order."""
        return [
            ComparedChecks(
                model=party[0],
                provider=party[1],
                reference=party[2],
                conversations=len(clusters),
                votes=tuple(_vote(check, votes.values()) for check, votes in sorted(self._votes.get(party, {}).items())),
            )
            for party, clusters in sorted(self._clusters.items())
        ]


def _vote(check: str, votes: Iterable[tuple[int, int]]) -> CheckVote:
    found = list(votes)
    return CheckVote(
        signal=check,
        plus=sum(worse > 0 for worse, _ in found),
        minus=sum(worse < 0 for worse, _ in found),
        alone=sum(worse > 0 and beside == 0 for worse, beside in found),
    )
