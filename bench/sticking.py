"""Shows that an equal provider is not reported different when disagreement clusters in whole conversations.

    python bench/sticking.py               100 reports a cell, about two minutes
    python bench/sticking.py --reports 1000

Provider and reference are alike; each has conversations of its own in which it is the odd one in every pair, by signal. Every
report has one provider and fourteen signals, its rows come from the product's own functions, and so does the verdict. Bar: not
more than one report in twenty differs, the level of the report, and chance in so few reports (three standard errors). Seeded;
the exit code is 1 when a cell misses it.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.power import LONGEST, signal_evidence
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.excess_estimates import ClusterSum, GroupKey, discoveries, table
from shadow.verdict.evidence import Evidence, PeriodCoverage
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import VerdictWord

CONVERSATIONS = (12, 20, 30, 45, 50, 70, 100, 200)
SHAPES = ((3, 0.2), (8, 0.1), (8, 0.3), (8, 0.6))
"""Mean pairs of a conversation, and the share of conversations that one of the two is the odd one in."""
LEVEL = 0.05
GROUP = GroupKey("", "m", "p", "r")


@dataclass(frozen=True, slots=True)
class Cell:
    conversations: int
    talk: int
    odd: float


def cells() -> Iterator[Cell]:
    for conversations in CONVERSATIONS:
        for talk, odd in SHAPES:
            yield Cell(conversations, talk, odd)


def report(draw: random.Random, cell: Cell) -> bool:
    """Whether an equal provider differs in one drawn report."""
    sizes = [_size(draw, cell.talk) for _ in range(cell.conversations)]
    scores = table(_sum(draw, cell, signal, place, size) for signal in DriftSignal for place, size in enumerate(sizes))
    pairs = sum(sizes)
    evidence = Evidence(
        provider="p",
        model="m",
        reference="r",
        coverage=PeriodCoverage(requests=pairs, asked=pairs, compared=pairs),
        signals=tuple(map(signal_evidence, scores)),
        discovered=bool(discoveries(scores)),
    )
    return decide(evidence).word is VerdictWord.DIFFERS


def _size(draw: random.Random, talk: int) -> int:
    size = 1
    while size < LONGEST and draw.random() < 1 - 1 / talk:
        size += 1
    return size


def _sum(draw: random.Random, cell: Cell, signal: DriftSignal, place: int, size: int) -> ClusterSum:
    luck = draw.random()
    plus, minus = luck < cell.odd / 2, cell.odd / 2 <= luck < cell.odd
    return ClusterSum(group=GROUP, signal=signal.value, cluster=place, pairs=size, plus=size * plus, minus=size * minus)


def share(reports: int, cell: Cell) -> float:
    """Of so many reports, those in which the equal provider differs."""
    draw = random.Random(f"sticking {cell}")
    return sum(report(draw, cell) for _ in range(reports)) / reports


def bar(reports: int) -> float:
    return LEVEL + 3 * sqrt(LEVEL * (1 - LEVEL) / reports)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    drawn = list(cells())
    with ProcessPoolExecutor(asked.jobs) as pool:
        found = list(pool.map(partial(share, asked.reports), drawn))
    print("| conversations | mean pairs | odd conversations | reports that differ |\n|---|---|---|---|")
    for cell, differ in zip(drawn, found, strict=True):
        print(f"| {cell.conversations} | {cell.talk} | {cell.odd:g} | {differ:.3f} |")
    mean, worst = sum(found) / len(found), max(found)
    fine = worst <= bar(asked.reports) and mean <= LEVEL
    print(f"\nmean {mean:.3f} (bar {LEVEL}), worst {worst:.3f} (bar {bar(asked.reports):.3f}): {'met' if fine else 'MISSED'}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
